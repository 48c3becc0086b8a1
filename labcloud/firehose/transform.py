"""The contract with a transformation function: what it is sent and what its answer means. Pure.

Source: Amazon Data Firehose Developer Guide, "Transform source data".
"""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from labcloud.firehose.objects import FailedRecord, Record

Answer = tuple[list[bytes], list[FailedRecord]]
"""The transformed records in the order of the originals, and those that failed."""


def batches_of(records: Sequence[Record], most_bytes: int) -> Iterator[list[Record]]:
    """The records in batches whose data has at most `most_bytes`, at least one record each."""
    batch: list[Record] = []
    size = 0
    for record in records:
        if batch and size + len(record.data) > most_bytes:
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += len(record.data)
    if batch:
        yield batch


def event_of(stream_arn: str, region: str, records: Sequence[Record]) -> dict[str, Any]:
    """The event that the function gets."""
    return {
        "invocationId": str(uuid.uuid4()),
        "deliveryStreamArn": stream_arn,
        "region": region,
        "records": [
            {
                "recordId": f"{uuid.uuid4().int:049d}000000",
                "approximateArrivalTimestamp": record.arrived_ms,
                "data": base64.b64encode(record.data).decode(),
            }
            for record in records
        ],
    }


def read_answer(event: Mapping[str, Any], records: Sequence[Record], payload: bytes) -> Answer:
    """What became of each record by the function's answer."""
    ids = [entry["recordId"] for entry in event["records"]]
    try:
        answered = json.loads(payload)["records"]
        by_id = {entry["recordId"]: entry for entry in answered}
    except (ValueError, KeyError, TypeError):
        return [], _all_failed(
            records, "Lambda.JsonProcessingException", "The function's answer has no list of records."
        )
    if len(by_id) != len(answered):
        return [], _all_failed(records, "Lambda.DuplicatedRecordId", "The function's answer has a recordId twice.")
    if missing := [record_id for record_id in ids if record_id not in by_id]:
        text = f"The function's answer lacks {len(missing)} of {len(ids)} recordIds."
        return [], _all_failed(records, "Lambda.MissingRecordId", text)
    done: list[bytes] = []
    failed: list[FailedRecord] = []
    for record_id, record in zip(ids, records, strict=True):
        _read_entry(by_id[record_id], record, done, failed)
    return done, failed


def _read_entry(entry: Mapping[str, Any], record: Record, done: list[bytes], failed: list[FailedRecord]) -> None:
    result = entry.get("result")
    if result == "Dropped":
        return
    if result == "Ok":
        try:
            done.append(base64.b64decode(entry["data"], validate=True))
        except (KeyError, TypeError, ValueError, binascii.Error):
            failed.append(FailedRecord(record, "Lambda.JsonProcessingException", "The record's data is not base64."))
    elif result == "ProcessingFailed":
        text = "ProcessingFailed status set for record"
        failed.append(FailedRecord(record, "Lambda.ProcessingFailedStatus", text))
    else:
        text = f"The record's result is none of Ok, Dropped and ProcessingFailed: {result!r}."
        failed.append(FailedRecord(record, "Lambda.JsonProcessingException", text))


def _all_failed(records: Sequence[Record], code: str, message: str) -> list[FailedRecord]:
    return [FailedRecord(record, code, message) for record in records]
