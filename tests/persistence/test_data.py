"""Data that was acknowledged is there after `kill -9`: items, objects, messages, records, log lines, metrics, rows."""

from __future__ import annotations

import datetime as dt
import json
import threading
import time
from collections.abc import Iterator

import pytest

from tests.persistence.making import (
    make_bucket,
    make_function,
    make_role,
    make_rule,
    make_table,
    make_timestream_table,
)
from tests.persistence.process import CloudProcess, Device
from tests.support import wait_until


@pytest.fixture(scope="module")
def cloud(tmp_path_factory) -> Iterator[CloudProcess]:
    process = CloudProcess(tmp_path_factory.mktemp("data") / "state").start()
    yield process
    process.kill()


def seen(cloud: CloudProcess, function: str) -> list[str]:
    """The lines with "seen" in a function's log."""
    logs = cloud.client("logs")
    name = f"/aws/lambda/{function}"
    if not logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]:
        return []
    events = logs.filter_log_events(logGroupName=name)["events"]
    return [event["message"] for event in events if "seen" in event["message"]]


def test_dynamodb_items(cloud):
    dynamodb = cloud.client("dynamodb")
    make_table(cloud, "plain")
    make_table(cloud, "ranged", range_key=True)
    dynamodb.put_item(TableName="plain", Item={"k": {"S": "put"}, "m": {"M": {"l": {"L": [{"N": "1.5"}]}}}})
    dynamodb.put_item(TableName="plain", Item={"k": {"S": "gone"}})
    dynamodb.delete_item(TableName="plain", Key={"k": {"S": "gone"}})
    update = {"UpdateExpression": "SET n = :n", "ExpressionAttributeValues": {":n": {"N": "7"}}}
    dynamodb.update_item(TableName="plain", Key={"k": {"S": "put"}}, **update)
    dynamodb.update_item(TableName="plain", Key={"k": {"S": "made"}}, **update)
    put = {"PutRequest": {"Item": {"k": {"S": "a"}, "r": {"S": "1"}, "b": {"B": b"\0\1"}}}}
    dynamodb.batch_write_item(RequestItems={"ranged": [put]})
    key = {"k": {"S": "a"}, "r": {"S": "2"}}
    dynamodb.transact_write_items(TransactItems=[{"Put": {"TableName": "ranged", "Item": key}}])
    dynamodb.execute_statement(Statement="INSERT INTO ranged VALUE {'k': 'b', 'r': '1', 'n': 3}")
    before = {name: dynamodb.scan(TableName=name)["Items"] for name in ("plain", "ranged")}
    cloud.kill_and_start()
    assert {name: dynamodb.scan(TableName=name)["Items"] for name in before} == before
    assert {item["k"]["S"] for item in before["plain"]} == {"put", "made"}
    assert len(before["ranged"]) == 3


def test_a_transaction_that_fails_leaves_nothing_behind(cloud):
    dynamodb = cloud.client("dynamodb")
    make_table(cloud, "transactions")
    dynamodb.put_item(TableName="transactions", Item={"k": {"S": "a"}, "v": {"N": "1"}})
    put = {"Put": {"TableName": "transactions", "Item": {"k": {"S": "a"}, "v": {"N": "2"}}}}
    check = {
        "ConditionCheck": {
            "TableName": "transactions",
            "Key": {"k": {"S": "b"}},
            "ConditionExpression": "attribute_exists(k)",
        }
    }
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
        dynamodb.transact_write_items(TransactItems=[put, check])
    cloud.kill_and_start()
    assert dynamodb.scan(TableName="transactions")["Items"] == [{"k": {"S": "a"}, "v": {"N": "1"}}]


