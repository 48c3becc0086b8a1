"""A timer on the lab clock for every enabled schedule; a schedule that is over goes if it says so."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from labcloud.clock import Timer
from labcloud.scheduler.model import StoredSchedule


class Clock(Protocol):
    def now(self) -> float: ...

    def call_at(self, when_s: float, callback: Callable[[], None]) -> Timer: ...


Fire = Callable[[StoredSchedule, float, Callable[[], None]], None]
"""fire(schedule, due_s, done)"""


class Keeper:
    """Calls `fire` at each due time, and `remove` after the last one of a schedule that deletes itself."""

    def __init__(self, clock: Clock, fire: Fire, remove: Callable[[StoredSchedule], None]) -> None:
        self._clock = clock
        self._fire = fire
        self._remove = remove
        self._lock = threading.RLock()
        self._kept: dict[str, tuple[StoredSchedule, Timer | None]] = {}

    def keep(self, schedule: StoredSchedule, after_s: float | None = None) -> None:
        """Keeps the schedule from now on, in place of the one of its ARN, if it is enabled."""
        with self._lock:
            self.drop(schedule)
            if schedule.enabled:
                self._plant(schedule, schedule.modified_s - 0.001 if after_s is None else after_s)

    def drop(self, schedule: StoredSchedule) -> None:
        """Forgets the schedule."""
        with self._lock:
            _, timer = self._kept.pop(schedule.arn, (None, None))
            if timer is not None:
                timer.cancel()

    def close(self) -> None:
        """Cancels every timer."""
        with self._lock:
            for schedule, _ in list(self._kept.values()):
                self.drop(schedule)

    def _plant(self, schedule: StoredSchedule, after_s: float) -> None:
        due_s = schedule.next_after(after_s)
        timer = None
        if due_s is not None:
            timer = self._clock.call_at(schedule.invoked_at(due_s), lambda: self._ring(schedule, due_s))
        self._kept[schedule.arn] = (schedule, timer)

    def _ring(self, schedule: StoredSchedule, due_s: float) -> None:
        with self._lock:
            if self._kept.get(schedule.arn, (None, None))[0] is not schedule:
                return
            self._plant(schedule, due_s)
            over = self._kept[schedule.arn][1] is None
        deletes_itself = over and schedule.settings["ActionAfterCompletion"] == "DELETE"
        self._fire(schedule, due_s, lambda: self._remove(schedule) if deletes_itself else None)
