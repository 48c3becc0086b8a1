"""Asynchronous invocation (InvocationType Event): retries on the lab clock, and how an event ended.

AWS Lambda developer guide, "How Lambda handles errors and retries with asynchronous invocation": after an error of
the function two more attempts, one and two minutes later; throttled events come back until they are six hours old.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from labcloud.awslambda.errors import TooManyRequests
from labcloud.awslambda.lines import render_instant
from labcloud.awslambda.model import FunctionConfig, InvokeResult
from labcloud.awslambda.worker import Invocation
from labcloud.clock import LabClock, ManualClock
from labcloud.errors import AwsError

RETRY_DELAYS_S = (60.0, 120.0)
MAX_AGE_S = 6 * 3600.0
THROTTLED_DELAY_MAX_S = 300.0
_log = logging.getLogger("labcloud.awslambda")

Run = Callable[[FunctionConfig, Invocation], InvokeResult]
CurrentConfig = Callable[[], FunctionConfig]


@dataclass(frozen=True)
class EventOutcome:
    """How an event ended. `condition`: Success, RetriesExhausted or EventAgeExceeded, as in destination records."""

    config: FunctionConfig
    request_id: str
    payload: bytes
    condition: str
    attempts: int
    result: InvokeResult | None
    error: AwsError | None
    """Set when the function could not be started at all."""


@dataclass
class _Event:
    config: CurrentConfig
    invocation: Invocation
    on_done: Callable[[EventOutcome], None] | None
    retries: int
    expires_at: float
    attempts: int = 0
    throttled: int = 0


class EventQueue:
    """Runs events in daemon threads, so that a long function never holds up the end of the cloud.

    A retry is a timer of the lab clock.
    """

    def __init__(self, clock: LabClock | ManualClock, run: Run, max_concurrent: int) -> None:
        self._clock, self._run = clock, run
        self._max_threads = max_concurrent
        self._todo: queue.SimpleQueue[_Event | None] = queue.SimpleQueue()
        self._idle = threading.Condition()
        self._under_way = 0
        self._threads = 0
        self._closed = False

    def submit(
        self,
        config: CurrentConfig,
        payload: bytes,
        on_done: Callable[[EventOutcome], None] | None,
        *,
        retries: int,
        max_age_s: float,
        wait: bool,
    ) -> str:
        """Returns the request id; with `wait` when the first attempt is over."""
        invocation = Invocation(str(uuid.uuid4()), payload or b"{}")
        event = _Event(config, invocation, on_done, retries, self._clock.now() + max_age_s)
        if wait:
            self._count(1)
            self._attempt(event)
        else:
            self._start(event)
        return invocation.request_id

    def wait_until_idle(self, within_s: float) -> bool:
        """True as soon as no attempt is queued or running; retries that wait for the lab clock do not count."""
        with self._idle:
            return self._idle.wait_for(lambda: self._under_way == 0, within_s)

    def close(self) -> None:
        with self._idle:
            self._closed = True
            for _ in range(self._threads):
                self._todo.put(None)

    def _start(self, event: _Event) -> None:
        with self._idle:
            if self._closed:
                return
            self._under_way += 1
            self._todo.put(event)
            if self._threads < min(self._under_way, self._max_threads):
                self._threads += 1
                threading.Thread(target=self._work, name="lambda-event", daemon=True).start()

    def _work(self) -> None:
        while (event := self._todo.get()) is not None and not self._closed:
            self._attempt(event)

    def _count(self, change: int) -> None:
        with self._idle:
            self._under_way += change
            self._idle.notify_all()

    def _attempt(self, event: _Event) -> None:
        try:
            self._run_once(event)
        except Exception:
            _log.exception("an asynchronous invocation was lost")
        finally:
            self._count(-1)

    def _run_once(self, event: _Event) -> None:
        result: InvokeResult | None = None
        error: AwsError | None = None
        config = event.config()
        try:
            result = self._run(config, event.invocation)
            event.attempts += 1
        except TooManyRequests as problem:
            event.throttled += 1
            error = problem
        except AwsError as problem:
            event.attempts = event.retries + 1
            error = problem
        delay_s = (
            None
            if result and not result.function_error
            else delay_before_retry(event, isinstance(error, TooManyRequests))
        )
        if delay_s is not None and self._clock.now() + delay_s <= event.expires_at:
            self._clock.call_at(self._clock.now() + delay_s, lambda: self._start(event))
            return
        if event.on_done is not None:
            condition = condition_of(result, aged=delay_s is not None)
            invocation = event.invocation
            event.on_done(
                EventOutcome(
                    config, invocation.request_id, invocation.payload, condition, event.attempts, result, error
                )
            )


def delay_before_retry(event: _Event, throttled: bool) -> float | None:
    """Seconds until the next attempt, None when there is none. Being throttled uses up no attempt."""
    if throttled:
        return min(2.0 ** (event.throttled - 1), THROTTLED_DELAY_MAX_S)
    if event.attempts > event.retries:
        return None
    return RETRY_DELAYS_S[min(event.attempts, len(RETRY_DELAYS_S)) - 1]


def condition_of(result: InvokeResult | None, *, aged: bool) -> str:
    if result is not None and not result.function_error:
        return "Success"
    return "EventAgeExceeded" if aged else "RetriesExhausted"


def destination_record(outcome: EventOutcome, now_s: float) -> dict[str, object]:
    """The document that a destination receives; AWS Lambda developer guide, "Invocation record"."""
    result = outcome.result
    record: dict[str, object] = {
        "version": "1.0",
        "timestamp": render_instant(now_s),
        "requestContext": {
            "requestId": outcome.request_id,
            "functionArn": _qualified(outcome.config.invoked_arn),
            "condition": outcome.condition,
            "approximateInvokeCount": outcome.attempts,
        },
        "requestPayload": json.loads(outcome.payload),
    }
    if result is not None:
        context: dict[str, object] = {"statusCode": result.status, "executedVersion": result.executed_version}
        if result.function_error:
            context["functionError"] = result.function_error
        record["responseContext"] = context
        record["responsePayload"] = json.loads(result.payload)
    return record


def _qualified(arn: str) -> str:
    return arn if arn.count(":") > 6 else f"{arn}:$LATEST"
