"""Queues and streams invoke functions: batches, filters, failures, limits, refusals."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.running import REGION, Lab, running_lab
from tests.support import wait_until

COUNTS = """
import json
def handle(event, context):
    for record in event["Records"]:
        body = record.get("body") or json.dumps(record.get("dynamodb", {}).get("Keys")) or ""
        print("GOT", len(event["Records"]), record["eventSource"], body)
        if "bad" in body:
            raise ValueError(body)
"""
PARTIAL = """
def handle(event, context):
    failed = [r["messageId"] for r in event["Records"] if "bad" in r["body"]]
    print("GOT", sorted(r["body"] for r in event["Records"]))
    return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}
"""
STREAM = """
import base64
def handle(event, context):
    texts = [base64.b64decode(r["kinesis"]["data"]).decode() for r in event["Records"]]
    print("GOT", texts)
    if any("bad" in text for text in texts):
        raise ValueError("bad record")
"""
ABLE = (("sqs:*", "*"), ("kinesis:*", "*"), ("dynamodb:*", "*"), ("logs:*", "*"))


@pytest.fixture
def lab() -> Iterator[Lab]:
    with running_lab() as running:
        yield running


@pytest.fixture
def function(lab: Lab) -> Callable[..., str]:
    """Makes a function whose role may read every source."""

    def make(code: str, name: str = "reader") -> str:
        arn = lab.function(name, code)
        lab.role(f"{name}_role", "lambda.amazonaws.com", *ABLE)
        return arn

    return make


def queue(lab: Lab, name: str = "readings", **attributes: str) -> tuple[str, str]:
    return lab.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"], lab.arn("sqs", name)


def got(lab: Lab, at_least: int = 1) -> list[str]:
    """What the function printed, once it printed enough."""

    def read() -> list[str] | None:
        lines = [line.strip() for line in lab.lines_of("/aws/lambda/reader") if line.startswith("GOT")]
        return lines if len(lines) >= at_least else None

    return wait_until(read, within_s=15, because=f"{at_least} lines of the function") or []


def remaining(lab: Lab, url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = lab.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(found[name]) for name in names)


def test_messages_invoke_the_function_and_are_deleted(lab: Lab, function: Callable[..., str]) -> None:
    url, arn = queue(lab)
    function(COUNTS)
    mapping = lab.lambda_.create_event_source_mapping(EventSourceArn=arn, FunctionName="reader")
    assert (mapping["State"], mapping["BatchSize"]) == ("Enabled", 10)
    lab.sqs.send_message(QueueUrl=url, MessageBody="one")
    assert lab.cloud.settle()
    assert got(lab) == ["GOT 1 aws:sqs one"]
    assert remaining(lab, url) == 0
    assert lab.lambda_.get_event_source_mapping(UUID=mapping["UUID"])["LastProcessingResult"] == "OK"


def test_failed_batch_comes_back_and_ends_in_the_dead_letter_queue(lab: Lab, function: Callable[..., str]) -> None:
    dead_url, dead = queue(lab, "dead")
    redrive = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 2})
    url, arn = queue(lab, VisibilityTimeout="60", RedrivePolicy=redrive)
    function(COUNTS)
    lab.lambda_.create_event_source_mapping(EventSourceArn=arn, FunctionName="reader")
    lab.sqs.send_message(QueueUrl=url, MessageBody="bad")
    for _ in range(3):
        assert lab.cloud.settle()
        lab.cloud.clock.advance(61)
    assert lab.cloud.settle()
    assert len(got(lab, 2)) == 2
    assert remaining(lab, dead_url) == 1


def test_function_says_which_messages_failed(lab: Lab, function: Callable[..., str]) -> None:
    url, arn = queue(lab, VisibilityTimeout="60")
    function(PARTIAL)
    lab.sqs.send_message_batch(
        QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": body} for n, body in enumerate(("good", "bad"))]
    )
    lab.lambda_.create_event_source_mapping(
        EventSourceArn=arn, FunctionName="reader", FunctionResponseTypes=["ReportBatchItemFailures"]
    )
    assert lab.cloud.settle()
    assert remaining(lab, url) == 1
    lab.cloud.clock.advance(61)
    assert lab.cloud.settle()
    assert got(lab, 2) == ["GOT ['bad', 'good']", "GOT ['bad']"]


def test_window_collects_messages_on_the_lab_clock(lab: Lab, function: Callable[..., str]) -> None:
    url, arn = queue(lab)
    function(COUNTS)
    lab.lambda_.create_event_source_mapping(
        EventSourceArn=arn, FunctionName="reader", BatchSize=50, MaximumBatchingWindowInSeconds=30
    )
    for number in range(3):
        lab.sqs.send_message(QueueUrl=url, MessageBody=str(number))
    assert lab.cloud.settle()
    assert remaining(lab, url) == 3
    lab.cloud.clock.advance(31)
    assert lab.cloud.settle()
    assert {line.split()[1] for line in got(lab, 3)} == {"3"}


def test_filter_lets_some_messages_through_and_deletes_the_others(lab: Lab, function: Callable[..., str]) -> None:
    url, arn = queue(lab)
    function(COUNTS)
    pattern = json.dumps({"body": {"temperature": [{"numeric": [">", 30]}]}})
    lab.lambda_.create_event_source_mapping(
        EventSourceArn=arn, FunctionName="reader", FilterCriteria={"Filters": [{"Pattern": pattern}]}
    )
    for temperature in (25, 35):
        lab.sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"temperature": temperature}))
    assert lab.cloud.settle()
    assert got(lab) == ['GOT 1 aws:sqs {"temperature": 35}']
    assert remaining(lab, url) == 0


def test_disabled_and_deleted_mappings_do_not_read(lab: Lab, function: Callable[..., str]) -> None:
    url, arn = queue(lab)
    function(COUNTS)
    mapping = lab.lambda_.create_event_source_mapping(EventSourceArn=arn, FunctionName="reader", Enabled=False)
    lab.sqs.send_message(QueueUrl=url, MessageBody="one")
    assert lab.cloud.settle()
    assert remaining(lab, url) == 1
    lab.lambda_.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    assert lab.cloud.settle()
    assert remaining(lab, url) == 0
    lab.lambda_.delete_event_source_mapping(UUID=mapping["UUID"])
    assert lab.lambda_.list_event_source_mappings(FunctionName="reader")["EventSourceMappings"] == []


def test_stream_is_read_in_order_from_its_beginning(lab: Lab, function: Callable[..., str]) -> None:
    lab.kinesis.create_stream(StreamName="readings", ShardCount=1)
    for text in ("a", "b"):
        lab.kinesis.put_record(StreamName="readings", Data=text.encode(), PartitionKey="1")
    function(STREAM)
    arn = lab.arn("kinesis", "stream/readings")
    lab.lambda_.create_event_source_mapping(
        EventSourceArn=arn, FunctionName="reader", StartingPosition="TRIM_HORIZON", BatchSize=10
    )
    assert lab.cloud.settle()
    lab.kinesis.put_record(StreamName="readings", Data=b"c", PartitionKey="1")
    assert lab.cloud.settle()
    assert got(lab, 2) == ["GOT ['a', 'b']", "GOT ['c']"]


def test_failing_stream_batch_is_bisected_and_given_up(lab: Lab, function: Callable[..., str]) -> None:
    url, failures = queue(lab, "failures")
    lab.kinesis.create_stream(StreamName="readings", ShardCount=1)
    for text in ("good", "bad"):
        lab.kinesis.put_record(StreamName="readings", Data=text.encode(), PartitionKey="1")
    function(STREAM)
    lab.lambda_.create_event_source_mapping(
        EventSourceArn=lab.arn("kinesis", "stream/readings"),
        FunctionName="reader",
        StartingPosition="TRIM_HORIZON",
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": failures}},
    )
    for _ in range(4):
        assert lab.cloud.settle()
        lab.cloud.clock.advance(5)
    assert lab.cloud.settle()
    assert got(lab, 4) == ["GOT ['good', 'bad']", "GOT ['good']", "GOT ['bad']", "GOT ['bad']"]
    [message] = lab.sqs.receive_message(QueueUrl=url)["Messages"]
    record = json.loads(message["Body"])
    assert record["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert record["KinesisBatchInfo"]["batchSize"] == 1


def test_table_stream_invokes_with_changes(lab: Lab, function: Callable[..., str]) -> None:
    table = lab.dynamodb.create_table(
        TableName="readings",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]
    function(COUNTS)
    lab.lambda_.create_event_source_mapping(
        EventSourceArn=table["LatestStreamArn"], FunctionName="reader", StartingPosition="LATEST"
    )
    lab.dynamodb.put_item(TableName="readings", Item={"id": {"S": "1"}})
    assert lab.cloud.settle()
    assert got(lab) == ['GOT 1 aws:dynamodb {"id": {"S": "1"}}']


def test_mapping_is_refused_with_aws_s_reasons(lab: Lab, function: Callable[..., str]) -> None:
    _, arn = queue(lab)
    function(COUNTS)
    create = lab.lambda_.create_event_source_mapping
    cases: list[tuple[dict[str, Any], str]] = [
        ({"EventSourceArn": lab.arn("sqs", "none")}, "The specified queue does not exist"),
        ({"EventSourceArn": arn, "BatchSize": 20}, "Maximum batch window in seconds must be greater than 0"),
        (
            {"EventSourceArn": arn, "StartingPosition": "LATEST"},
            "does not serve StartingPosition for an event source of sqs",
        ),
        ({"EventSourceArn": f"arn:aws:kafka:{REGION}:1:cluster/c"}, "does not serve arn:aws:kafka"),
        ({"EventSourceArn": arn, "FilterCriteria": {"Filters": [{"Pattern": "{"}]}}, "Event pattern is not valid"),
        ({"EventSourceArn": lab.arn("kinesis", "stream/s")}, "Value null at 'startingPosition'"),
    ]
    for settings, sentence in cases:
        with pytest.raises(ClientError, match=sentence):
            create(FunctionName="reader", **settings)
    create(EventSourceArn=arn, FunctionName="reader")
    with pytest.raises(lab.lambda_.exceptions.ResourceConflictException, match="provided mapping already exists"):
        create(EventSourceArn=arn, FunctionName="reader")


def test_role_and_timeout_have_to_suit_the_queue(lab: Lab) -> None:
    _, arn = queue(lab)
    lab.function("reader", COUNTS)
    with pytest.raises(ClientError, match="does not have permissions to call ReceiveMessage on SQS"):
        lab.lambda_.create_event_source_mapping(EventSourceArn=arn, FunctionName="reader")
    lab.lambda_.update_function_configuration(FunctionName="reader", Timeout=60)
    with pytest.raises(ClientError, match="Queue visibility timeout: 30 seconds is less than Function timeout: 60"):
        lab.lambda_.create_event_source_mapping(EventSourceArn=arn, FunctionName="reader")
