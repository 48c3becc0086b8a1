"""Tries again on the lab clock until it works, the tries are used up, or the event is too old.

Sources: EventBridge User Guide, "How EventBridge retries delivering events" (24 hours, 185 retries, exponential pauses);
EventBridge Scheduler API Reference, RetryPolicy. The pauses' lengths are not published: here 1, 2, 4 … 512, 600 s.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from labcloud.clock import Timer
from labcloud.errors import AwsError

LONGEST_PAUSE_S = 600.0
log = logging.getLogger("labcloud.outlets")


class Clock(Protocol):
    def now(self) -> float: ...

    def call_at(self, when_s: float, callback: Callable[[], None]) -> Timer: ...


@dataclass(frozen=True)
class RetryPolicy:
    """How often after the first try, and until which age of the event."""

    retries: int = 185
    max_age_s: float = 86_400.0

    @staticmethod
    def of(written: Mapping[str, Any] | None) -> RetryPolicy:
        """From the API's RetryPolicy."""
        given = written or {}
        return RetryPolicy(
            int(given.get("MaximumRetryAttempts", 185)), float(given.get("MaximumEventAgeInSeconds", 86_400))
        )


@dataclass(frozen=True)
class GivenUp:
    """How it ended: the last error, the retries made, and which limit of the policy was met ("": it was not retried)."""

    error: AwsError
    retries: int
    exhausted: str


class Attempts:
    """`run` returns after the first try; the others are timers of the clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def run(
        self,
        attempt: Callable[[int], None],
        policy: RetryPolicy,
        give_up: Callable[[GivenUp], None],
        retriable: Callable[[AwsError], bool],
    ) -> None:
        """Calls `attempt` with 1, 2, 3 … until it raises no AwsError; `give_up` is called once if it never works."""
        self._try(_Work(attempt, policy, give_up, retriable, self._clock.now()), 1)

    def _try(self, work: _Work, number: int) -> None:
        try:
            work.attempt(number)
        except AwsError as error:
            self._failed(work, number, error)
        except Exception as error:
            log.exception("a delivery failed unexpectedly")
            self._failed(work, number, AwsError(str(error), status=500))

    def _failed(self, work: _Work, number: int, error: AwsError) -> None:
        if not work.retriable(error):
            work.give_up(GivenUp(error, number - 1, ""))
        elif number > work.policy.retries:
            work.give_up(GivenUp(error, number - 1, "MaximumRetryAttempts"))
        else:
            again_s = self._clock.now() + pause_before_retry_s(number)
            if again_s - work.begun_s > work.policy.max_age_s:
                work.give_up(GivenUp(error, number - 1, "MaximumEventAgeInSeconds"))
            else:
                self._clock.call_at(again_s, lambda: self._try(work, number + 1))


@dataclass(frozen=True)
class _Work:
    attempt: Callable[[int], None]
    policy: RetryPolicy
    give_up: Callable[[GivenUp], None]
    retriable: Callable[[AwsError], bool]
    begun_s: float


def pause_before_retry_s(retry: int) -> float:
    """The pause before the first, second, third … retry."""
    return float(min(2 ** (retry - 1), LONGEST_PAUSE_S)) if retry < 11 else LONGEST_PAUSE_S
