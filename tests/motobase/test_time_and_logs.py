"""What moto does not do and AWS does with time and with lines: delays, time to live, patterns, subscriptions."""

from __future__ import annotations

import base64
import functools
import gzip
import json
import time

import pytest
from botocore.exceptions import ClientError

from labcloud.motobase.logs import Terms
from tests.running import Lab, running_lab
from tests.support import wait_until


@pytest.fixture(scope="module")
def lab():
    with running_lab() as started:
        yield started


def test_a_delayed_message_is_there_when_the_lab_clock_says_so(lab: Lab):
    queue = lab.sqs.create_queue(QueueName="delayed", Attributes={"DelaySeconds": "600"})["QueueUrl"]
    lab.sqs.send_message(QueueUrl=queue, MessageBody="later")
    assert "Messages" not in lab.sqs.receive_message(QueueUrl=queue)
    lab.cloud.clock.advance(601)
    [message] = lab.sqs.receive_message(QueueUrl=queue, VisibilityTimeout=3600)["Messages"]
    assert message["Body"] == "later"
    assert "Messages" not in lab.sqs.receive_message(QueueUrl=queue)
    lab.cloud.clock.advance(3601)
    assert lab.sqs.receive_message(QueueUrl=queue)["Messages"]


def make_table(lab: Lab, name: str) -> None:
    lab.dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "OLD_IMAGE"},
    )


def test_an_expired_message_is_gone_and_hides_no_other(lab: Lab):
    day_s = 86_400
    queue = lab.sqs.create_queue(QueueName="kept")["QueueUrl"]
    for body in ("old", "older than its neighbour", "new"):
        lab.sqs.send_message(QueueUrl=queue, MessageBody=body)
        lab.cloud.clock.advance(day_s)
    lab.cloud.clock.advance(2.5 * day_s)
    [message] = lab.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert message["Body"] == "new"


def test_items_go_when_their_time_to_live_is_over_and_the_stream_says_by_whom(lab: Lab):
    make_table(lab, "short_lived")
    now = int(lab.cloud.clock.now())
    ends = {"over": {"N": str(now + 60)}, "later": {"N": str(now + 86_400)}, "text": {"S": str(now + 60)},
            "ancient": {"N": "5"}, "none": {"NULL": True}}  # fmt: skip
    for name, value in ends.items():
        lab.dynamodb.put_item(TableName="short_lived", Item={"id": {"S": name}, "ends": value})
    lab.cloud.clock.advance(7200)
    assert len(lab.dynamodb.scan(TableName="short_lived")["Items"]) == 5
    lab.dynamodb.update_time_to_live(
        TableName="short_lived", TimeToLiveSpecification={"Enabled": True, "AttributeName": "ends"}
    )
    lab.cloud.clock.advance(3601)
    wait_until(lambda: len(lab.dynamodb.scan(TableName="short_lived")["Items"]) == 4, because="the item goes")
    left = {item["id"]["S"] for item in lab.dynamodb.scan(TableName="short_lived")["Items"]}
    assert left == {"later", "text", "ancient", "none"}
    stream = lab.dynamodb.describe_table(TableName="short_lived")["Table"]["LatestStreamArn"]
    [shard] = lab.dynamodbstreams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"]
    iterator = lab.dynamodbstreams.get_shard_iterator(
        StreamArn=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    last = lab.dynamodbstreams.get_records(ShardIterator=iterator)["Records"][-1]
    assert last["eventName"] == "REMOVE"
    assert last["userIdentity"] == {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}


def nested(levels: int) -> dict:
    return functools.reduce(lambda inner, _: {"L": [inner]}, range(levels), {"S": "x"})


def test_items_nest_up_to_32_levels(lab: Lab):
    make_table(lab, "nested")
    lab.dynamodb.put_item(TableName="nested", Item={"id": {"S": "a"}, "n": nested(32)})
    item = {"id": {"S": "a"}, "n": nested(33)}
    calls = [
        lambda: lab.dynamodb.put_item(TableName="nested", Item=item),
        lambda: lab.dynamodb.batch_write_item(RequestItems={"nested": [{"PutRequest": {"Item": item}}]}),
        lambda: lab.dynamodb.transact_write_items(TransactItems=[{"Put": {"TableName": "nested", "Item": item}}]),
        lambda: lab.dynamodb.update_item(
            TableName="nested",
            Key={"id": {"S": "a"}},
            UpdateExpression="SET n = :n",
            ExpressionAttributeValues={":n": {"M": {"m": nested(32)}}},
        ),
    ]
    for call in calls:
        with pytest.raises(ClientError, match="ValidationException.*Nesting Levels have exceeded supported limits"):
            call()


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ("", ["ERROR disk", "ERROR net", "WARN disk", 'say "hi"']),
        ("ERROR", ["ERROR disk", "ERROR net"]),
        ("ERROR disk", ["ERROR disk"]),
        ('"ERROR disk"', ["ERROR disk"]),
        ('"disk ERROR"', []),
        ("?net ?WARN", ["ERROR net", "WARN disk"]),
        ("ERROR -disk", ["ERROR net"]),
        ('-ERROR -"WARN disk"', ['say "hi"']),
        ('"\\"hi\\""', ['say "hi"']),
    ],
)
def test_patterns_of_terms(pattern, matched):
    terms = Terms(pattern)
    lines = ["ERROR disk", "ERROR net", "WARN disk", 'say "hi"']
    assert [line for line in lines if terms.matches(line)] == matched


def test_lines_that_match_a_subscription_invoke_its_function(lab: Lab):
    function = lab.function("subscriber", "def handle(event, context): print('got', event['awslogs']['data'])")
    lab.logs.create_log_group(logGroupName="app")
    lab.logs.create_log_stream(logGroupName="app", logStreamName="s")
    subscription = {"logGroupName": "app", "filterName": "f", "filterPattern": "ERROR", "destinationArn": function}
    with pytest.raises(ClientError, match="given CloudWatch Logs permission"):
        lab.logs.put_subscription_filter(**subscription)
    lab.lambda_.add_permission(
        FunctionName="subscriber",
        StatementId="logs",
        Action="lambda:InvokeFunction",
        Principal="logs.amazonaws.com",
        SourceArn=lab.arn("logs", "log-group:app:*"),
    )
    lab.logs.put_subscription_filter(**subscription)
    stamp = int(time.time() * 1000)
    for message in ("all is well", "ERROR 5"):
        lab.logs.put_log_events(
            logGroupName="app", logStreamName="s", logEvents=[{"timestamp": stamp, "message": message}]
        )
    assert lab.cloud.settle()
    lines = [line for line in lab.lines_of("/aws/lambda/subscriber") if line.startswith("got ")]
    [data] = [json.loads(gzip.decompress(base64.b64decode(line.split()[1]))) for line in lines]
    assert (data["logGroup"], data["subscriptionFilters"]) == ("app", ["f"])
    assert [event["message"] for event in data["logEvents"]] == ["ERROR 5"]
    found = lab.logs.filter_log_events(logGroupName="app", filterPattern="-ERROR all")["events"]
    assert [event["message"] for event in found] == ["all is well"]


def test_a_subscription_by_mail_stays_pending(lab: Lab):
    topic = lab.sns.create_topic(Name="mailed")["TopicArn"]
    answer = lab.sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@example.org")
    assert answer["SubscriptionArn"] == "pending confirmation"
