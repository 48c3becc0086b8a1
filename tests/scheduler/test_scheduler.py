"""Schedules fire on the lab clock, as their role allows, and are refused where AWS or the local cloud refuses them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.running import ACCOUNT, REGION, Lab

OFF = {"Mode": "OFF"}


class Queue:
    """A standard queue and what came into it."""

    def __init__(self, lab: Lab, name: str) -> None:
        self._lab = lab
        self.url = lab.sqs.create_queue(QueueName=name)["QueueUrl"]
        self.arn = lab.arn("sqs", name)

    def messages(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            got = self._lab.sqs.receive_message(
                QueueUrl=self.url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], WaitTimeSeconds=0
            )
            if not got.get("Messages"):
                return found
            found += got["Messages"]
            for message in got["Messages"]:
                self._lab.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])

    def bodies(self) -> list[str]:
        return [message["Body"] for message in self.messages()]


@pytest.fixture
def queue(lab: Lab) -> Queue:
    return Queue(lab, "readings")


def role(lab: Lab, *allowed: tuple[str, str]) -> str:
    return lab.role("schedule_role", "scheduler.amazonaws.com", *(allowed or (("sqs:SendMessage", "*"),)))


def schedule(lab: Lab, expression: str, target: dict[str, Any], **settings: Any) -> str:
    given = {"Name": "wake", "FlexibleTimeWindow": OFF, **settings}
    made = lab.scheduler.create_schedule(ScheduleExpression=expression, Target=target, **given)
    return str(made["ScheduleArn"])


def at(lab: Lab, seconds: float) -> str:
    moment = datetime.fromtimestamp(lab.cloud.clock.now() + seconds, UTC)
    return f"at({moment:%Y-%m-%dT%H:%M:%S})"


def test_rate_fires_at_once_and_then_at_each_interval(lab: Lab, queue: Queue) -> None:
    target = {"Arn": queue.arn, "RoleArn": role(lab), "Input": "wake up"}
    schedule(lab, "rate(5 minutes)", target)
    lab.cloud.clock.advance(14 * 60)
    assert queue.bodies() == ["wake up"] * 3


def test_context_attributes_are_filled_in(lab: Lab, queue: Queue) -> None:
    text = "<aws.scheduler.schedule-arn> <aws.scheduler.attempt-number> <aws.scheduler.scheduled-time>"
    arn = schedule(lab, at(lab, 60), {"Arn": queue.arn, "RoleArn": role(lab), "Input": text})
    lab.cloud.clock.advance(120)
    [body] = queue.bodies()
    assert body.startswith(f"{arn} 1 20")
    assert body.endswith("Z")


def test_without_input_the_event_is_scheduler_s_own(lab: Lab, queue: Queue) -> None:
    arn = schedule(lab, at(lab, 60), {"Arn": queue.arn, "RoleArn": role(lab)})
    lab.cloud.clock.advance(120)
    [event] = map(json.loads, queue.bodies())
    assert (event["source"], event["detail-type"], event["resources"]) == ("aws.scheduler", "Scheduled Event", [arn])


def test_function_is_invoked_by_role_without_a_resource_policy(lab: Lab) -> None:
    function = lab.function("wake", "def handle(event, context):\n    print('woken by', event['by'])\n")
    target = {"Arn": function, "RoleArn": role(lab, ("lambda:InvokeFunction", function)), "Input": '{"by": "clock"}'}
    schedule(lab, at(lab, 60), target)
    lab.cloud.clock.advance(120)
    assert any("woken by clock" in line for line in lab.lines_of("/aws/lambda/wake"))


def test_topic_and_stream_and_bus_get_the_input(lab: Lab, queue: Queue) -> None:
    topic = lab.sns.create_topic(Name="alarms")["TopicArn"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": name}, "Action": "sqs:SendMessage", "Resource": queue.arn}
            for name in ("sns.amazonaws.com", "events.amazonaws.com")
        ],
    }
    lab.sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": json.dumps(policy)})
    lab.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn, Attributes={"RawMessageDelivery": "true"})
    lab.events.put_rule(Name="seen", EventPattern='{"source": ["house"]}')
    lab.events.put_targets(Rule="seen", Targets=[{"Id": "1", "Arn": queue.arn, "InputPath": "$.detail"}])
    able = role(lab, ("sns:Publish", topic), ("events:PutEvents", "*"))
    schedule(lab, at(lab, 60), {"Arn": topic, "RoleArn": able, "Input": "to the topic"})
    source = {"Source": "house", "DetailType": "tick"}
    bus = {"Arn": lab.arn("events", "event-bus/default"), "RoleArn": able, "Input": '{"n":1}'}
    schedule(lab, at(lab, 61), {**bus, "EventBridgeParameters": source}, Name="to_bus")
    lab.cloud.clock.advance(120)
    assert lab.cloud.settle()
    assert sorted(queue.bodies()) == ["to the topic", '{"n":1}']


def test_universal_target_calls_the_operation_as_the_role(lab: Lab) -> None:
    table = lab.arn("dynamodb", "table/ticks")
    lab.dynamodb.create_table(
        TableName="ticks",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    target = {
        "Arn": "arn:aws:scheduler:::aws-sdk:dynamodb:putItem",
        "RoleArn": role(lab, ("dynamodb:PutItem", table)),
        "Input": json.dumps({"TableName": "ticks", "Item": {"id": {"S": "<aws.scheduler.attempt-number>"}}}),
    }
    schedule(lab, at(lab, 60), target)
    lab.cloud.clock.advance(120)
    assert lab.dynamodb.scan(TableName="ticks")["Items"] == [{"id": {"S": "1"}}]


def test_role_without_permission_sends_the_event_to_the_dead_letter_queue(lab: Lab, queue: Queue) -> None:
    topic = lab.sns.create_topic(Name="alarms")["TopicArn"]
    target = {
        "Arn": topic,
        "RoleArn": role(lab),
        "Input": "hot",
        "DeadLetterConfig": {"Arn": queue.arn},
        "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3600},
    }
    arn = schedule(lab, at(lab, 60), target)
    lab.cloud.clock.advance(300)
    [letter] = queue.messages()
    said = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert letter["Body"] == "hot"
    assert said.pop("EXECUTION_ID")
    assert said.pop("SCHEDULED_TIME")
    assert "is not authorized to perform: sns:Publish on resource" in said.pop("ERROR_MESSAGE")
    assert said == {
        "ERROR_CODE": "AccessDeniedException",
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": "2",
        "SCHEDULE_ARN": arn,
        "TARGET_ARN": topic,
    }


def test_event_is_retried_until_it_is_too_old(lab: Lab, queue: Queue) -> None:
    target = {
        "Arn": lab.arn("sqs", "nowhere"),
        "RoleArn": role(lab),
        "Input": "x",
        "DeadLetterConfig": {"Arn": queue.arn},
        "RetryPolicy": {"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": 60},
    }
    schedule(lab, at(lab, 60), target)
    lab.cloud.clock.advance(600)
    [letter] = queue.messages()
    said = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert said["EXHAUSTED_RETRY_CONDITION"] == "MaximumEventAgeInSeconds"
    assert (said["ERROR_CODE"], said["RETRY_ATTEMPTS"]) == ("AWS.SimpleQueueService.NonExistentQueue", "5")


def test_retry_succeeds_once_the_permission_is_there(lab: Lab, queue: Queue) -> None:
    schedule(lab, at(lab, 60), {"Arn": queue.arn, "RoleArn": role(lab, ("sqs:ReceiveMessage", "*")), "Input": "x"})
    lab.cloud.clock.advance(61)
    assert queue.bodies() == []
    role(lab)
    lab.cloud.clock.advance(600)
    assert queue.bodies() == ["x"]


def test_time_zone_start_and_end_bound_a_cron_schedule(lab: Lab, queue: Queue) -> None:
    now = lab.cloud.clock.now()
    schedule(
        lab,
        "cron(0 12 * * ? *)",
        {"Arn": queue.arn, "RoleArn": role(lab), "Input": "<aws.scheduler.scheduled-time>"},
        ScheduleExpressionTimezone="Asia/Kolkata",
        StartDate=datetime.fromtimestamp(now + 86_400, UTC),
        EndDate=datetime.fromtimestamp(now + 3 * 86_400, UTC),
    )
    lab.cloud.clock.advance(3 * 86_400)
    bodies = queue.bodies()
    lab.cloud.clock.advance(3 * 86_400)
    assert (len(bodies), queue.bodies()) == (2, [])
    assert all(body.endswith("T06:30:00Z") for body in bodies)


def test_flexible_window_delays_within_the_window(lab: Lab, queue: Queue) -> None:
    window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 10}
    schedule(lab, at(lab, 60), {"Arn": queue.arn, "RoleArn": role(lab), "Input": "x"}, FlexibleTimeWindow=window)
    lab.cloud.clock.advance(62)
    early = queue.bodies()
    lab.cloud.clock.advance(600)
    assert early + queue.bodies() == ["x"]


def test_schedule_deletes_itself_after_its_last_invocation(lab: Lab, queue: Queue) -> None:
    target = {"Arn": queue.arn, "RoleArn": role(lab), "Input": "x"}
    schedule(lab, at(lab, 60), target, ActionAfterCompletion="DELETE")
    schedule(lab, at(lab, 60), target, Name="stays")
    lab.cloud.clock.advance(120)
    assert [found["Name"] for found in lab.scheduler.list_schedules()["Schedules"]] == ["stays"]


def test_update_replaces_every_setting_and_disabled_does_not_fire(lab: Lab, queue: Queue) -> None:
    target = {"Arn": queue.arn, "RoleArn": role(lab), "Input": "x"}
    schedule(lab, at(lab, 60), target, Description="first")
    change = {"Name": "wake", "ScheduleExpression": at(lab, 60), "FlexibleTimeWindow": OFF, "Target": target}
    lab.scheduler.update_schedule(**change, State="DISABLED")
    found = lab.scheduler.get_schedule(Name="wake")
    assert "Description" not in found
    lab.cloud.clock.advance(120)
    assert queue.bodies() == []


def test_deleted_schedule_and_deleted_group_do_not_fire(lab: Lab, queue: Queue) -> None:
    target = {"Arn": queue.arn, "RoleArn": role(lab), "Input": "x"}
    lab.scheduler.create_schedule_group(Name="house", Tags=[{"Key": "a", "Value": "1"}])
    schedule(lab, at(lab, 60), target)
    schedule(lab, at(lab, 60), target, GroupName="house")
    assert lab.scheduler.list_tags_for_resource(ResourceArn=lab.arn("scheduler", "schedule-group/house"))["Tags"]
    lab.scheduler.delete_schedule(Name="wake")
    lab.scheduler.delete_schedule_group(Name="house")
    lab.cloud.clock.advance(120)
    assert queue.bodies() == []
    assert lab.scheduler.list_schedules()["Schedules"] == []


def test_trace_says_that_a_schedule_fired(lab: Lab, queue: Queue) -> None:
    schedule(lab, at(lab, 60), {"Arn": queue.arn, "RoleArn": role(lab), "Input": "x"})
    lab.cloud.clock.advance(120)
    [trace] = lab.cloud.trace.latest(topic="scheduler/default/wake")
    assert trace["steps"][0]["text"] == f"schedule wake invoked {queue.arn}"


TARGET = {"Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:q", "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/schedule_role"}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"ScheduleExpression": "rate(5)"}, r"Invalid Schedule Expression rate\(5\)"),
        ({"ScheduleExpressionTimezone": "Mars/Base"}, "Invalid ScheduleExpressionTimezone"),
        ({"StartDate": datetime(2020, 1, 1, tzinfo=UTC)}, "cannot be earlier than 5 minutes ago"),
        ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "needs MaximumWindowInMinutes"),
        ({"Target": {**TARGET, "Arn": "arn:aws:ecs:x:1:cluster/c"}}, "does not serve ecs as a target of a schedule"),
        ({"Target": {**TARGET, "Arn": "arn:aws:scheduler:::aws-sdk:sqs:getQueueUrl"}}, "not a supported target"),
        ({"Target": {**TARGET, "Arn": "arn:aws:scheduler:::aws-sdk:ec2:startInstances"}}, "does not serve ec2 start"),
        ({"Target": {**TARGET, "Arn": TARGET["Arn"] + ".fifo"}}, "SqsParameters must be specified"),
        (
            {"Target": {**TARGET, "KinesisParameters": {"PartitionKey": "1"}}},
            "KinesisParameters is not for a target of sqs",
        ),
        ({"Target": {**TARGET, "DeadLetterConfig": {"Arn": TARGET["Arn"] + ".fifo"}}}, "DeadLetterConfig.Arn"),
        ({"Target": {**TARGET, "RetryPolicy": {"MaximumRetryAttempts": 200}}}, "less than or equal to 185"),
        (
            {"Target": {**TARGET, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/nobody"}},
            "must allow AWS EventBridge Scheduler",
        ),
        ({"Name": "with space"}, "regular expression pattern"),
        ({"KmsKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"}, "does not serve KmsKeyArn"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refused_at_creation(lab: Lab, changes: dict[str, Any], sentence: str) -> None:
    role(lab)
    good = {"Name": "a", "ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": OFF, "Target": TARGET}
    with pytest.raises(ClientError, match=sentence) as refused:
        lab.scheduler.create_schedule(**{**good, **changes})
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_names_are_unique_and_missing_things_are_not_found(lab: Lab) -> None:
    role(lab)
    schedule(lab, "rate(1 hour)", TARGET)
    with pytest.raises(lab.scheduler.exceptions.ConflictException, match="Schedule wake already exists"):
        schedule(lab, "rate(1 hour)", TARGET)
    with pytest.raises(lab.scheduler.exceptions.ResourceNotFoundException, match="Schedule group attic does not exist"):
        schedule(lab, "rate(1 hour)", TARGET, GroupName="attic")
    with pytest.raises(lab.scheduler.exceptions.ResourceNotFoundException, match="Schedule other does not exist"):
        lab.scheduler.get_schedule(Name="other")
