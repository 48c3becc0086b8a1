"""SQS, SNS, EventBridge, Scheduler, Kinesis. Source: CloudFormation's pages of these services."""

from __future__ import annotations

import json
from collections.abc import Mapping

from labcloud.stacks.types.base import Api, Made, Properties, ResourceType, without, words


def create_queue(api: Api, name: str, properties: Properties) -> Made:
    """AWS::SQS::Queue."""
    url = api("sqs", "CreateQueue", QueueName=name, Attributes=_queue_attributes(properties))["QueueUrl"]
    return Made(url, {"Arn": api.scope.arn("sqs", name), "QueueName": name, "QueueUrl": url})


def update_queue(api: Api, made: Made, before: Properties, now: Properties) -> Made:
    api("sqs", "SetQueueAttributes", QueueUrl=made.physical_id, Attributes=_queue_attributes(without(now, "FifoQueue")))
    return made


def delete_queue(api: Api, made: Made, properties: Properties) -> None:
    api("sqs", "DeleteQueue", QueueUrl=made.physical_id)


def _queue_attributes(properties: Properties) -> dict[str, str]:
    given = without(properties, "QueueName").items()
    return {key: json.dumps(value) if isinstance(value, dict | bool) else str(value) for key, value in given}


def create_queue_policy(api: Api, name: str, properties: Properties) -> Made:
    """AWS::SQS::QueuePolicy."""
    for url in properties["Queues"]:
        api("sqs", "SetQueueAttributes", QueueUrl=url, Attributes={"Policy": json.dumps(properties["PolicyDocument"])})
    return Made(name, {"Id": name})


def update_queue_policy(api: Api, made: Made, before: Properties, now: Properties) -> Made:
    return create_queue_policy(api, made.physical_id, now)


def delete_queue_policy(api: Api, made: Made, properties: Properties) -> None:
    for url in properties["Queues"]:
        api("sqs", "SetQueueAttributes", QueueUrl=url, Attributes={"Policy": ""})


def create_topic(api: Api, name: str, properties: Properties) -> Made:
    """AWS::SNS::Topic."""
    attributes = {"DisplayName": properties["DisplayName"]} if "DisplayName" in properties else {}
    arn = api("sns", "CreateTopic", Name=name, Attributes=attributes)["TopicArn"]
    for subscription in properties.get("Subscription") or ():
        api("sns", "Subscribe", TopicArn=arn, **subscription)
    return Made(arn, {"TopicArn": arn, "TopicName": name})


def delete_topic(api: Api, made: Made, properties: Properties) -> None:
    api("sns", "DeleteTopic", TopicArn=made.physical_id)


def create_subscription(api: Api, name: str, properties: Properties) -> Made:
    """AWS::SNS::Subscription."""
    attributes = {
        key: json.dumps(value) if isinstance(value, dict | bool) else str(value)
        for key, value in without(properties, "TopicArn", "Protocol", "Endpoint").items()
    }
    basics = {key: properties[key] for key in ("TopicArn", "Protocol", "Endpoint") if key in properties}
    arn = api("sns", "Subscribe", **basics, Attributes=attributes, ReturnSubscriptionArn=True)["SubscriptionArn"]
    return Made(arn, {"Arn": arn})


def delete_subscription(api: Api, made: Made, properties: Properties) -> None:
    api("sns", "Unsubscribe", SubscriptionArn=made.physical_id)


def create_topic_policy(api: Api, name: str, properties: Properties) -> Made:
    """AWS::SNS::TopicPolicy."""
    for arn in properties["Topics"]:
        document = json.dumps(properties["PolicyDocument"])
        api("sns", "SetTopicAttributes", TopicArn=arn, AttributeName="Policy", AttributeValue=document)
    return Made(name, {"Id": name})


def keep_topic_policy(api: Api, made: Made, properties: Properties) -> None:
    """CloudFormation leaves the topic its policy."""


def create_rule(api: Api, name: str, properties: Properties) -> Made:
    """AWS::Events::Rule."""
    given = without(properties, "Targets", "Name", "EventPattern")
    if "EventPattern" in properties:
        given["EventPattern"] = json.dumps(properties["EventPattern"])
    arn = api("events", "PutRule", Name=name, **given)["RuleArn"]
    if targets := properties.get("Targets"):
        api("events", "PutTargets", Rule=name, Targets=targets, **_bus(properties))
    return Made(name, {"Arn": arn})


