"""Reads a queue for a mapping. Source: Lambda Developer Guide, "Using Lambda with Amazon SQS".

Messages of a batch that failed come back when the queue's visibility timeout is over, in lab time or in real time,
whichever is first.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Protocol

from labcloud.api import Scope
from labcloud.awslambda.errors import TooManyRequests
from labcloud.awslambda.model import InvokeResult
from labcloud.awslambda.sources.model import SourceMapping
from labcloud.errors import AwsError
from labcloud.motobase import event_sources


class Clock(Protocol):
    def now(self) -> float: ...

    def call_at(self, when_s: float, callback: Callable[[], None]) -> Any: ...


class Pattern(Protocol):
    def matches(self, event: dict[str, Any]) -> bool: ...


class QueueReader:
    """`look` receives one batch and invokes the function with it."""

    def __init__(
        self,
        mapping: SourceMapping,
        clock: Clock,
        invoke: Callable[[Scope, str, bytes], InvokeResult],
        filters: list[Pattern],
    ) -> None:
        self._mapping, self._clock, self._invoke, self._filters = mapping, clock, invoke, filters
        self._window_ends_s: float | None = None

    def look(self) -> bool:
        """Whether there was something to do. Raises AwsError."""
        mapping = self._mapping
        if not self._is_due(event_sources.waiting_messages(mapping.source_arn)):
            return False
        received = event_sources.receive(mapping.source_arn, mapping.batch_size)
        batch = [record for record in received if self._wanted(record)]
        unwanted = [record["receiptHandle"] for record in received if record not in batch]
        event_sources.delete(mapping.source_arn, unwanted)
        if batch:
            self._process(batch)
        return bool(received)

    def _is_due(self, waiting: int) -> bool:
        if waiting == 0:
            return False
        if self._mapping.window_s == 0 or waiting >= self._mapping.batch_size:
            self._window_ends_s = None
            return True
        if self._window_ends_s is None:
            self._window_ends_s = self._clock.now() + self._mapping.window_s
            return False
        due = self._clock.now() >= self._window_ends_s
        if due:
            self._window_ends_s = None
        return due

    def _wanted(self, record: dict[str, Any]) -> bool:
        if not self._filters:
            return True
        event = {**record, "body": _as_json(record["body"])}
        return any(pattern.matches(event) for pattern in self._filters)

    def _process(self, batch: list[dict[str, Any]]) -> None:
        mapping = self._mapping
        failed = [record["messageId"] for record in batch]
        try:
            result = self._invoke(mapping.scope, mapping.function_arn, json.dumps({"Records": batch}).encode())
            mapping.result = "PROBLEM: Function call failed" if result.function_error else "OK"
            if not result.function_error:
                failed = failed_items(result.payload, failed) if mapping.reports_items else []
        except TooManyRequests:
            mapping.result = "PROBLEM: Function call was throttled"
        except AwsError as error:
            mapping.result = f"PROBLEM: {error.message}"
        done = [record["receiptHandle"] for record in batch if record["messageId"] not in failed]
        back = [record["receiptHandle"] for record in batch if record["messageId"] in failed]
        event_sources.delete(mapping.source_arn, done)
        if back:
            again_s = self._clock.now() + event_sources.queue_facts(mapping.source_arn).visibility_s
            self._clock.call_at(again_s, lambda: event_sources.give_back(mapping.source_arn, back))


def failed_items(payload: bytes, everything: list[str]) -> list[str]:
    """The items that a function names in batchItemFailures; all of them if its answer cannot be understood."""
    answer = _as_json(payload.decode())
    if not answer:
        return []
    try:
        named = [failure["itemIdentifier"] for failure in answer.get("batchItemFailures") or ()]
    except (AttributeError, KeyError, TypeError):
        return everything
    return named if set(named) <= set(everything) else everything


def _as_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
