"""Each rule action: what it plans, which permissions it needs, what is refused."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from labcloud.api import Scope
from labcloud.errors import AwsError
from labcloud.iotsql import Environment, Message
from labcloud.rules.actions import ACTIONS
from labcloud.rules.actions.base import ActionFailed, Result
from labcloud.rules.compile import compile_rule
from labcloud.rules.deliveries import Need

HERE = Scope("123456789012", "eu-west-1")
ROLE = "arn:aws:iam::123456789012:role/iot_role"
NOW_MS = 1_750_000_000_000
READING = {"id": "x", "temperature": 21.5}


def planned(name, parameters, payload=READING, *, sql="SELECT * FROM 't/#'", topic="t/a"):
    """The delivery that a rule with this one action makes of a message; by default with a role."""
    given = parameters if name == "http" else {"roleArn": ROLE, **parameters}
    rule = compile_rule("rule", HERE.arn("iot", "rule/rule"), {"sql": sql, "actions": [{name: given}]})
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    message, environment = Message(topic, body, NOW_MS, client_id="house"), Environment(HERE.account_id, HERE.region)
    outcome = rule.statement.evaluate(message, environment)
    [action] = rule.actions
    filled = action.fill_in(lambda template: template.render(message, environment, outcome.variables))
    return action.action.plan(filled, Result(outcome.value, outcome.payload, NOW_MS), HERE)


def needs(delivery):
    return [(need.action, need.resource) for need in delivery.needs(HERE)]


class Ports:
    """Remembers every call."""

    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        return lambda *arguments: self.calls.append((name, *arguments[1:]))


def sent(delivery):
    ports = Ports()
    delivery.send(Origin, ports)
    [call] = ports.calls
    return call


class Origin:
    scope = HERE
    rule_name = "rule"
    topic = "t/a"
    trace_id = "trace"


DYNAMO = {"tableName": "Readings", "hashKeyField": "id", "hashKeyValue": "${id}"}


def test_dynamodb_puts_the_keys_and_the_whole_result_in_the_payload_column():
    delivery = planned("dynamoDB", {**DYNAMO, "rangeKeyField": "at", "rangeKeyValue": "7", "rangeKeyType": "NUMBER"})
    item = {
        "id": {"S": "x"},
        "at": {"N": "7"},
        "payload": {"M": {"id": {"S": "x"}, "temperature": {"N": "21.5"}}},
    }
    assert sent(delivery) == ("put_item", "Readings", item)
    assert needs(delivery) == [("dynamodb:PutItem", "arn:aws:dynamodb:eu-west-1:123456789012:table/Readings")]


def test_dynamodb_keeps_bytes_that_are_not_json_as_binary():
    delivery = planned("dynamoDB", {**DYNAMO, "hashKeyValue": "k", "payloadField": "raw"}, b"\xff\x00")
    assert sent(delivery)[2] == {"id": {"S": "k"}, "raw": {"B": "/wA="}}


@pytest.mark.parametrize(
    ("operation", "call", "permission"),
    [("UPDATE", "update_item", "dynamodb:UpdateItem"), ("DELETE", "delete_item", "dynamodb:DeleteItem")],
)
def test_dynamodb_updates_and_deletes_ask_for_their_own_permission(operation, call, permission):
    delivery = planned("dynamoDB", {**DYNAMO, "operation": operation})
    assert sent(delivery)[:3] == (call, "Readings", {"id": {"S": "x"}})
    assert [action for action, _ in needs(delivery)] == [permission]


def test_dynamodb_takes_no_number_key_that_is_none():
    with pytest.raises(ActionFailed, match="hashKeyValue 'x' is not a number"):
        planned("dynamoDB", {**DYNAMO, "hashKeyType": "NUMBER"})


def test_s3_stores_the_result_under_the_filled_in_key():
    delivery = planned("s3", {"bucketName": "lake", "key": "${topic()}/${timestamp()}"}, b"\x01raw")
    assert sent(delivery) == ("put_object", "lake", f"t/a/{NOW_MS}", b"\x01raw", None)
    assert needs(delivery) == [("s3:PutObject", f"arn:aws:s3:::lake/t/a/{NOW_MS}")]


def test_s3_with_a_canned_acl_needs_the_permission_for_it():
    delivery = planned("s3", {"bucketName": "lake", "key": "k", "cannedAcl": "public-read"})
    assert [action for action, _ in needs(delivery)] == ["s3:PutObject", "s3:PutObjectAcl"]


def test_s3_tells_the_failure_in_the_words_of_the_guide():
    class Missing:
        def put_object(self, *_):
            raise AwsError("The specified bucket does not exist", code="NoSuchBucket", status=404)

    with pytest.raises(AwsError) as failed:
        planned("s3", {"bucketName": "lake", "key": "aaa"}).send(Origin, Missing())
    assert str(failed.value) == (
        "Failed to put S3 object. The error received was The specified bucket does not exist "
        "(Service: Amazon S3; Status Code: 404; Error Code: NoSuchBucket). "
        'Message arrived on: t/a, Action: s3, Bucket: lake, Key: "aaa"'
    )


def test_firehose_ends_a_record_with_the_separator():
    delivery = planned("firehose", {"deliveryStreamName": "lake", "separator": "\n"}, {"a": 1})
    assert sent(delivery) == ("put_to_delivery_stream", "lake", (b'{"a":1}\n',))
    assert needs(delivery) == [("firehose:PutRecord", "arn:aws:firehose:eu-west-1:123456789012:deliverystream/lake")]


def test_firehose_in_batch_mode_makes_each_element_a_record():
    given = {"deliveryStreamName": "lake", "separator": ",", "batchMode": True}
    delivery = planned("firehose", given, [{"a": 1}, {"a": 2}])
    assert sent(delivery)[2] == (b'{"a":1},', b'{"a":2},')
    assert [action for action, _ in needs(delivery)] == ["firehose:PutRecordBatch"]
    with pytest.raises(ActionFailed, match="at most 500 records"):
        planned("firehose", given, [1] * 501)


def test_kinesis_fills_in_the_partition_key():
    delivery = planned("kinesis", {"streamName": "raw", "partitionKey": "${topic(2)}"}, {"a": 1})
    assert sent(delivery) == ("put_to_stream", "raw", "a", b'{"a":1}')
    assert needs(delivery) == [("kinesis:PutRecord", "arn:aws:kinesis:eu-west-1:123456789012:stream/raw")]


def test_kinesis_without_a_partition_key_spreads_the_records():
    first, second = (planned("kinesis", {"streamName": "raw"}).partition_key for _ in range(2))
    assert first != second


@pytest.mark.parametrize(("form", "structure"), [("RAW", None), ("JSON", "json"), (None, None)])
def test_sns_publishes_the_result_as_the_message_format_says(form, structure):
    topic = HERE.arn("sns", "alarms")
    given = {"targetArn": topic, **({"messageFormat": form} if form else {})}
    delivery = planned("sns", given, {"default": "hot"})
    assert sent(delivery) == ("notify", topic, '{"default":"hot"}', structure)
    assert needs(delivery) == [("sns:Publish", topic)]


def test_sqs_sends_text_or_base64():
    url = "http://127.0.0.1:1/123456789012/alarms"
    delivery = planned("sqs", {"queueUrl": url}, {"a": 1})
    assert sent(delivery) == ("send_message", url, '{"a":1}')
    assert needs(delivery) == [("sqs:SendMessage", "arn:aws:sqs:eu-west-1:123456789012:alarms")]
    assert planned("sqs", {"queueUrl": url, "useBase64": True}, b"\xff").body == "/w=="
    with pytest.raises(ActionFailed, match="needs a text"):
        planned("sqs", {"queueUrl": url}, b"\xff")


def test_cloudwatch_logs_writes_one_line_with_the_time_of_processing():
    delivery = planned("cloudwatchLogs", {"logGroupName": "devices"}, {"a": 1})
    assert sent(delivery) == ("put_log_lines", "devices", "rule", ((NOW_MS, '{"a":1}'),))
    assert [action for action, _ in needs(delivery)] == [
        "logs:DescribeLogStreams",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    ]


def test_cloudwatch_logs_in_batch_mode_takes_times_and_drops_what_logs_would_reject():
    lines = [
        {"timestamp": NOW_MS + 1, "message": "second"},
        {"timestamp": NOW_MS, "message": "first"},
        {"timestamp": NOW_MS - 15 * 86_400_000, "message": "too old"},
    ]
    delivery = planned("cloudwatchLogs", {"logGroupName": "devices", "batchMode": True}, lines)
    assert delivery.lines == ((NOW_MS, "first"), (NOW_MS + 1, "second"))
    assert delivery.summary == "PutLogEvents of 2 into log group devices (1 too old or too new)"
    with pytest.raises(ActionFailed, match="timestamp .milliseconds. and message"):
        planned("cloudwatchLogs", {"logGroupName": "devices", "batchMode": True}, [{"message": "no time"}])


METRIC = {
    "metricNamespace": "House",
    "metricName": "Temperature",
    "metricValue": "${temperature}",
    "metricUnit": "None",
}


def test_cloudwatch_metric_puts_a_datum_at_its_time():
    delivery = planned("cloudwatchMetric", METRIC)
    assert sent(delivery)[1:] == (
        "House",
        {"name": "Temperature", "value": 21.5, "unit": "None", "timestamp_s": NOW_MS / 1000},
    )
    assert delivery.needs(HERE) == [Need("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": "House"})]
    assert planned("cloudwatchMetric", {**METRIC, "metricTimestamp": "1500000000"}).timestamp_s == 1_500_000_000


def test_cloudwatch_metric_takes_no_value_that_is_no_number():
    with pytest.raises(ActionFailed, match="metricValue 'warm' is not a number"):
        planned("cloudwatchMetric", METRIC, {"temperature": "warm"})
    with pytest.raises(ActionFailed, match="metricUnit is one of"):
        planned("cloudwatchMetric", {**METRIC, "metricUnit": "${id}"})


def test_cloudwatch_alarm_sets_the_state_with_a_reason():
    given = {"alarmName": "hot", "stateReason": "${temperature} degrees", "stateValue": "ALARM"}
    delivery = planned("cloudwatchAlarm", given)
    assert sent(delivery) == ("set_alarm_state", "hot", "ALARM", "21.5 degrees")
    assert needs(delivery) == [("cloudwatch:SetAlarmState", "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:hot")]


def test_http_posts_with_the_content_type_of_the_result():
    delivery = planned("http", {"url": "https://a/in", "headers": [{"key": "X-Id", "value": "${id}"}]})
    assert sent(delivery)[1:3] == ("https://a/in", {"X-Id": "x", "Content-Type": "application/json"})
    assert planned("http", {"url": "https://a/in"}, b"\xff").headers == {"Content-Type": "application/octet-stream"}
    named = {"url": "https://a/in", "headers": [{"key": "content-type", "value": "text/csv"}]}
    assert planned("http", named).headers == {"content-type": "text/csv"}


def test_http_refuses_a_header_with_a_line_break():
    with pytest.raises(ActionFailed, match="header X-Id has a line break"):
        planned("http", {"url": "https://a", "headers": [{"key": "X-Id", "value": "${id}"}]}, {"id": "a\r\nB: c"})


def test_republish_gives_the_message_its_mqtt5_properties():
    headers = {
        "payloadFormatIndicator": "UTF8_DATA",
        "contentType": "application/json",
        "responseTopic": "answers/${id}",
        "correlationData": "aGk=",
        "messageExpiry": "60",
        "userProperties": [{"key": "from", "value": "${topic()}"}],
    }
    delivery = planned("republish", {"topic": "copy", "headers": headers})
    assert delivery.headers == {
        "payload_format_indicator": 1,
        "content_type": "application/json",
        "response_topic": "answers/x",
        "correlation_data": b"hi",
        "message_expiry_s": 60,
        "user_properties": (("from", "t/a"),),
    }


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ({"payloadFormatIndicator": "TEXT"}, "payloadFormatIndicator is one of"),
        ({"responseTopic": "a/#"}, "has a wildcard"),
        ({"correlationData": "!"}, "is not base64"),
        ({"messageExpiry": "soon"}, "not a number of seconds"),
    ],
    ids=["indicator", "response topic", "correlation data", "expiry"],
)
def test_republish_fails_with_headers_that_mqtt_has_not(headers, text):
    with pytest.raises(ActionFailed, match=text):
        planned("republish", {"topic": "copy", "headers": headers})


@pytest.mark.parametrize(
    ("name", "parameters", "text"),
    [
        ("dynamoDB", {**DYNAMO, "operation": "UPSERT"}, "operation is one of 'INSERT'"),
        ("dynamoDB", {**DYNAMO, "rangeKeyField": "at"}, "rangeKeyField and rangeKeyValue go together"),
        ("s3", {"bucketName": "b"}, "key is required"),
        ("s3", {"bucketName": "b", "key": "k", "cannedAcl": "everyone"}, "cannedAcl is one of 'private'"),
        ("firehose", {"deliveryStreamName": "d", "separator": ";"}, "separator is one of"),
        ("sns", {"targetArn": "arn:aws:sns:eu-west-1:1:a.fifo"}, "does not support FIFO topics"),
        ("sns", {"targetArn": "arn:aws:sns:eu-west-1:1:a", "messageFormat": "XML"}, "messageFormat is one of"),
        ("sqs", {"queueUrl": "http://q/1/a.fifo"}, "does not support FIFO queues"),
        ("cloudwatchAlarm", {"alarmName": "a", "stateReason": "r", "stateValue": "HOT"}, "stateValue is one of"),
        ("cloudwatchMetric", {**METRIC, "metricUnit": "Celsius"}, "metricUnit is one of"),
        ("republish", {"topic": "t", "qos": 2}, "qos is one of 0, 1"),
        ("republish", {"topic": "t", "headers": {"contentEncoding": "x"}}, "headers has no contentEncoding"),
        ("republish", {"topic": "t", "headers": {"userProperties": [{"key": "a"}]}}, "a key and a value"),
        ("http", {"url": "ftp://a"}, "url begins with https"),
        ("http", {"url": "https://${id}"}, "needs a confirmationUrl"),
        ("http", {"url": "https://a", "confirmationUrl": "https://b"}, "begins with confirmationUrl"),
        ("http", {"url": "https://a", "auth": {"sigv4": {}}}, "signed requests"),
        ("http", {"url": "https://a", "batchConfig": {"maxBatchSize": 5}}, "needs enableBatching"),
        (
            "http",
            {"url": "https://a", "enableBatching": True, "batchConfig": {"maxBatchSize": 50}},
            "maxBatchSize is between 2 and 10",
        ),
        ("stepFunctions", {}, "stateMachineName is required"),
        ("stepFunctions", {"stateMachineName": "m", "input": "x"}, "does not serve input"),
        ("openSearch", {"endpoint": "https://e"}, "does not serve the rule action openSearch"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_cannot_be_done_is_refused_when_the_rule_is_created(name, parameters, text):
    with pytest.raises(AwsError, match=text) as refused:
        planned(name, parameters)
    ours = "local cloud does not serve" in refused.value.message
    assert refused.value.code == ("NotImplementedException" if ours else "InvalidRequestException")


def test_every_action_has_its_own_name_for_failures():
    names = [action.failed_action for action in ACTIONS.values()]
    assert len(set(names)) == len(names)
    assert {"S3Action", "DynamoAction", "RepublishAction"} <= set(names)


def test_numbers_keep_their_digits_on_the_way_into_dynamodb():
    delivery = planned("dynamoDB", {**DYNAMO, "hashKeyValue": "k"}, b'{"v": 1.10}', sql="SELECT v FROM 't/#'")
    assert Decimal(sent(delivery)[2]["payload"]["M"]["v"]["N"]) == Decimal("1.1")
