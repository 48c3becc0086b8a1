"""Action kinesis: the result becomes a record of a Kinesis data stream.

Source: AWS IoT Core Developer Guide, "Kinesis Data Streams". Without a partition key each message gets a random one, so
the records spread over the shards (the guide does not say).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labcloud.api import Scope
from labcloud.rules.actions.base import Action, ActionFailed, Result
from labcloud.rules.deliveries import Need, Origin, Ports

LONGEST_KEY = 256


@dataclass(frozen=True)
class PutRecord:
    """Puts the result into a data stream (action kinesis)."""

    stream: str
    partition_key: str
    data: bytes
    failed_action = "KinesisAction"

    @property
    def resource(self) -> str:
        return self.stream

    @property
    def summary(self) -> str:
        return f"PutRecord into stream {self.stream}"

    def needs(self, scope: Scope) -> list[Need]:
        return [Need("kinesis:PutRecord", scope.arn("kinesis", f"stream/{self.stream}"))]

    def send(self, origin: Origin, ports: Ports) -> None:
        ports.put_to_stream(origin.scope, self.stream, self.partition_key, self.data)


def plan(parameters: Mapping[str, Any], result: Result, scope: Scope) -> PutRecord:
    """One record."""
    key = str(uuid.uuid4()) if parameters.get("partitionKey") is None else parameters["partitionKey"]
    if not 1 <= len(key) <= LONGEST_KEY:
        raise ActionFailed(f"The Kinesis action's partitionKey has 1 to {LONGEST_KEY} characters, not {len(key)}.")
    return PutRecord(parameters["streamName"], key, result.payload)


ACTION = Action(
    plan,
    PutRecord.failed_action,
    required=("roleArn", "streamName"),
    known=("roleArn", "streamName", "partitionKey"),
)
