"""An execution's events as lines in CloudWatch Logs: which of them a level wants, and what a line says. Pure.

Sources: Step Functions Developer Guide, "Logging execution history" (levels, the role's permissions), "Log levels for
execution events".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from labcloud.stepfunctions.engine import Execution
from labcloud.stepfunctions.language.jsontext import to_json

PERMISSIONS = (
    *("logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery"),
    *("logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups"),
)
"""What the state machine's role has to be allowed on *."""
FATAL = ("ExecutionAborted", "ExecutionFailed", "ExecutionTimedOut")
ERRORS = ("Failed", "TimedOut", "Aborted")
_DATA = ("input", "output", "parameters", "inputDetails", "outputDetails")


def wants(level: str, event_type: str) -> bool:
    """Whether a level logs events of a type."""
    if level == "ALL":
        return True
    if level == "ERROR":
        return event_type.endswith(ERRORS) or event_type == "FailStateEntered"
    return level == "FATAL" and event_type in FATAL


def lines_of(execution: Execution, events: Iterable[Mapping[str, Any]]) -> list[tuple[int, str]]:
    """(epoch ms, text) of those events that the execution's logging configuration wants."""
    level, with_data = execution.logging.get("level", "OFF"), execution.logging.get("includeExecutionData", False)
    return [
        (round(event["timestamp"] * 1000), _line(execution, event, with_data))
        for event in events
        if wants(level, event["type"])
    ]


def _line(execution: Execution, event: Mapping[str, Any], with_data: bool) -> str:
    details: Mapping[str, Any] = next((value for name, value in event.items() if name.endswith("EventDetails")), {})
    return to_json(
        {
            "id": str(event["id"]),
            "type": event["type"],
            "details": details if with_data else {k: v for k, v in details.items() if k not in _DATA},
            "previous_event_id": str(event["previousEventId"]),
            "event_timestamp": str(round(event["timestamp"] * 1000)),
            "execution_arn": execution.arn,
        }
    )


def group_of(configuration: Mapping[str, Any]) -> str | None:
    """The log group's name; None: there is not exactly one destination, or its ARN does not end with :*."""
    destinations = configuration.get("destinations") or []
    if len(destinations) != 1:
        return None
    arn = str((destinations[0].get("cloudWatchLogsLogGroup") or {}).get("logGroupArn", ""))
    parts = arn.split(":")
    is_group = len(parts) == 8 and parts[2] == "logs" and parts[5] == "log-group" and parts[7] == "*"
    return parts[6] if is_group else None


def stream_of(execution: Execution) -> str:
    """A stream a machine and day; AWS adds what it makes up."""
    day = datetime.fromtimestamp(execution.start_s, UTC)
    return f"states/{execution.machine_name}/{day:%Y-%m-%d}-00-00/labcloud"
