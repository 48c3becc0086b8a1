"""Rules of EventBridge in a running cloud: schedules, PutEvents, every target, permissions, retries, dead letters."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.running import ACCOUNT, REGION, Lab

HOT = json.dumps({"source": ["house"], "detail": {"temperature": [{"numeric": [">", 30]}]}})


def queue(lab: Lab, name: str, *, let_in: str | None = "events.amazonaws.com") -> str:
    """A queue that EventBridge may send to; its URL is `url_of` its ARN."""
    arn = lab.arn("sqs", name)
    url = lab.sqs.create_queue(QueueName=name)["QueueUrl"]
    if let_in:
        allow = {"Effect": "Allow", "Principal": {"Service": let_in}, "Action": "sqs:SendMessage", "Resource": arn}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        lab.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return arn


def received(lab: Lab, arn: str) -> list[dict[str, Any]]:
    url = lab.sqs.get_queue_url(QueueName=arn.rsplit(":", 1)[-1])["QueueUrl"]
    got = lab.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    return list(got.get("Messages", []))


def bodies(lab: Lab, arn: str) -> list[Any]:
    return [json.loads(message["Body"]) for message in received(lab, arn)]


def rule(lab: Lab, *targets: dict[str, Any], pattern: str = HOT, bus: str = "default") -> str:
    made = lab.events.put_rule(Name="hot", EventPattern=pattern, EventBusName=bus)
    numbered = [{"Id": str(number), **target} for number, target in enumerate(targets)]
    lab.events.put_targets(Rule="hot", EventBusName=bus, Targets=numbered)
    return str(made["RuleArn"])


def put(lab: Lab, temperature: float = 35, **entry: Any) -> dict[str, Any]:
    detail = json.dumps({"temperature": temperature})
    given = {"Source": "house", "DetailType": "reading", "Detail": detail, **entry}
    answer: dict[str, Any] = lab.events.put_events(Entries=[given])
    assert lab.cloud.settle()
    return answer


def test_matching_event_reaches_the_queue_and_others_do_not(lab: Lab) -> None:
    arn = queue(lab, "hot")
    rule(lab, {"Arn": arn})
    answer = put(lab, 35)
    put(lab, 25)
    [event] = bodies(lab, arn)
    assert event["id"] == answer["Entries"][0]["EventId"]
    assert (event["detail-type"], event["account"], event["detail"]) == ("reading", ACCOUNT, {"temperature": 35})


def test_schedule_of_a_rule_reaches_a_queue(lab: Lab) -> None:
    arn = queue(lab, "ticks")
    lab.events.put_rule(Name="tick", ScheduleExpression="rate(5 minutes)")
    lab.events.put_targets(Rule="tick", Targets=[{"Id": "1", "Arn": arn, "InputPath": "$.detail-type"}])
    lab.cloud.clock.advance(610)
    assert bodies(lab, arn) == ["Scheduled Event"] * 2


def test_disabled_rule_gets_nothing(lab: Lab) -> None:
    arn = queue(lab, "hot")
    rule(lab, {"Arn": arn})
    lab.events.disable_rule(Name="hot")
    put(lab)
    assert bodies(lab, arn) == []


def test_own_bus_has_its_own_rules_and_forwards_to_another(lab: Lab) -> None:
    arn = queue(lab, "hot")
    lab.events.create_event_bus(Name="house")
    role = lab.role("forward", "events.amazonaws.com", ("events:PutEvents", "*"))
    rule(lab, {"Arn": arn})
    rule(lab, {"Arn": lab.arn("events", "event-bus/default"), "RoleArn": role}, bus="house")
    put(lab, EventBusName="house")
    [event] = bodies(lab, arn)
    assert event["source"] == "house"


def test_rules_that_lead_in_a_circle_end(lab: Lab) -> None:
    role = lab.role("forward", "events.amazonaws.com", ("events:PutEvents", "*"))
    rule(lab, {"Arn": lab.arn("events", "event-bus/default"), "RoleArn": role})
    assert put(lab)["FailedEntryCount"] == 0


def test_function_needs_a_permission_for_the_rule(lab: Lab) -> None:
    function = lab.function("hot", "def handle(event, context):\n    print('saw', event['detail'])\n")
    rule_arn = rule(lab, {"Arn": function})
    event_id = put(lab)["Entries"][0]["EventId"]
    texts = [step["text"] for step in lab.cloud.trace.of(event_id)["steps"]]
    assert "did not get the event: function hot has no permission for events.amazonaws.com" in texts[0]
    lab.lambda_.add_permission(
        FunctionName="hot",
        StatementId="events",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule_arn,
    )
    put(lab)
    assert any("saw" in line for line in lab.lines_of("/aws/lambda/hot"))


def test_log_group_needs_a_resource_policy_of_cloudwatch_logs(lab: Lab) -> None:
    lab.logs.create_log_group(logGroupName="/events/hot")
    arn = lab.arn("logs", "log-group:/events/hot")
    rule(lab, {"Arn": arn})
    put(lab)
    assert lab.logs.filter_log_events(logGroupName="/events/hot")["events"] == []
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": ["events.amazonaws.com", "delivery.logs.amazonaws.com"]},
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": f"{arn}:*",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    lab.logs.put_resource_policy(policyName="events", policyDocument=document)
    put(lab)
    [line] = lab.lines_of("/events/hot")
    assert json.loads(line)["detail"] == {"temperature": 35}


def test_stream_is_reached_by_the_target_s_role(lab: Lab) -> None:
    lab.kinesis.create_stream(StreamName="hot", ShardCount=1)
    arn = lab.arn("kinesis", "stream/hot")
    role = lab.role("to_stream", "events.amazonaws.com", ("kinesis:PutRecord", arn))
    parameters = {"PartitionKeyPath": "$.source"}
    rule(lab, {"Arn": arn, "RoleArn": role, "KinesisParameters": parameters, "InputPath": "$.detail"})
    put(lab)
    shard = lab.kinesis.describe_stream(StreamName="hot")["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = lab.kinesis.get_shard_iterator(StreamName="hot", ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    [record] = lab.kinesis.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
    assert (record["PartitionKey"], record["Data"]) == ("house", b'{"temperature":35}')


def test_topic_needs_a_policy_for_eventbridge(lab: Lab) -> None:
    dead = queue(lab, "dead")
    topic = lab.sns.create_topic(Name="hot")["TopicArn"]
    rule_arn = rule(lab, {"Arn": topic, "DeadLetterConfig": {"Arn": dead}})
    put(lab)
    [letter] = received(lab, dead)
    said = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert said.pop("ERROR_MESSAGE").startswith(
        f"the policy of {topic} does not let events.amazonaws.com do sns:Publish"
    )
    assert said == {
        "ERROR_CODE": "NO_PERMISSIONS",
        "RETRY_ATTEMPTS": "0",
        "RULE_ARN": rule_arn,
        "TARGET_ARN": topic,
    }
    assert json.loads(letter["Body"])["detail"] == {"temperature": 35}


def test_queue_that_is_gone_is_not_retried(lab: Lab) -> None:
    dead = queue(lab, "dead")
    rule(lab, {"Arn": lab.arn("sqs", "gone"), "DeadLetterConfig": {"Arn": dead}})
    put(lab)
    [letter] = received(lab, dead)
    assert letter["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_RESOURCE"


def test_fifo_queue_gets_the_event_in_its_group(lab: Lab) -> None:
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    url = lab.sqs.create_queue(QueueName="hot.fifo", Attributes=attributes)["QueueUrl"]
    arn = lab.arn("sqs", "hot.fifo")
    allow = {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    lab.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    rule(lab, {"Arn": arn, "SqsParameters": {"MessageGroupId": "house"}})
    put(lab)
    [message] = lab.sqs.receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"]
    assert message["Attributes"]["MessageGroupId"] == "house"


def test_objects_of_a_bucket_make_events(lab: Lab) -> None:
    arn = queue(lab, "objects")
    lab.s3.create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": REGION})
    lab.s3.put_bucket_notification_configuration(
        Bucket="lake", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    pattern = json.dumps({"source": ["aws.s3"], "detail-type": ["Object Created"]})
    rule(lab, {"Arn": arn}, pattern=pattern)
    lab.s3.put_object(Bucket="lake", Key="a.json", Body=b"{}")
    [event] = bodies(lab, arn)
    assert (event["detail"]["bucket"]["name"], event["detail"]["object"]["key"]) == ("lake", "a.json")


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ({"Source": ""}, "InvalidArgument"),
        ({"Source": "aws.iot"}, "NotAuthorizedForSourceException"),
        ({"Detail": "{"}, "MalformedDetail"),
        ({"Detail": "[1]"}, "MalformedDetail"),
        ({"EventBusName": "nowhere"}, "ResourceNotFoundException"),
    ],
)
def test_entry_that_is_refused_says_why(lab: Lab, entry: dict[str, Any], code: str) -> None:
    answer = put(lab, **entry)
    assert (answer["FailedEntryCount"], answer["Entries"][0]["ErrorCode"]) == (1, code)


def test_pattern_can_be_tested(lab: Lab) -> None:
    event = {
        **dict.fromkeys(("id", "account", "source", "time", "region", "detail-type"), "x"),
        "resources": [],
        "detail": {"a": 1},
    }
    answer = lab.events.test_event_pattern(EventPattern='{"detail": {"a": [1]}}', Event=json.dumps(event))
    assert answer["Result"] is True


QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ({"Arn": "arn:aws:ecs:eu-west-1:1:cluster/c"}, "does not serve ecs as a target of an EventBridge rule"),
        ({"Arn": "arn:aws:events:eu-west-1:1:api-destination/d"}, "does not serve events as a target"),
        ({"Arn": QUEUE, "EcsParameters": {"TaskDefinitionArn": "x"}}, "does not serve EcsParameters of target"),
        ({"Arn": "arn:aws:kinesis:eu-west-1:1:stream/s"}, "RoleArn is required for target"),
        ({"Arn": f"{QUEUE}.fifo"}, "SqsParameters must be specified"),
        ({"Arn": QUEUE, "Input": "{"}, "JSON syntax error in input"),
        ({"Arn": QUEUE, "RetryPolicy": {"MaximumEventAgeInSeconds": 100_000}}, "from 60 to 86400"),
        ({"Arn": QUEUE, "DeadLetterConfig": {"Arn": "arn:aws:sns:x:1:t"}}, "standard SQS queue"),
    ],
)
def test_target_that_would_not_be_served_is_refused(lab: Lab, target: dict[str, Any], sentence: str) -> None:
    lab.events.put_rule(Name="hot", EventPattern=HOT)
    with pytest.raises(ClientError, match=sentence):
        lab.events.put_targets(Rule="hot", Targets=[{"Id": "1", **target}])


def test_pattern_of_events_that_nobody_makes_here_is_refused(lab: Lab) -> None:
    with pytest.raises(ClientError, match="makes no events of aws.ec2: the rule would never match"):
        lab.events.put_rule(Name="ec2", EventPattern='{"source": ["aws.ec2"]}')
    with pytest.raises(ClientError, match="Event pattern is not valid. Reason: Empty arrays"):
        lab.events.put_rule(Name="empty", EventPattern='{"source": []}')
