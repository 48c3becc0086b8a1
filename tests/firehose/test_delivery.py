"""Delivery streams in a running cloud: what is written to S3, when, and with whose permission."""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import time
import zipfile
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from tests.running import ACCOUNT

FIREHOSE = "firehose.amazonaws.com"


def make_stream(lab, name, *, allowed=("s3:PutObject",), **settings):
    """A bucket, a role and a delivery stream, all of one name."""
    lab.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    role = lab.role(f"{name}_role", FIREHOSE, *((action, "*") for action in allowed))
    configuration = {"RoleARN": role, "BucketARN": f"arn:aws:s3:::{name}", **settings}
    configuration.setdefault("BufferingHints", {"SizeInMBs": 1, "IntervalInSeconds": 60})
    lab.firehose.create_delivery_stream(DeliveryStreamName=name, ExtendedS3DestinationConfiguration=configuration)
    return role


def put(lab, name, *records):
    for record in records:
        lab.firehose.put_record(DeliveryStreamName=name, Record={"Data": record})


def processors(*, arn=None, delimiter=None, **parameters):
    found = []
    if arn:
        given = {"LambdaArn": arn, **parameters}
        listed = [{"ParameterName": name, "ParameterValue": value} for name, value in given.items()]
        found.append({"Type": "Lambda", "Parameters": listed})
    if delimiter:
        listed = [{"ParameterName": "Delimiter", "ParameterValue": delimiter}]
        found.append({"Type": "AppendDelimiterToRecord", "Parameters": listed})
    return {"Enabled": True, "Processors": found}


def test_records_wait_for_the_time_and_then_make_one_object(lab):
    make_stream(lab, "by-time")
    began = datetime.fromtimestamp(lab.cloud.clock.now(), UTC)
    put(lab, "by-time", b"one", b"two")
    lab.cloud.clock.advance(55)
    assert lab.objects_in("by-time") == {}
    lab.cloud.clock.advance(10)
    [(key, body)] = lab.objects_in("by-time").items()
    assert body == b"onetwo"
    uuid = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    pattern = rf"(\d{{4}}/\d\d/\d\d/\d\d)/by-time-1-(\d{{4}}-\d\d-\d\d-\d\d-\d\d-\d\d)-{uuid}"
    matched = re.fullmatch(pattern, key)
    assert matched, key
    told = datetime.strptime(matched[2], "%Y-%m-%d-%H-%M-%S").replace(tzinfo=UTC)
    assert abs((told - began).total_seconds()) < 5
    assert matched[1] == f"{told:%Y/%m/%d/%H}"


def test_a_full_buffer_does_not_wait(lab):
    make_stream(lab, "by-size")
    lab.firehose.put_record_batch(
        DeliveryStreamName="by-size", Records=[{"Data": b"x" * 600_000}, {"Data": b"y" * 600_000}]
    )
    assert lab.cloud.settle()
    [body] = lab.objects_in("by-size").values()
    assert len(body) == 1_200_000


def test_put_record_batch_answers_for_each_record(lab):
    make_stream(lab, "batch")
    answer = lab.firehose.put_record_batch(DeliveryStreamName="batch", Records=[{"Data": b"1"}, {"Data": b"2"}])
    assert answer["FailedPutCount"] == 0
    assert len({entry["RecordId"] for entry in answer["RequestResponses"]}) == 2


def test_a_stream_may_compress_delimit_prefix_and_rename(lab):
    make_stream(
        lab,
        "shaped",
        Prefix="readings/!{timestamp:'year='yyyy}/",
        ErrorOutputPrefix="errors/!{firehose:error-output-type}/",
        CompressionFormat="GZIP",
        FileExtension=".json.gz",
        ProcessingConfiguration=processors(delimiter="\\n"),
    )
    put(lab, "shaped", b'{"a":1}', b'{"a":2}')
    lab.cloud.clock.advance(61)
    [(key, body)] = lab.objects_in("shaped").items()
    assert re.match(r"readings/year=\d{4}/shaped-1-.*\.json\.gz$", key)
    assert gzip.decompress(body) == b'{"a":1}\n{"a":2}\n'