def update_rule(api: Api, made: Made, before: Properties, now: Properties) -> Made:
    _remove_targets(api, made, before)
    return create_rule(api, made.physical_id, now)


def delete_rule(api: Api, made: Made, properties: Properties) -> None:
    _remove_targets(api, made, properties)
    api("events", "DeleteRule", Name=made.physical_id, **_bus(properties))


def _remove_targets(api: Api, made: Made, properties: Properties) -> None:
    identifiers = [target["Id"] for target in properties.get("Targets") or ()]
    if identifiers:
        api("events", "RemoveTargets", Rule=made.physical_id, Ids=identifiers, **_bus(properties))


def _bus(properties: Properties) -> Properties:
    return {"EventBusName": properties["EventBusName"]} if "EventBusName" in properties else {}


def create_schedule(api: Api, name: str, properties: Properties) -> Made:
    """AWS::Scheduler::Schedule."""
    arn = api("scheduler", "CreateSchedule", **{**properties, "Name": name})["ScheduleArn"]
    return Made(name, {"Arn": arn})


def update_schedule(api: Api, made: Made, before: Properties, now: Properties) -> Made:
    api("scheduler", "UpdateSchedule", **{**now, "Name": made.physical_id})
    return made


def delete_schedule(api: Api, made: Made, properties: Properties) -> None:
    group = {"GroupName": properties["GroupName"]} if "GroupName" in properties else {}
    api("scheduler", "DeleteSchedule", Name=made.physical_id, **group)


def create_stream(api: Api, name: str, properties: Properties) -> Made:
    """AWS::Kinesis::Stream."""
    api("kinesis", "CreateStream", StreamName=name, ShardCount=int(properties.get("ShardCount", 1)))
    return Made(name, {"Arn": api.scope.arn("kinesis", f"stream/{name}")})


def delete_stream(api: Api, made: Made, properties: Properties) -> None:
    api("kinesis", "DeleteStream", StreamName=made.physical_id)


_QUEUE = words(
    "VisibilityTimeout MessageRetentionPeriod DelaySeconds ReceiveMessageWaitTimeSeconds MaximumMessageSize RedrivePolicy "
    "ContentBasedDeduplication"
)
_RULE = words("Description EventPattern ScheduleExpression State Targets RoleArn")
_SCHEDULE = words(
    "Description ScheduleExpression ScheduleExpressionTimezone FlexibleTimeWindow Target State StartDate EndDate"
)
MESSAGING: Mapping[str, ResourceType] = {
    "AWS::SQS::Queue": ResourceType(
        create_queue, delete_queue, _QUEUE | words("QueueName FifoQueue"), "QueueName", update_queue, _QUEUE
    ),
    "AWS::SQS::QueuePolicy": ResourceType(
        create_queue_policy,
        delete_queue_policy,
        words("Queues PolicyDocument"),
        None,
        update_queue_policy,
        words("PolicyDocument"),
    ),
    "AWS::SNS::Topic": ResourceType(
        create_topic, delete_topic, words("TopicName DisplayName Subscription"), "TopicName"
    ),
    "AWS::SNS::Subscription": ResourceType(
        create_subscription,
        delete_subscription,
        words("TopicArn Protocol Endpoint RawMessageDelivery FilterPolicy FilterPolicyScope"),
    ),
    "AWS::SNS::TopicPolicy": ResourceType(create_topic_policy, keep_topic_policy, words("Topics PolicyDocument")),
    "AWS::Events::Rule": ResourceType(
        create_rule, delete_rule, _RULE | words("Name EventBusName"), "Name", update_rule, _RULE
    ),
    "AWS::Scheduler::Schedule": ResourceType(
        create_schedule, delete_schedule, _SCHEDULE | words("Name GroupName"), "Name", update_schedule, _SCHEDULE
    ),
    "AWS::Kinesis::Stream": ResourceType(create_stream, delete_stream, words("Name ShardCount"), "Name"),
}
