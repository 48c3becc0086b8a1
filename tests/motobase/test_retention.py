"""What is kept for a time goes when the lab clock says so: log events, Kinesis records. And what moto loses at updates."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labcloud.motobase import event_sources
from tests.running import Lab, running_lab

DAY = 86_400
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "iot.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with running_lab() as started:
        yield started


def make_log(lab: Lab, group: str, days: int | None = None) -> dict[str, str]:
    lab.logs.create_log_group(logGroupName=group)
    lab.logs.create_log_stream(logGroupName=group, logStreamName="s")
    if days is not None:
        lab.logs.put_retention_policy(logGroupName=group, retentionInDays=days)
    return {"logGroupName": group, "logStreamName": "s"}


def write(lab: Lab, log: dict[str, str], *messages: str, at_s: float | None = None) -> Any:
    stamp = int((lab.cloud.clock.now() if at_s is None else at_s) * 1000)
    return lab.logs.put_log_events(**log, logEvents=[{"timestamp": stamp, "message": each} for each in messages])


def read(lab: Lab, log: dict[str, str], **more: Any) -> list[str]:
    return [event["message"] for event in lab.logs.get_log_events(**log, **more)["events"]]


def test_log_events_are_read_no_more_when_their_days_are_over(lab: Lab) -> None:
    log = make_log(lab, "kept-3", 3)
    write(lab, log, "first")
    lab.cloud.clock.advance(2 * DAY)
    write(lab, log, "second")
    assert read(lab, log) == ["first", "second"]
    lab.cloud.clock.advance(1.5 * DAY)
    assert read(lab, log) == read(lab, log, startFromHead=True) == ["second"]
    found = lab.logs.filter_log_events(logGroupName="kept-3")["events"]
    assert [event["message"] for event in found] == ["second"]
    [stream] = lab.logs.describe_log_streams(logGroupName="kept-3")["logStreams"]
    assert stream["firstEventTimestamp"] == stream["lastEventTimestamp"] == found[0]["timestamp"]
    lab.cloud.clock.advance(2 * DAY)
    assert read(lab, log) == []
    [stream] = lab.logs.describe_log_streams(logGroupName="kept-3")["logStreams"]
    assert "firstEventTimestamp" not in stream
    lab.logs.delete_retention_policy(logGroupName="kept-3")
    assert read(lab, log) == ["first", "second"], "nothing is deleted at once: CloudWatch Logs takes days for it"


def test_without_retention_log_events_stay(lab: Lab) -> None:
    log = make_log(lab, "kept-for-ever")
    write(lab, log, "old")
    lab.cloud.clock.advance(4000 * DAY)
    assert read(lab, log) == ["old"]


def test_a_reader_goes_on_where_it_was_though_older_events_go(lab: Lab) -> None:
    log = make_log(lab, "followed", 1)
    write(lab, log, "a", "b")
    forward = lab.logs.get_log_events(**log, startFromHead=True)["nextForwardToken"]
    assert lab.logs.get_log_events(**log, nextToken=forward)["nextForwardToken"] == forward
    lab.cloud.clock.advance(2 * DAY)
    write(lab, log, "c", "d")
    assert read(lab, log, nextToken=forward) == ["c", "d"]


def test_pages_of_a_log_go_forwards_and_backwards(lab: Lab) -> None:
    log = make_log(lab, "paged")
    write(lab, log, *"abcde")
    page = lab.logs.get_log_events(**log, limit=2)
    assert [event["message"] for event in page["events"]] == ["d", "e"]
    assert read(lab, log, limit=2, nextToken=page["nextBackwardToken"]) == ["b", "c"]
    page = lab.logs.get_log_events(**log, limit=2, startFromHead=True)
    page = lab.logs.get_log_events(**log, limit=2, nextToken=page["nextForwardToken"])
    assert [event["message"] for event in page["events"]] == ["c", "d"]
    assert read(lab, log, limit=2, nextToken=page["nextBackwardToken"]) == ["a", "b"]
    with pytest.raises(ClientError, match="The specified nextToken is invalid"):
        read(lab, log, nextToken="x/1")


def test_log_events_that_are_too_old_too_new_or_expired_are_rejected(lab: Lab) -> None:
    now = lab.cloud.clock.now()
    log = make_log(lab, "strict", 7)
    stamps = [now - 8 * DAY, now - 60, now, now + 3 * 3600]
    events = [{"timestamp": int(stamp * 1000), "message": str(number)} for number, stamp in enumerate(stamps)]
    rejected = lab.logs.put_log_events(**log, logEvents=events)["rejectedLogEventsInfo"]
    assert rejected == {"expiredLogEventEndIndex": 1, "tooNewLogEventStartIndex": 3}
    assert read(lab, log) == ["1", "2"]


def test_log_events_of_real_time_are_taken_though_the_lab_is_ahead(lab: Lab) -> None:
    """Programs beside the lab stamp in real time, functions in the lab's."""
    log = make_log(lab, "two-clocks")
    lab.cloud.clock.advance(20 * DAY)
    assert "rejectedLogEventsInfo" not in write(lab, log, "real", at_s=time.time())
    assert "rejectedLogEventsInfo" not in write(lab, log, "lab")
    old = write(lab, log, "old", at_s=time.time() - 15 * DAY)
    assert old["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
    [first, *_] = lab.logs.filter_log_events(logGroupName="two-clocks")["events"]
    assert first["ingestionTime"] > (time.time() + 19 * DAY) * 1000


def test_valid_log_events_of_one_request_lie_within_a_day(lab: Lab) -> None:
    log = make_log(lab, "span")
    now = lab.cloud.clock.now()
    events = [{"timestamp": int(stamp * 1000), "message": "m"} for stamp in (now - 2 * DAY, now)]
    with pytest.raises(ClientError, match="cannot span more than 24 hours") as refused:
        lab.logs.put_log_events(**log, logEvents=events)
    assert refused.value.response["Error"]["Code"] == "InvalidParameterException"


def records(lab: Lab, stream: str, **start: Any) -> list[bytes]:
    [shard] = lab.kinesis.list_shards(StreamName=stream)["Shards"]
    iterator = lab.kinesis.get_shard_iterator(StreamName=stream, ShardId=shard["ShardId"], **start)["ShardIterator"]
    return [record["Data"] for record in lab.kinesis.get_records(ShardIterator=iterator)["Records"]]


def test_kinesis_records_go_when_the_stream_keeps_them_no_longer(lab: Lab) -> None:
    lab.kinesis.create_stream(StreamName="kept", ShardCount=1)
    number = lab.kinesis.put_record(StreamName="kept", PartitionKey="p", Data=b"1")["SequenceNumber"]
    lab.cloud.clock.advance(DAY / 2)
    lab.kinesis.put_record(StreamName="kept", PartitionKey="p", Data=b"2")
    assert records(lab, "kept", ShardIteratorType="TRIM_HORIZON") == [b"1", b"2"]
    lab.cloud.clock.advance(DAY / 2 + 60)
    assert records(lab, "kept", ShardIteratorType="TRIM_HORIZON") == [b"2"]
    after = {"ShardIteratorType": "AT_SEQUENCE_NUMBER", "StartingSequenceNumber": number}
    assert records(lab, "kept", **after) == [b"2"]
    lab.cloud.clock.advance(DAY)
    assert records(lab, "kept", ShardIteratorType="TRIM_HORIZON") == []
    lab.kinesis.put_record(StreamName="kept", PartitionKey="p", Data=b"3")
    assert records(lab, "kept", ShardIteratorType="TRIM_HORIZON") == [b"3"]


def test_a_longer_retention_keeps_kinesis_records_longer(lab: Lab) -> None:
    lab.kinesis.create_stream(StreamName="longer", ShardCount=1)
    lab.kinesis.increase_stream_retention_period(StreamName="longer", RetentionPeriodHours=72)
    lab.kinesis.put_record(StreamName="longer", PartitionKey="p", Data=b"1")
    lab.cloud.clock.advance(2 * DAY)
    assert records(lab, "longer", ShardIteratorType="TRIM_HORIZON") == [b"1"]


def test_a_function_that_reads_a_stream_from_its_start_gets_no_expired_records(lab: Lab) -> None:
    lab.kinesis.create_stream(StreamName="read", ShardCount=1)
    lab.kinesis.put_record(StreamName="read", PartitionKey="p", Data=b"1")
    lab.cloud.clock.advance(2 * DAY)
    lab.kinesis.put_record(StreamName="read", PartitionKey="p", Data=b"2")
    arn = lab.arn("kinesis", "stream/read")
    shard = event_sources.shards_of(arn)[0]
    assert [record.position for record in event_sources.read_after(arn, shard, -1, 10)] == [2]


def test_a_role_keeps_its_description_when_something_else_of_it_changes(lab: Lab) -> None:
    lab.iam.create_role(RoleName="told", AssumeRolePolicyDocument=json.dumps(TRUST), Description="of the house")
    lab.iam.update_role(RoleName="told", MaxSessionDuration=7200)
    role = lab.iam.get_role(RoleName="told")["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("of the house", 7200)
    lab.iam.update_role(RoleName="told", Description="")
    assert not lab.iam.get_role(RoleName="told")["Role"].get("Description")


def test_s3_select_is_refused_by_name(lab: Lab) -> None:
    """moto answers some of its queries with another query's result."""
    with pytest.raises(ClientError, match="SelectObjectContent") as refused:
        lab.s3.select_object_content(
            Bucket="lake",
            Key="a.csv",
            Expression="SELECT max(s.age) AS oldest FROM s3object s",
            ExpressionType="SQL",
            InputSerialization={"CSV": {"FileHeaderInfo": "USE"}},
            OutputSerialization={"JSON": {}},
        )
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert "Athena" in str(refused.value)