def test_s3_objects_versions_tags_and_uploads_under_way(cloud):
    s3 = cloud.client("s3")
    make_bucket(cloud, "objects")
    s3.put_object(Bucket="objects", Key="a/b", Body=b"one", Metadata={"m": "1"}, ContentType="text/plain")
    s3.put_object_tagging(Bucket="objects", Key="a/b", Tagging={"TagSet": [{"Key": "t", "Value": "1"}]})
    s3.put_object(Bucket="objects", Key="gone", Body=b"x")
    s3.delete_object(Bucket="objects", Key="gone")
    make_bucket(cloud, "versions")
    s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket="versions", Key="v", Body=b"1")["VersionId"]
    s3.put_object(Bucket="versions", Key="v", Body=b"2")
    s3.delete_object(Bucket="versions", Key="v")
    upload = s3.create_multipart_upload(Bucket="objects", Key="big")["UploadId"]
    part = s3.upload_part(Bucket="objects", Key="big", UploadId=upload, PartNumber=1, Body=b"x" * 100)
    before = s3.head_object(Bucket="objects", Key="a/b")
    cloud.kill_and_start()
    after = s3.get_object(Bucket="objects", Key="a/b")
    assert after["Body"].read() == b"one"
    assert [after[name] for name in ("ETag", "LastModified", "Metadata", "ContentType")] == [
        before[name] for name in ("ETag", "LastModified", "Metadata", "ContentType")
    ]
    assert s3.get_object_tagging(Bucket="objects", Key="a/b")["TagSet"] == [{"Key": "t", "Value": "1"}]
    assert s3.list_objects_v2(Bucket="objects")["KeyCount"] == 1
    assert s3.get_object(Bucket="versions", Key="v", VersionId=first)["Body"].read() == b"1"
    assert len(s3.list_object_versions(Bucket="versions")["DeleteMarkers"]) == 1
    done = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(Bucket="objects", Key="big", UploadId=upload, MultipartUpload=done)
    assert s3.get_object(Bucket="objects", Key="big")["Body"].read() == b"x" * 100


def test_sqs_messages_in_flight_and_not(cloud):
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="q", Attributes={"VisibilityTimeout": "600"})["QueueUrl"]
    for body in ("held", "deleted", "waiting"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    held = sqs.receive_message(QueueUrl=url)["Messages"][0]
    deleted = sqs.receive_message(QueueUrl=url)["Messages"][0]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=deleted["ReceiptHandle"])
    cloud.kill_and_start()
    assert [m["Body"] for m in sqs.receive_message(QueueUrl=url).get("Messages", [])] == ["waiting"]
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=held["ReceiptHandle"], VisibilityTimeout=0)
    cloud.kill_and_start()
    assert [m["Body"] for m in sqs.receive_message(QueueUrl=url).get("Messages", [])] == ["held"]
    sqs.purge_queue(QueueUrl=url)
    cloud.kill_and_start()
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def test_log_lines_kinesis_records_and_metrics(cloud):
    logs, kinesis, metrics = cloud.client("logs"), cloud.client("kinesis"), cloud.client("cloudwatch")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    now = int(time.time() * 1000)
    for text in ("one", "two"):
        logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=[{"timestamp": now, "message": text}])
    kinesis.create_stream(StreamName="ks", ShardCount=1)
    for data in (b"one", b"two"):
        kinesis.put_record(StreamName="ks", Data=data, PartitionKey="p")
    metrics.put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": 3.5}])
    cloud.kill_and_start()
    lines = logs.get_log_events(logGroupName="g", logStreamName="s")["events"]
    assert [line["message"] for line in lines] == ["one", "two"]
    shard = kinesis.list_shards(StreamName="ks")["Shards"][0]["ShardId"]
    iterator = kinesis.get_shard_iterator(StreamName="ks", ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    records = kinesis.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
    assert [record["Data"] for record in records] == [b"one", b"two"]
    moment = dt.datetime.now(dt.UTC)
    statistics = metrics.get_metric_statistics(
        Namespace="n", MetricName="m", Period=60, Statistics=["Sum"],
        StartTime=moment - dt.timedelta(minutes=10), EndTime=moment + dt.timedelta(minutes=10),
    )  # fmt: skip
    assert [point["Sum"] for point in statistics["Datapoints"]] == [3.5]


def test_timestream_rows(cloud):
    make_timestream_table(cloud)
    record = {
        "Dimensions": [{"Name": "room", "Value": "a"}],
        "MeasureName": "temperature",
        "MeasureValue": "21.5",
        "Time": str(int(time.time() * 1000)),
    }
    cloud.client("timestream-write").write_records(DatabaseName="db1", TableName="tb1", Records=[record])
    cloud.kill_and_start()
    answer = cloud.client("timestream-query").query(QueryString='SELECT measure_value::double FROM "db1"."tb1"')
    assert [row["Data"][0]["ScalarValue"] for row in answer["Rows"]] == ["21.5"]


def test_shadows(cloud):
    data = cloud.client("iot-data")
    data.update_thing_shadow(thingName="t", payload=json.dumps({"state": {"reported": {"a": 1}}}))
    data.update_thing_shadow(thingName="t", shadowName="n", payload=json.dumps({"state": {"desired": {"b": 2}}}))
    data.update_thing_shadow(thingName="gone", payload=json.dumps({"state": {"desired": {"b": 2}}}))
    data.delete_thing_shadow(thingName="gone")
    cloud.kill_and_start()
    classic = json.load(data.get_thing_shadow(thingName="t")["payload"])
    named = json.load(data.get_thing_shadow(thingName="t", shadowName="n")["payload"])
    assert (classic["state"], classic["version"]) == ({"reported": {"a": 1}}, 1)
    assert named["state"]["desired"] == {"b": 2}
    with pytest.raises(data.exceptions.ResourceNotFoundException):
        data.get_thing_shadow(thingName="gone")


def test_the_lab_clock_keeps_its_distance_and_its_rate(cloud):
    cloud.lab("clock", {"advance_s": 86_400})
    cloud.lab("clock", {"rate": 100})
    before = cloud.lab("clock")
    cloud.kill_and_start()
    after = cloud.lab("clock")
    assert after["rate"] == 100
    assert after["now"] > before["now"]
    assert after["now"] - before["now"] < 100 * 60
    cloud.lab("clock", {"rate": 1})
    offset_s = cloud.lab("clock")["offset_s"]
    cloud.stop().start()
    assert abs(cloud.lab("clock")["offset_s"] - offset_s) < 0.2


def test_a_lifecycle_goes_on_and_what_it_took_stays_away(cloud):
    s3 = cloud.client("s3")
    make_bucket(cloud, "expiring")
    rules = [
        {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 2},
         "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
    ]  # fmt: skip
    s3.put_bucket_lifecycle_configuration(Bucket="expiring", LifecycleConfiguration={"Rules": rules})
    s3.put_object(Bucket="expiring", Key="a", Body=b"1")
    s3.create_multipart_upload(Bucket="expiring", Key="b")
    cloud.kill_and_start()
    assert s3.get_bucket_lifecycle_configuration(Bucket="expiring")["Rules"] == rules
    assert s3.list_objects_v2(Bucket="expiring")["KeyCount"] == 1
    cloud.lab("clock", {"advance_s": 3 * 86_400})
    s3.put_object(Bucket="expiring", Key="c", Body=b"1")
    cloud.kill_and_start()
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket="expiring")["Contents"]] == ["c"]
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="expiring")


