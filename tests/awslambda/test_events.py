"""Asynchronous invocation against a function that is a Python callable here: nothing starts a process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from labcloud.awslambda.errors import InvalidRuntime, TooManyRequests
from labcloud.awslambda.events import EventOutcome, EventQueue, destination_record
from labcloud.awslambda.model import FunctionConfig, InvokeResult
from labcloud.awslambda.worker import Invocation
from labcloud.clock import ManualClock
from tests.awslambda.conftest import function_of

Behaviour = Callable[[int], str | None]
START = 1_750_000_000.0


class Harness:
    """Notes when each attempt ran and how events ended."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.clock = ManualClock(START)
        self.attempts: list[tuple[float, str]] = []
        self.outcomes: list[EventOutcome] = []
        self.function = function_of("def handler(event, context): pass", name="listener")
        self._behaviour = behaviour
        self.queue = EventQueue(self.clock, self._run, 2)

    def _run(self, config: FunctionConfig, invocation: Invocation) -> InvokeResult:
        self.attempts.append((self.clock.now() - START, invocation.request_id))
        error = self._behaviour(len(self.attempts))
        payload = b'{"errorMessage":"no"}' if error else b'"done"'
        return InvokeResult(payload, error, b"", invocation.request_id, 1.0, 1, 30)

    def submit(self, **settings: object) -> None:
        chosen = {"retries": 2, "max_age_s": 21_600.0, "wait": True} | settings
        self.queue.submit(lambda: self.function, b'{"a": 1}', self.outcomes.append, **chosen)  # type: ignore[arg-type]

    def pass_time(self, *steps_s: float) -> None:
        for step_s in steps_s:
            self.clock.advance(step_s)
            assert self.queue.wait_until_idle(5)

    @property
    def times(self) -> list[float]:
        return [when for when, _ in self.attempts]


@pytest.fixture
def harness() -> Iterator[Callable[[Behaviour], Harness]]:
    made: list[Harness] = []

    def make(behaviour: Behaviour) -> Harness:
        made.append(Harness(behaviour))
        return made[-1]

    yield make
    for one in made:
        one.queue.close()


def test_a_failing_event_is_tried_three_times_with_one_request_id(harness: Callable[[Behaviour], Harness]) -> None:
    lab = harness(lambda attempt: "Unhandled")
    lab.submit()
    lab.pass_time(59, 1, 119, 1, 3600)
    assert lab.times == [0, 60, 180]
    assert len({request_id for _, request_id in lab.attempts}) == 1
    assert [(end.condition, end.attempts) for end in lab.outcomes] == [("RetriesExhausted", 3)]


def test_a_retry_that_succeeds_is_the_last(harness: Callable[[Behaviour], Harness]) -> None:
    lab = harness(lambda attempt: "Unhandled" if attempt == 1 else None)
    lab.submit()
    lab.pass_time(60, 3600)
    assert lab.times == [0, 60]
    assert lab.outcomes[0].condition == "Success"


def test_without_retries_the_first_failure_is_the_end(harness: Callable[[Behaviour], Harness]) -> None:
    lab = harness(lambda attempt: "Unhandled")
    lab.submit(retries=0)
    assert lab.outcomes[0].condition == "RetriesExhausted"


def test_an_event_beyond_its_age_is_not_tried_again(harness: Callable[[Behaviour], Harness]) -> None:
    lab = harness(lambda attempt: "Unhandled")
    lab.submit(max_age_s=90.0)
    lab.pass_time(60, 3600)
    assert lab.times == [0, 60]
    assert lab.outcomes[0].condition == "EventAgeExceeded"


def test_a_throttled_event_comes_back_without_using_up_an_attempt(harness: Callable[[Behaviour], Harness]) -> None:
    def throttle_twice(attempt: int) -> str | None:
        if attempt <= 2:
            raise TooManyRequests("Rate Exceeded.")
        return None

    lab = harness(throttle_twice)
    lab.submit()
    lab.pass_time(1, 2)
    assert lab.times == [0, 1, 3]
    assert (lab.outcomes[0].condition, lab.outcomes[0].attempts) == ("Success", 1)


def test_a_function_that_cannot_start_is_not_tried_again(harness: Callable[[Behaviour], Harness]) -> None:
    def refuse(attempt: int) -> str | None:
        raise InvalidRuntime("no such runtime here")

    lab = harness(refuse)
    lab.submit()
    assert lab.outcomes[0].error is not None
    assert lab.clock.advance(3600) is None
    assert lab.times == [0]


def test_an_event_that_nobody_waits_for_runs_in_the_background(harness: Callable[[Behaviour], Harness]) -> None:
    lab = harness(lambda attempt: None)
    lab.submit(wait=False)
    assert lab.queue.wait_until_idle(5)
    assert lab.outcomes[0].condition == "Success"


def test_a_destination_receives_request_and_response(harness: Callable[[Behaviour], Harness]) -> None:
    lab = harness(lambda attempt: "Unhandled")
    lab.submit(retries=0)
    record = destination_record(lab.outcomes[0], START)
    assert json.loads(json.dumps(record)) == {
        "version": "1.0",
        "timestamp": "2025-06-15T15:06:40.000Z",
        "requestContext": {
            "requestId": lab.attempts[0][1],
            "functionArn": lab.function.arn + ":$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 1,
        },
        "requestPayload": {"a": 1},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": {"errorMessage": "no"},
    }
