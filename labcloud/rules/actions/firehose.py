"""Action firehose: the result becomes a record of a delivery stream, or with batchMode each element of an array.

Source: AWS IoT Core Developer Guide, "Firehose". Without a separator the records run together in the object.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labcloud.api import Scope
from labcloud.iotsql import to_json
from labcloud.rules.actions.base import Action, ActionFailed, Result
from labcloud.rules.deliveries import Need, Origin, Ports

SEPARATORS = ("\n", "\t", "\r\n", ",")
MOST_RECORDS = 500


@dataclass(frozen=True)
class PutRecords:
    """Puts one record, or a batch of them, into a delivery stream (action firehose)."""

    stream: str
    records: tuple[bytes, ...]
    batch: bool
    failed_action = "FirehoseAction"

    @property
    def resource(self) -> str:
        return self.stream

    @property
    def summary(self) -> str:
        what = f"PutRecordBatch of {len(self.records)} records" if self.batch else "PutRecord"
        return f"{what} into delivery stream {self.stream}"

    def needs(self, scope: Scope) -> list[Need]:
        action = "firehose:PutRecordBatch" if self.batch else "firehose:PutRecord"
        return [Need(action, scope.arn("firehose", f"deliverystream/{self.stream}"))]

    def send(self, origin: Origin, ports: Ports) -> None:
        ports.put_to_delivery_stream(origin.scope, self.stream, self.records)


def plan(parameters: Mapping[str, Any], result: Result, scope: Scope) -> PutRecords:
    """One record, or one for each element of the result."""
    separator = (parameters.get("separator") or "").encode()
    batch = bool(parameters.get("batchMode")) and isinstance(result.value, list)
    if not batch:
        return PutRecords(parameters["deliveryStreamName"], (result.payload + separator,), False)
    if len(result.value) > MOST_RECORDS:
        raise ActionFailed(
            f"The Firehose action takes at most {MOST_RECORDS} records in a batch, not {len(result.value)}."
        )
    records = tuple(to_json(element).encode() + separator for element in result.value)
    return PutRecords(parameters["deliveryStreamName"], records, True)


ACTION = Action(
    plan,
    PutRecords.failed_action,
    required=("roleArn", "deliveryStreamName"),
    literal=("roleArn", "separator", "batchMode"),
    known=("roleArn", "deliveryStreamName", "separator", "batchMode"),
    choices={"separator": SEPARATORS, "batchMode": (True, False)},
)
