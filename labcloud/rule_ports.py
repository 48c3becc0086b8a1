"""Where rule actions go: the neighbours' in-process entries, joined for the rules' dispatcher."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from labcloud.api import Scope
from labcloud.awslambda.service import Functions
from labcloud.motobase import tables

WriteRecords = Callable[..., None]
"""write_records(account id, region, database, table, records); raises AwsError."""

Publish = Callable[[Scope, str, bytes, int], None]
"""publish(scope, topic, payload, qos)"""


class RulePorts:
    """Implements the rules' Ports."""

    def __init__(self, functions: Functions, write_records: WriteRecords, publish: Publish) -> None:
        self._functions = functions
        self._write_records = write_records
        self._publish = publish

    def put_item(self, scope: Scope, table: str, item: dict[str, Any]) -> None:
        tables.put_item(scope.account_id, scope.region, table, item)

    def write_records(self, scope: Scope, database: str, table: str, records: list[dict[str, Any]]) -> None:
        self._write_records(scope.account_id, scope.region, database, table, records)

    def invoke_function(self, scope: Scope, function_arn: str, payload: bytes, source_arn: str) -> None:
        self._functions.invoke_by_service(scope, function_arn, payload, "iot.amazonaws.com", source_arn)

    def publish(self, scope: Scope, topic: str, payload: bytes, qos: int, trace_id: str) -> None:
        self._publish(scope, topic, payload, qos)
