"""Puts records into moto 5.2's Kinesis data streams in-process."""

from __future__ import annotations

import base64

from moto.kinesis.models import kinesis_backends

from labcloud.errors import AwsError
from labcloud.motobase.refusals import as_aws_errors

LARGEST_RECORD = 1024 * 1024
"""Bytes of data and partition key (the limit of a stream that was not given a larger one)."""


def put_record(account_id: str, region: str, name: str, partition_key: str, data: bytes) -> None:
    """Puts one record. Raises AwsError as PutRecord does."""
    if len(data) + len(partition_key.encode()) > LARGEST_RECORD:
        message = f"1 validation error detected: a record has at most {LARGEST_RECORD} bytes"
        raise AwsError(message, code="ValidationException")
    with as_aws_errors():
        kinesis_backends[account_id][region].put_record(
            stream_arn="",
            stream_name=name,
            partition_key=partition_key,
            explicit_hash_key="",
            data=base64.b64encode(data).decode(),
        )
