"""Queues and streams of moto 5.2 as sources of events: taking messages, giving them back, reading records by position."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import ServiceException
from moto.dynamodb.models import dynamodb_backends
from moto.kinesis.models import Stream, kinesis_backends
from moto.sqs.models import Message, Queue, sqs_backends

from labcloud.errors import AwsError
from labcloud.motobase import kinesis
from labcloud.motobase.event_targets import scope_of
from labcloud.motobase.refusals import as_aws_errors

Record = dict[str, Any]


@dataclass(frozen=True)
class QueueFacts:
    """What a mapping needs to know of a queue."""

    fifo: bool
    visibility_s: int


@dataclass(frozen=True)
class StreamRecord:
    """A record in the form that functions get; `position` is its sequence number."""

    position: int
    arrived_s: float
    record: Record


# -- queues


def queue_facts(arn: str) -> QueueFacts:
    """Raises AwsError for a queue that does not exist."""
    queue = _queue(arn)
    return QueueFacts(bool(queue.fifo_queue), _visibility_s(queue))


def waiting_messages(arn: str) -> int:
    """How many messages could be received now."""
    return int(_queue(arn).approximate_number_of_messages)


def receive(arn: str, count: int) -> list[Record]:
    """Receives up to `count` messages in the form that functions get. Raises AwsError."""
    queue, scope = _queue(arn), scope_of(arn)
    backend = sqs_backends[scope.account_id][scope.region]
    found: list[Record] = []
    while len(found) < count:
        got = backend.receive_message(queue.name, min(10, count - len(found)), 0, _visibility_s(queue), ["All"])
        if not got:
            break
        found += [_message(arn, message) for message in got]
    return found


def delete(arn: str, receipts: list[str]) -> None:
    """Deletes received messages."""
    queue, scope = _queue(arn), scope_of(arn)
    for receipt in receipts:
        with as_aws_errors():
            sqs_backends[scope.account_id][scope.region].delete_message(queue.name, receipt)


def give_back(arn: str, receipts: list[str]) -> None:
    """Makes received messages visible again; those that are gone or were received again since are left alone."""
    scope = scope_of(arn)
    for receipt in receipts:
        try:
            queue = _queue(arn)
            if any(message.receipt_handle == receipt for message in queue._messages):
                sqs_backends[scope.account_id][scope.region].change_message_visibility(queue.name, receipt, 0)
        except (AwsError, ServiceException):
            continue


def _visibility_s(queue: Any) -> int:
    """moto sets the attribute by its name only."""
    return int(queue.visibility_timeout)


def _message(arn: str, message: Message) -> Record:
    attributes = {
        "ApproximateReceiveCount": str(message.approximate_receive_count),
        "SentTimestamp": str(message.sent_timestamp),
        "SenderId": message.sender_id,
        "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
        "MessageGroupId": message.group_id,
        "MessageDeduplicationId": message.deduplication_id if message.group_id else None,
        "SequenceNumber": message.sequence_number if message.group_id else None,
    }
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": {name: value for name, value in attributes.items() if value is not None},
        "messageAttributes": {name: _attribute(value) for name, value in message.message_attributes.items()},
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": scope_of(arn).region,
    }


def _attribute(value: dict[str, Any]) -> Record:
    written = {"stringValue": value.get("StringValue"), "binaryValue": value.get("BinaryValue")}
    return {
        **{name: text for name, text in written.items() if text is not None},
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": value["DataType"],
    }


def _queue(arn: str) -> Queue:
    scope = scope_of(arn)
    found = sqs_backends[scope.account_id][scope.region].queues.get(arn.rsplit(":", 1)[-1])
    if found is None:
        raise AwsError("The specified queue does not exist.", code="AWS.SimpleQueueService.NonExistentQueue")
    return found


# -- streams


def shards_of(arn: str) -> list[str]:
    """The shards of a Kinesis stream or a table's stream. Raises AwsError ResourceNotFoundException."""
    if ":dynamodb:" in arn:
        return [_table(arn).stream_shard.id]
    return list(_stream(arn).shards)


def read_after(arn: str, shard: str, position: int, count: int) -> list[StreamRecord]:
    """The first records of a shard after a position, in order."""
    if ":dynamodb:" in arn:
        items = _table(arn).stream_shard.items
        found = [_table_record(arn, item.to_json()) for item in items]
    else:
        stream = _stream(arn)
        records = list(stream.shards[shard].records.items())
        position = max(position, kinesis.last_expired(stream, stream.shards[shard]))
        found = [_stream_record(arn, shard, number, record) for number, record in records if number > position]
    return [record for record in found if record.position > position][:count]


def last_position(arn: str, shard: str) -> int:
    """The position of a shard's newest record; -1 if there is none."""
    if ":dynamodb:" in arn:
        items = _table(arn).stream_shard.items
        return int(items[-1].to_json()["dynamodb"]["SequenceNumber"]) if items else -1
    return max(_stream(arn).shards[shard].records, default=-1)


def _stream(arn: str) -> Stream:
    scope = scope_of(arn)
    with as_aws_errors():
        return kinesis_backends[scope.account_id][scope.region].describe_stream(stream_arn=arn, stream_name=None)


def _table(arn: str) -> Any:
    scope, name = scope_of(arn), arn.split("/")[1]
    table = dynamodb_backends[scope.account_id][scope.region].tables.get(name)
    if table is None or table.stream_shard is None or not arn.endswith(f"/stream/{table.latest_stream_label}"):
        raise AwsError(f"Requested resource not found: Stream: {arn} not found", code="ResourceNotFoundException")
    return table


def _stream_record(arn: str, shard: str, number: int, record: Any) -> StreamRecord:
    described = {
        "kinesisSchemaVersion": "1.0",
        "partitionKey": record.partition_key,
        "sequenceNumber": str(number),
        "data": record.data if isinstance(record.data, str) else base64.b64encode(record.data).decode(),
        "approximateArrivalTimestamp": record.created_at,
    }
    written = {
        "kinesis": described,
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{shard}:{number}",
        "eventName": "aws:kinesis:record",
        "awsRegion": scope_of(arn).region,
        "eventSourceARN": arn,
    }
    return StreamRecord(int(number), float(record.created_at), written)


def _table_record(arn: str, record: Record) -> StreamRecord:
    change = dict(record["dynamodb"])
    created = change["ApproximateCreationDateTime"]
    arrived_s = created.replace(tzinfo=UTC).timestamp() if isinstance(created, datetime) else float(created)
    change["ApproximateCreationDateTime"] = int(arrived_s)
    written = {
        **record,
        "dynamodb": change,
        "eventSourceARN": arn,
        "awsRegion": scope_of(arn).region,
        "eventVersion": "1.1",
    }
    return StreamRecord(int(change["SequenceNumber"]), arrived_s, written)