def test_a_rate_keeps_its_phase_and_the_timer_is_planted_again(cloud):
    role_arn = make_role(cloud, "timer_role")["Arn"]
    function_arn = make_function(cloud, "timed", role_arn)
    events, functions = cloud.client("events"), cloud.client("lambda")
    events.put_rule(Name="e", ScheduleExpression="rate(10 minutes)")
    functions.add_permission(
        FunctionName="timed", StatementId="e", Action="lambda:InvokeFunction", Principal="events.amazonaws.com"
    )
    events.put_targets(Rule="e", Targets=[{"Id": "1", "Arn": function_arn}])
    cloud.lab("clock", {"advance_s": 300})
    cloud.kill_and_start()
    cloud.lab("clock", {"advance_s": 330})
    fired = wait_until(lambda: seen(cloud, "timed"), because="the rule fires 10 minutes after it was made")
    assert len(fired) == 1
    events.disable_rule(Name="e")


def test_sessions_keep_their_messages_and_retained_messages_stay(cloud, tmp_path):
    device = Device(cloud, tmp_path, "sleeper")
    sleeper = device.connect("sleeper", clean=False)
    sleeper.subscribe("to/sleeper")
    sleeper.close()
    sender = device.connect("sender")
    for number in range(20):
        sender.publish("to/sleeper", b"%d" % number)
    sender.publish("kept", b"retained", retain=True)
    cloud.kill_and_start()
    sender.close(politely=False)
    awake = device.connect("sleeper", clean=False)
    wait_until(lambda: len(awake.received) == 20, because="the 20 messages come")
    assert [payload for _, payload in awake.received] == [b"%d" % number for number in range(20)]
    awake.subscribe("kept")
    assert wait_until(lambda: awake.received[20:], because="the retained message") == [("kept", b"retained")]
    awake.close()


