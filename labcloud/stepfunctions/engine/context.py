"""The context object, which paths that begin with $$ look into. Source: Developer Guide, "Context object"."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from labcloud.stepfunctions.engine.model import Execution, Strand
from labcloud.stepfunctions.language.jsontext import parsed


def context_of(execution: Execution, strand: Strand) -> dict[str, Any]:
    """For the state that the strand is in."""
    context: dict[str, Any] = {
        "Execution": {
            "Id": execution.arn,
            "Input": parsed(execution.input),
            "Name": execution.name,
            "RoleArn": execution.role_arn,
            "StartTime": instant(execution.start_s),
            "RedriveCount": 0,
        },
        "StateMachine": {"Id": execution.machine_arn, "Name": execution.machine_name},
        "State": {
            "Name": strand.state,
            "EnteredTime": instant(strand.entered_s),
            "RetryCount": sum(strand.retries.values()),
        },
    }
    item = _item(execution, strand)
    return context if item is None else {**context, "Map": {"Item": item}}


def _item(execution: Execution, strand: Strand | None) -> dict[str, Any] | None:
    """Of the nearest Map around the strand."""
    while strand is not None:
        if strand.item is not None:
            return strand.item
        strand = None if strand.parent is None else execution.strands.get(strand.parent)
    return None


def instant(epoch_s: float) -> str:
    """As 2019-03-26T20:14:13.192Z."""
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
