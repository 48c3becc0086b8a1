"""Events of the history. Source: API Reference, HistoryEvent and its details."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labcloud.stepfunctions.language.jsontext import to_json
from labcloud.stepfunctions.language.resources import Target

MOST_EVENTS = 25_000
"""Step Functions Developer Guide, "Quotas related to state machine executions"."""
MOST_CHARS = 64 * 1024 * 1024
"""Ours: the inputs and outputs in the history of one execution."""
TOO_MUCH = "The local cloud keeps at most 64 MB of history of an execution."
FULL = "The execution reached the maximum number of history events (25000)."
_WHOLE = {"truncated": False}


def entered(name: str, value: Any) -> dict[str, Any]:
    """Of a state with its input."""
    return {"stateEnteredEventDetails": {"name": name, "input": to_json(value), "inputDetails": _WHOLE}}


def exited(name: str, value: Any) -> dict[str, Any]:
    """Of a state with its output."""
    return {"stateExitedEventDetails": {"name": name, "output": to_json(value), "outputDetails": _WHOLE}}


def chars_of(details: Mapping[str, Any]) -> int:
    """How much an event holds."""
    texts = (text for inner in details.values() if isinstance(inner, dict) for text in inner.values())
    return sum(len(text) for text in texts if isinstance(text, str))


def failure(error: str | None, cause: str | None) -> dict[str, str]:
    """Without what is not known."""
    return {key: text for key, text in (("error", error), ("cause", cause)) if text is not None}


def scheduled(target: Target, region: str, parameters: Any, timeout_s: int | None) -> tuple[str, dict[str, Any]]:
    """A task was begun: the event's type and details."""
    timeout = {} if timeout_s is None else {"timeoutInSeconds": timeout_s}
    if target.function_arn:
        details = {"resource": target.function_arn, "input": to_json(parameters), "inputDetails": _WHOLE, **timeout}
        return "LambdaFunctionScheduled", {"lambdaFunctionScheduledEventDetails": details}
    details = {**_of(target), "region": region, "parameters": to_json(parameters), **timeout}
    return "TaskScheduled", {"taskScheduledEventDetails": details}


def started(target: Target) -> tuple[str, dict[str, Any]]:
    """A task runs."""
    if target.function_arn:
        return "LambdaFunctionStarted", {}
    return "TaskStarted", {"taskStartedEventDetails": _of(target)}


def ended(target: Target, how: str, details: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """`how`: Succeeded, Failed or TimedOut."""
    if target.function_arn:
        return f"LambdaFunction{how}", {f"lambdaFunction{how}EventDetails": dict(details)}
    return f"Task{how}", {f"task{how}EventDetails": {**_of(target), **details}}


def output_of_task(value: Any) -> dict[str, Any]:
    """A task's result."""
    return {"output": to_json(value), "outputDetails": _WHOLE}


def _of(target: Target) -> dict[str, str]:
    return {"resourceType": target.resource_type, "resource": target.resource}
