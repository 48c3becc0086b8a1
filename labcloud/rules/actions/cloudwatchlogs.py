"""Action cloudwatchLogs: the result becomes a log line, or with batchMode each element of an array.

Source: AWS IoT Core Developer Guide, "CloudWatch Logs". The stream's name is not documented: here it is the rule's.
What CloudWatch Logs rejects, it rejects without an error: lines older than 14 days or more than 2 hours ahead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labcloud.api import Scope
from labcloud.rules.actions.base import Action, ActionFailed, Result, text_of
from labcloud.rules.deliveries import Need, Origin, Ports

OLDEST_MS = 14 * 24 * 3600 * 1000
NEWEST_MS = 2 * 3600 * 1000


@dataclass(frozen=True)
class PutLogLines:
    """Writes the result to a log group (action cloudwatchLogs)."""

    group: str
    lines: tuple[tuple[int, str], ...]
    rejected: int = 0
    failed_action = "CloudwatchLogsAction"

    @property
    def resource(self) -> str:
        return self.group

    @property
    def summary(self) -> str:
        rejected = f" ({self.rejected} too old or too new)" if self.rejected else ""
        return f"PutLogEvents of {len(self.lines)} into log group {self.group}{rejected}"

    def needs(self, scope: Scope) -> list[Need]:
        streams = scope.arn("logs", f"log-group:{self.group}:log-stream:")
        return [
            Need("logs:DescribeLogStreams", streams),
            Need("logs:CreateLogStream", streams),
            Need("logs:PutLogEvents", streams),
        ]

    def send(self, origin: Origin, ports: Ports) -> None:
        ports.put_log_lines(origin.scope, self.group, origin.rule_name, self.lines)


def plan(parameters: Mapping[str, Any], result: Result, scope: Scope) -> PutLogLines:
    """One line with the time of processing, or the lines of a batch with theirs, in the order of time."""
    if not parameters.get("batchMode"):
        return PutLogLines(parameters["logGroupName"], ((result.now_ms, text_of(result, "CloudWatch Logs")),))
    if not isinstance(result.value, list) or not result.value:
        raise ActionFailed("The CloudWatch Logs action with batchMode needs an array as the rule's result.")
    lines = sorted((_line(element) for element in result.value), key=lambda line: line[0])
    earliest, latest = result.now_ms - OLDEST_MS, result.now_ms + NEWEST_MS
    accepted = tuple(line for line in lines if earliest <= line[0] <= latest)
    return PutLogLines(parameters["logGroupName"], accepted, len(lines) - len(accepted))


def _line(element: Any) -> tuple[int, str]:
    if isinstance(element, dict):
        timestamp, message = element.get("timestamp"), element.get("message")
        if isinstance(timestamp, int) and not isinstance(timestamp, bool) and isinstance(message, str):
            return timestamp, message
    raise ActionFailed(
        "The CloudWatch Logs action with batchMode needs objects with timestamp (milliseconds) and message (a string)."
    )


ACTION = Action(
    plan,
    PutLogLines.failed_action,
    required=("roleArn", "logGroupName"),
    literal=("roleArn", "batchMode"),
    known=("roleArn", "logGroupName", "batchMode"),
    choices={"batchMode": (True, False)},
)
