"""Action timestream: one single-measure record for each member of the result, with the type that its JSON value has.

Source: AWS IoT Core Developer Guide, "Timestream". An object or an array is written as its JSON text.
Null members are left out (the guide does not say; a record without a value is not valid in Timestream).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from labcloud.api import Scope
from labcloud.rules.actions.base import Action, ActionFailed, Result
from labcloud.rules.deliveries import Need, Origin, Ports


@dataclass(frozen=True)
class WriteRecords:
    """Writes one single-measure record for each member of the result (action timestream)."""

    database: str
    table: str
    records: list[dict[str, Any]]
    failed_action = "TimestreamAction"

    @property
    def resource(self) -> str:
        return f"{self.database}#{self.table}"

    @property
    def summary(self) -> str:
        return f"WriteRecords of {len(self.records)} records into {self.database}.{self.table}"

    def needs(self, scope: Scope) -> list[Need]:
        table = scope.arn("timestream", f"database/{self.database}/table/{self.table}")
        return [Need("timestream:DescribeEndpoints", "*"), Need("timestream:WriteRecords", table)]

    def send(self, origin: Origin, ports: Ports) -> None:
        ports.write_records(origin.scope, self.database, self.table, self.records)


MOST_RECORDS = 100


def typed_measure(value: Any) -> tuple[str, str]:
    """The measure's text and Timestream type.

    >>> typed_measure(21), typed_measure(21.5), typed_measure(True), typed_measure("21"), typed_measure([1, 2])
    (('21', 'BIGINT'), ('21.5', 'DOUBLE'), ('true', 'BOOLEAN'), ('21', 'VARCHAR'), ('[1,2]', 'VARCHAR'))
    """
    if isinstance(value, bool):
        return str(value).lower(), "BOOLEAN"
    if isinstance(value, int):
        return str(value), "BIGINT"
    if isinstance(value, (float, Decimal)):
        return str(value), "DOUBLE"
    if isinstance(value, str):
        return value, "VARCHAR"
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=float), "VARCHAR"


def plan(parameters: Mapping[str, Any], result: Result, scope: Scope) -> WriteRecords:
    """The records of one message: all with the same dimensions and time."""
    if not isinstance(result.value, dict):
        raise ActionFailed("The Timestream action needs a JSON object as the rule's result.")
    members = {name: value for name, value in result.value.items() if value is not None}
    if len(members) > MOST_RECORDS:
        raise ActionFailed(f"The Timestream action writes at most {MOST_RECORDS} values, not {len(members)}.")
    timestamp = parameters.get("timestamp") or {"value": str(result.now_ms), "unit": "MILLISECONDS"}
    common = {
        "Dimensions": [{"Name": d["name"], "Value": d["value"]} for d in parameters["dimensions"]],
        "Time": timestamp["value"],
        "TimeUnit": timestamp.get("unit") or "MILLISECONDS",
    }
    records = []
    for name, value in members.items():
        text, kind = typed_measure(value)
        records.append({**common, "MeasureName": name, "MeasureValue": text, "MeasureValueType": kind})
    return WriteRecords(parameters["databaseName"], parameters["tableName"], records)


ACTION = Action(
    plan,
    WriteRecords.failed_action,
    required=("roleArn", "databaseName", "tableName", "dimensions"),
    known=("roleArn", "databaseName", "tableName", "dimensions", "timestamp"),
)