def test_a_stream_may_zip(lab):
    make_stream(lab, "zipped", CompressionFormat="ZIP")
    put(lab, "zipped", b"one")
    lab.cloud.clock.advance(61)
    [(key, body)] = lab.objects_in("zipped").items()
    archive = zipfile.ZipFile(io.BytesIO(body))
    assert key.endswith(".zip")
    assert [archive.read(name) for name in archive.namelist()] == [b"one"]


TRANSFORM = """
import base64
def handle(event, context):
    def one(record):
        text = base64.b64decode(record["data"]).decode()
        result = {"drop": "Dropped", "fail": "ProcessingFailed"}.get(text, "Ok")
        data = base64.b64encode(text.upper().encode()).decode()
        return {"recordId": record["recordId"], "result": result, "data": data}
    return {"records": [one(record) for record in event["records"]]}
"""


def test_a_function_changes_drops_and_fails_records(lab):
    arn = lab.function("transform", TRANSFORM)
    allowed = ("s3:PutObject", "lambda:InvokeFunction")
    make_stream(lab, "changed", allowed=allowed, ProcessingConfiguration=processors(arn=arn), Prefix="good/")
    put(lab, "changed", b"hello", b"drop", b"fail", b"world")
    lab.cloud.clock.advance(61)
    found = lab.objects_in("changed")
    [good] = [body for key, body in found.items() if key.startswith("good/2")]
    [bad] = [body for key, body in found.items() if key.startswith("good/processing-failed/")]
    assert good == b"HELLOWORLD"
    told = json.loads(bad)
    assert base64.b64decode(told["rawData"]) == b"fail"
    assert (told["errorCode"], told["attemptsMade"]) == ("Lambda.ProcessingFailedStatus", 1)
    assert told["lambdaArn"] == arn


def test_without_the_permission_to_invoke_every_record_fails_and_the_log_says_why(lab):
    arn = lab.function("forbidden", TRANSFORM)
    lab.logs.create_log_group(logGroupName="/firehose/closed")
    lab.logs.create_log_stream(logGroupName="/firehose/closed", logStreamName="errors")
    logging = {"Enabled": True, "LogGroupName": "/firehose/closed", "LogStreamName": "errors"}
    make_stream(
        lab,
        "closed",
        allowed=("s3:PutObject", "logs:PutLogEvents"),
        ProcessingConfiguration=processors(arn=arn, NumberOfRetries="1"),
        CloudWatchLoggingOptions=logging,
    )
    put(lab, "closed", b"hello")
    lab.cloud.clock.advance(61)
    [(key, body)] = lab.objects_in("closed").items()
    assert key.startswith("processing-failed/")
    assert (json.loads(body)["errorCode"], json.loads(body)["attemptsMade"]) == ("Lambda.InvokeAccessDenied", 2)
    told = json.loads(lab.lines_of("/firehose/closed")[0])
    assert told["errorCode"] == "Lambda.InvokeAccessDenied"
    assert told["deliveryStreamARN"] == lab.arn("firehose", "deliverystream/closed")


def test_what_the_role_may_not_write_is_written_once_it_may(lab):
    make_stream(lab, "patient", allowed=())
    put(lab, "patient", b"kept")
    lab.cloud.clock.advance(61)
    assert lab.objects_in("patient") == {}
    lab.role("patient_role", FIREHOSE, ("s3:PutObject", "arn:aws:s3:::patient/*"))
    lab.cloud.clock.advance(61)
    assert list(lab.objects_in("patient").values()) == [b"kept"]


def test_a_role_that_firehose_may_not_assume_writes_nothing(lab):
    make_stream(lab, "stranger")
    lab.role("stranger_role", "lambda.amazonaws.com", ("s3:PutObject", "*"))
    put(lab, "stranger", b"x")
    lab.cloud.clock.advance(61)
    assert lab.objects_in("stranger") == {}


def test_the_version_in_the_name_grows_with_each_update(lab):
    make_stream(lab, "newer")
    described = lab.firehose.describe_delivery_stream(DeliveryStreamName="newer")["DeliveryStreamDescription"]
    lab.firehose.update_destination(
        DeliveryStreamName="newer",
        CurrentDeliveryStreamVersionId=described["VersionId"],
        DestinationId=described["Destinations"][0]["DestinationId"],
        ExtendedS3DestinationUpdate={"Prefix": "v2/"},
    )
    put(lab, "newer", b"x")
    lab.cloud.clock.advance(61)
    [key] = lab.objects_in("newer")
    assert re.match(r"v2/.*/newer-2-", key)


