"""Keeps a timer for every enabled scheduled rule, in step with the rules as they are created, changed and deleted."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from labcloud.api import Scope
from labcloud.clock import Timer
from labcloud.motobase.event_rules import EventRule
from labcloud.schedule import Schedule, parse_schedule

log = logging.getLogger("labcloud.events")


class Clock(Protocol):
    def now(self) -> float: ...

    def call_at(self, when_s: float, callback: Callable[[], None]) -> Timer: ...


@dataclass
class _Kept:
    expression: str
    schedule: Schedule
    start_s: float
    timer: Timer | None = None


class ScheduleKeeper:
    """Calls `fire(scope, rule, due_s)` at each rule's times. A rate's phase counts from when the rule was enabled."""

    def __init__(
        self,
        clock: Clock,
        read_rules: Callable[[Scope], Iterable[EventRule]],
        fire: Callable[[Scope, EventRule, float], None],
    ) -> None:
        self._clock = clock
        self._read_rules = read_rules
        self._fire = fire
        self._lock = threading.RLock()
        self._kept: dict[tuple[Scope, str], _Kept] = {}
        self._phases: dict[tuple[Scope, str], tuple[str, float]] = {}

    def state(self) -> dict[tuple[Scope, str], tuple[str, float]]:
        """Each rule's expression and when it was enabled: what a restart must not change."""
        with self._lock:
            return {key: (kept.expression, kept.start_s) for key, kept in self._kept.items()}

    def restore(self, phases: dict[tuple[Scope, str], tuple[str, float]]) -> None:
        """Rules of these expressions go on with their phase at the next `reconcile`."""
        with self._lock:
            self._phases = dict(phases)

    def reconcile(self, scope: Scope) -> None:
        """Brings the timers of an account and region in step with its rules."""
        with self._lock:
            wanted = {rule.name: rule for rule in self._read_rules(scope) if rule.enabled and rule.expression}
            for key in [key for key in self._kept if key[0] == scope]:
                rule = wanted.get(key[1])
                if rule is None or rule.expression != self._kept[key].expression:
                    self._drop(key)
            for name, rule in wanted.items():
                if (scope, name) not in self._kept and rule.expression:
                    now = self._clock.now()
                    expression, start_s = self._phases.pop((scope, name), ("", now))
                    start_s = start_s if expression == rule.expression else now
                    schedule = parse_schedule(rule.expression, start_s=start_s, service="events")
                    kept = self._kept[scope, name] = _Kept(rule.expression, schedule, start_s)
                    self._plant(scope, name, kept, now)

    def close(self) -> None:
        """Cancels every timer."""
        with self._lock:
            for key in list(self._kept):
                self._drop(key)

    def _drop(self, key: tuple[Scope, str]) -> None:
        kept = self._kept.pop(key)
        if kept.timer:
            kept.timer.cancel()

    def _plant(self, scope: Scope, name: str, kept: _Kept, after_s: float) -> None:
        due_s = kept.schedule.next_after(after_s)
        if due_s is not None:
            kept.timer = self._clock.call_at(due_s, lambda: self._ring(scope, name, due_s))

    def _ring(self, scope: Scope, name: str, due_s: float) -> None:
        with self._lock:
            kept = self._kept.get((scope, name))
            if kept is None:
                return
            self._plant(scope, name, kept, due_s)
            rule = next((rule for rule in self._read_rules(scope) if rule.name == name), None)
        if rule is not None:
            self._fire(scope, rule, due_s)


def scheduled_event(scope: Scope, rule: EventRule, due_s: float) -> dict[str, Any]:
    """The event that a schedule makes. Source: EventBridge User Guide, "Creating a rule that runs on a schedule"."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": scope.account_id,
        "time": datetime.fromtimestamp(due_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": scope.region,
        "resources": [rule.arn],
        "detail": {},
    }
