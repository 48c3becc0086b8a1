"""Reads of Firehose delivery streams in moto 5.2 (its control plane) as plain data. moto's own PutRecord is not used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.firehose.models import firehose_backends

from labcloud.errors import AwsError


@dataclass(frozen=True)
class StoredStream:
    """A delivery stream with its S3 destination in the API's form."""

    name: str
    arn: str
    version: str
    configuration: Mapping[str, Any]


def delivery_stream(account_id: str, region: str, name: str) -> StoredStream:
    """Raises AwsError ResourceNotFoundException."""
    found = firehose_backends[account_id][region].delivery_streams.get(name)
    if found is None:
        message = f"Firehose {name} under account {account_id} not found."
        raise AwsError(message, code="ResourceNotFoundException")
    destination = found.destinations[0]
    configuration = destination.get("ExtendedS3") or destination["S3"]
    return StoredStream(name, found.delivery_stream_arn, found.version_id, configuration)
