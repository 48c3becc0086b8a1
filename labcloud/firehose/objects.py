"""What is written to S3: the object's name, its body, and the documents of failed records. Pure.

Source: Amazon Data Firehose Developer Guide, "Configure Amazon S3 object name format".
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import random
import uuid
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from labcloud.firehose.configuration import Destination
from labcloud.firehose.prefixes import evaluate_error_prefix, evaluate_prefix


@dataclass(frozen=True)
class Record:
    """A record as it arrived."""

    data: bytes
    arrived_ms: int


@dataclass(frozen=True)
class FailedRecord:
    """A record that could not be processed, and why."""

    record: Record
    code: str
    message: str
    attempts: int = 1


@dataclass(frozen=True)
class StoredObject:
    """An object that is to be written."""

    key: str
    body: bytes


def render_object(
    stream: str, version: str, destination: Destination, since_ms: int, data: Sequence[bytes]
) -> StoredObject:
    """The object that holds these records, compressed as the stream says."""
    moment = datetime.fromtimestamp(since_ms / 1000, destination.zone)
    prefix = evaluate_prefix(destination.prefix, moment, random.SystemRandom())
    name = _name(stream, version, moment)
    body = b"".join(part + destination.delimiter for part in data)
    return StoredObject(prefix + name + destination.extension, _compress(destination.compression, name, body))


def render_failures(
    stream: str, version: str, destination: Destination, failed: Sequence[FailedRecord], now_ms: int, lambda_arn: str
) -> StoredObject:
    """The object that tells of records whose processing failed: one JSON document a line."""
    moment = datetime.fromtimestamp(min(f.record.arrived_ms for f in failed) / 1000, destination.zone)
    prefix = evaluate_error_prefix(
        destination.prefix, destination.error_prefix, moment, "processing-failed", random.SystemRandom()
    )
    name = _name(stream, version, moment)
    body = "".join(_documents(failed, now_ms, lambda_arn)).encode()
    return StoredObject(prefix + name + destination.extension, _compress(destination.compression, name, body))


def _documents(failed: Iterable[FailedRecord], now_ms: int, lambda_arn: str) -> Iterable[str]:
    for failure in failed:
        document = {
            "attemptsMade": failure.attempts,
            "arrivalTimestamp": failure.record.arrived_ms,
            "errorCode": failure.code,
            "errorMessage": failure.message,
            "attemptEndingTimestamp": now_ms,
            "rawData": base64.b64encode(failure.record.data).decode(),
            "lambdaArn": lambda_arn,
        }
        yield json.dumps(document, separators=(",", ":")) + "\n"


def _name(stream: str, version: str, moment: datetime) -> str:
    return f"{stream}-{version}-{moment:%Y-%m-%d-%H-%M-%S}-{uuid.uuid4()}"


def _compress(form: str, name: str, body: bytes) -> bytes:
    if form == "GZIP":
        return gzip.compress(body, mtime=0)
    if form == "ZIP":
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, body)
        return packed.getvalue()
    return body
