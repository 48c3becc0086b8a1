"""A query execution as data, and as the API shows it. Source: Athena API Reference, QueryExecution."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from labcloud.api import Caller, Scope
from labcloud.athena.results import Column
from labcloud.athena.types import PRECISIONS

CATALOG = "awsdatacatalog"
FINAL = ("SUCCEEDED", "FAILED", "CANCELLED")


@dataclass
class Execution:
    """Changed only by the thread that runs it, and by StopQueryExecution."""

    id: str
    scope: Scope
    caller: Caller
    query: str
    kind: str
    """DML, DDL or UTILITY."""
    database: str
    catalog: str
    work_group: str
    output: str
    """s3://bucket/prefix/id.csv"""
    parameters: tuple[str, ...]
    submitted_s: float
    state: str = "QUEUED"
    reason: str = ""
    completed_s: float | None = None
    engine_ms: int = 0
    total_ms: int = 0
    scanned_bytes: int = 0
    columns: tuple[Column, ...] = ()
    cancelled: bool = field(default=False)

    @property
    def over(self) -> bool:
        return self.state in FINAL

    def described(self) -> dict[str, Any]:
        """What GetQueryExecution answers."""
        status: dict[str, Any] = {"State": self.state, "SubmissionDateTime": _moment(self.submitted_s)}
        if self.completed_s is not None:
            status["CompletionDateTime"] = _moment(self.completed_s)
        if self.reason:
            status["StateChangeReason"] = self.reason
        if self.state == "FAILED":
            status["AthenaError"] = {
                "ErrorCategory": 2,
                "ErrorType": 1006,
                "Retryable": False,
                "ErrorMessage": self.reason,
            }
        described: dict[str, Any] = {
            "QueryExecutionId": self.id,
            "Query": self.query,
            "StatementType": self.kind,
            "ResultConfiguration": {"OutputLocation": self.output},
            "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": False}},
            "QueryExecutionContext": {"Database": self.database, "Catalog": self.catalog},
            "Status": status,
            "Statistics": self.statistics(),
            "WorkGroup": self.work_group,
            "EngineVersion": {
                "SelectedEngineVersion": "AUTO",
                "EffectiveEngineVersion": "Athena engine version 3",
            },
        }
        if self.parameters:
            described["ExecutionParameters"] = list(self.parameters)
        return described

    def statistics(self) -> dict[str, Any]:
        """Times are this machine's, not the lab clock's."""
        return {
            "EngineExecutionTimeInMillis": self.engine_ms,
            "DataScannedInBytes": self.scanned_bytes,
            "TotalExecutionTimeInMillis": self.total_ms,
            "QueryQueueTimeInMillis": max(0, self.total_ms - self.engine_ms),
            "ServiceProcessingTimeInMillis": 0,
            "ResultReuseInformation": {"ReusedPreviousResult": False},
        }

    def column_info(self) -> list[dict[str, Any]]:
        """The ResultSetMetadata."""
        return [
            {
                "CatalogName": "hive",
                "SchemaName": "",
                "TableName": "",
                "Name": column.name,
                "Label": column.name,
                "Type": column.type,
                "Precision": PRECISIONS.get(column.type, 0),
                "Scale": 0,
                "Nullable": "UNKNOWN",
                "CaseSensitive": column.type == "varchar",
            }
            for column in self.columns
        ]


def _moment(epoch_s: float) -> datetime:
    return datetime.fromtimestamp(epoch_s, UTC)