def test_rules_of_acknowledged_messages_are_carried_out_after_the_kill(cloud, tmp_path):
    """Killed while messages stream in: each that was acknowledged has its item."""
    role_arn = make_role(cloud, "rule_role")["Arn"]
    make_table(cloud, "readings")
    make_rule(cloud, "readings", "readings/+", "readings", role_arn)
    client = Device(cloud, tmp_path, "burst").connect("burst")
    acknowledged: list[int] = []
    numbers: dict[int, int] = {}
    client.paho.on_publish = lambda c, data, number, reason, properties: acknowledged.append(number)
    for reading in range(2000):
        sent = client.paho.publish(f"readings/{reading}", json.dumps({"k": str(reading)}), qos=1)
        numbers[sent.mid] = reading
    wait_until(lambda: len(acknowledged) > 200, because="some acknowledgements")
    cloud.kill()
    promised = {str(numbers[number]) for number in list(acknowledged)}
    client.close(politely=False)
    cloud.start()
    cloud.lab("settle", {})
    pages = cloud.client("dynamodb").get_paginator("scan").paginate(TableName="readings")
    stored = {item["k"]["S"] for page in pages for item in page["Items"]}
    assert promised - stored == set()


def test_an_asynchronous_invocation_that_is_not_over_is_begun_again(cloud):
    role_arn = make_role(cloud, "failing_role")["Arn"]
    make_function(cloud, "failing", role_arn, "def handler(event, context):\n    print('seen')\n    raise ValueError")
    cloud.client("lambda").invoke(FunctionName="failing", InvocationType="Event", Payload=b"{}")
    wait_until(lambda: seen(cloud, "failing"), because="the first attempt")
    cloud.kill_and_start()
    wait_until(lambda: len(seen(cloud, "failing")) >= 2, because="the first attempt after the start")


def test_records_in_a_delivery_streams_buffer_are_delivered_after_the_kill(cloud):
    role_arn = make_role(cloud, "delivery_role")["Arn"]
    make_bucket(cloud, "delivered")
    destination = {
        "RoleARN": role_arn,
        "BucketARN": "arn:aws:s3:::delivered",
        "BufferingHints": {"IntervalInSeconds": 60, "SizeInMBs": 5},
    }
    firehose, s3 = cloud.client("firehose"), cloud.client("s3")
    firehose.create_delivery_stream(DeliveryStreamName="fs", ExtendedS3DestinationConfiguration=destination)
    firehose.put_record(DeliveryStreamName="fs", Record={"Data": b"kept"})
    cloud.kill_and_start()
    cloud.lab("clock", {"advance_s": 61})
    [found] = wait_until(lambda: s3.list_objects_v2(Bucket="delivered").get("Contents"), because="the delivery")
    assert s3.get_object(Bucket="delivered", Key=found["Key"])["Body"].read() == b"kept"


@pytest.mark.parametrize("acknowledged_first", [20, 150])
def test_every_acknowledged_item_of_a_burst_is_there(cloud, acknowledged_first):
    table = f"burst{acknowledged_first}"
    make_table(cloud, table)
    acknowledged: list[str] = []

    def put(worker: int) -> None:
        dynamodb = cloud.client("dynamodb")
        for number in range(10_000):
            key = f"{worker}/{number}"
            try:
                dynamodb.put_item(TableName=table, Item={"k": {"S": key}, "v": {"N": str(number)}})
            except Exception:
                return  # the cloud was killed
            acknowledged.append(key)

    threads = [threading.Thread(target=put, args=(worker,)) for worker in range(3)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(acknowledged) >= acknowledged_first, within_s=20, because="items are acknowledged")
    cloud.kill()
    for thread in threads:
        thread.join()
    cloud.start()
    pages = cloud.client("dynamodb").get_paginator("scan").paginate(TableName=table)
    stored = {item["k"]["S"] for page in pages for item in page["Items"]}
    assert set(acknowledged) - stored == set()
