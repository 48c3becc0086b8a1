"""An event source mapping as plain data. Source: Lambda API Reference, EventSourceMappingConfiguration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from labcloud.api import Scope
from labcloud.outlets import service_of

STREAM_DEFAULTS = {
    "MaximumRecordAgeInSeconds": -1,
    "MaximumRetryAttempts": -1,
    "BisectBatchOnFunctionError": False,
    "ParallelizationFactor": 1,
    "TumblingWindowInSeconds": 0,
    "DestinationConfig": {"OnFailure": {}},
}


@dataclass
class SourceMapping:
    """`settings` are the members of the API with their defaults; `positions` where each shard is read on."""

    uuid: str
    scope: Scope
    source_arn: str
    function: str
    """Name, name:qualifier or ARN, as given."""
    function_arn: str
    settings: dict[str, Any]
    enabled: bool
    modified_s: float
    result: str = "No records processed"
    positions: dict[str, int] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def service(self) -> str:
        """sqs, kinesis or dynamodb."""
        return service_of(self.source_arn)

    @property
    def arn(self) -> str:
        return self.scope.arn("lambda", f"event-source-mapping:{self.uuid}")

    @property
    def batch_size(self) -> int:
        return int(self.settings["BatchSize"])

    @property
    def window_s(self) -> int:
        return int(self.settings["MaximumBatchingWindowInSeconds"])

    @property
    def reports_items(self) -> bool:
        """Whether the function says which records of a batch failed."""
        return "ReportBatchItemFailures" in (self.settings.get("FunctionResponseTypes") or ())

    def described(self) -> dict[str, Any]:
        """What the API answers."""
        shown: dict[str, Any] = {name: value for name, value in self.settings.items() if value is not None}
        if isinstance(shown.get("StartingPositionTimestamp"), float):
            shown["StartingPositionTimestamp"] = datetime.fromtimestamp(shown["StartingPositionTimestamp"], UTC)
        return {
            **shown,
            "UUID": self.uuid,
            "EventSourceMappingArn": self.arn,
            "EventSourceArn": self.source_arn,
            "FunctionArn": self.function_arn,
            "State": "Enabled" if self.enabled else "Disabled",
            "StateTransitionReason": "USER_INITIATED",
            "LastModified": datetime.fromtimestamp(self.modified_s, UTC),
            "LastProcessingResult": self.result,
        }


def defaults_of(service: str) -> Mapping[str, Any]:
    """The defaults of a source's settings."""
    common = {"BatchSize": 10 if service == "sqs" else 100, "MaximumBatchingWindowInSeconds": 0}
    return common if service == "sqs" else {**common, **STREAM_DEFAULTS}