def test_a_rule_fills_the_lake_through_a_delivery_stream(lab):
    make_stream(lab, "lake")
    role = lab.role(
        "rule_role", "iot.amazonaws.com", ("firehose:PutRecord", lab.arn("firehose", "deliverystream/lake"))
    )
    action = {"firehose": {"deliveryStreamName": "lake", "separator": "\n", "roleArn": role}}
    lab.rule("lake", action, sql="SELECT * FROM 'sensors/#'")
    lab.publish("sensors/1", {"a": 1})
    lab.publish("sensors/2", {"a": 2})
    lab.cloud.clock.advance(61)
    assert list(lab.objects_in("lake").values()) == [b'{"a":1}\n{"a":2}\n']


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"DynamicPartitioningConfiguration": {"Enabled": True}}, "dynamic partitioning"),
        ({"DataFormatConversionConfiguration": {"Enabled": True}}, "record format"),
        ({"CompressionFormat": "Snappy"}, "CompressionFormat Snappy"),
        ({"S3BackupMode": "Enabled"}, "backups"),
        (
            {"BufferingHints": {"SizeInMBs": 128, "IntervalInSeconds": 900}, "CustomTimeZone": "Moon/Sea"},
            "no time zone",
        ),
        ({"Prefix": "!{timestamp:yyyy}/"}, "ErrorOutputPrefix is required"),
        (
            {"ProcessingConfiguration": {"Enabled": True, "Processors": [{"Type": "MetadataExtraction"}]}},
            "processor MetadataExtraction",
        ),
    ],
    ids=["partitioning", "conversion", "snappy", "backup", "zone", "prefix", "processor"],
)
def test_what_is_not_served_is_refused_when_the_stream_is_created(lab, settings, text):
    configuration = {"RoleARN": f"arn:aws:iam::{ACCOUNT}:role/r", "BucketARN": "arn:aws:s3:::b", **settings}
    with pytest.raises(ClientError, match=text) as refused:
        lab.firehose.create_delivery_stream(DeliveryStreamName="no", ExtendedS3DestinationConfiguration=configuration)
    assert refused.value.response["Error"]["Code"] == "InvalidArgumentException"


def test_records_for_an_unknown_stream_are_refused(lab):
    with pytest.raises(lab.firehose.exceptions.ResourceNotFoundException):
        put(lab, "nobody", b"x")


def test_waiting_records_survive_a_restart(lab):
    from labcloud.firehose import Firehose

    make_stream(lab, "restarted")
    put(lab, "restarted", b"kept")
    state = json.loads(json.dumps(lab.cloud.firehose.state()))
    mine = [entry for entry in state if entry["stream"] == "restarted"]
    later = Firehose(lab.cloud.clock, lab.cloud.roles, lab.cloud.functions.call)
    later.restore(mine)
    lab.cloud.clock.advance(61)
    assert list(lab.objects_in("restarted").values()) == [b"kept", b"kept"]


def test_a_log_subscription_fills_the_streams_buffer(lab):
    make_stream(lab, "log-lake")
    role = lab.role("logs_role", "logs.amazonaws.com", ("firehose:PutRecord", "*"))
    lab.logs.create_log_group(logGroupName="subscribed")
    lab.logs.create_log_stream(logGroupName="subscribed", logStreamName="s")
    lab.logs.put_subscription_filter(
        logGroupName="subscribed",
        filterName="all",
        filterPattern="",
        destinationArn=lab.arn("firehose", "deliverystream/log-lake"),
        roleArn=role,
    )
    at_ms = int(time.time() * 1000)
    lab.logs.put_log_events(
        logGroupName="subscribed", logStreamName="s", logEvents=[{"timestamp": at_ms, "message": "hot"}]
    )
    assert lab.objects_in("log-lake") == {}
    lab.cloud.clock.advance(61)
    [body] = lab.objects_in("log-lake").values()
    told = json.loads(gzip.decompress(body))
    assert (told["logGroup"], [event["message"] for event in told["logEvents"]]) == ("subscribed", ["hot"])
