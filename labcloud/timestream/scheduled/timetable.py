"""When scheduled queries run: their timers on the lab clock, what becomes of a run, who is told.

Source: Timestream developer guide, "Schedule expressions for scheduled queries", "Scheduled query notification messages".
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from labcloud.errors import AwsError, Refused
from labcloud.schedule import Schedule, ScheduleError, parse_schedule
from labcloud.timestream.errors import ValidationException
from labcloud.timestream.scheduled.model import DISABLED, ENABLED, ScheduledQuery, deleted, ended, query_from, updated
from labcloud.timestream.scheduled.runs import Runner
from labcloud.work import Work

Publish = Callable[[ScheduledQuery, str], None]
"""publish(query, message) to its topic. Raises AwsError."""
Note = Callable[..., None]
"""note(query, due_s, text, **facts): a step of a run's trace; without a text the trace begins."""


class Clock(Protocol):
    def now(self) -> float: ...

    def call_at(self, when_s: float, callback: Callable[[], None]) -> Any: ...


class Timetable:
    """Keeps the queries, each with a timer while it is enabled. Thread-safe; runs are one after the other."""

    def __init__(self, clock: Clock, runner: Runner, publish: Publish, note: Note) -> None:
        self._clock = clock
        self._runner = runner
        self._publish = publish
        self._note = note
        self._work = Work(clock, "scheduled-queries")
        self._timers: dict[str, Any] = {}
        self.lock = threading.RLock()
        self.queries: dict[str, ScheduledQuery] = {}
        """By ARN; look at them with the lock."""

    def add(self, query: ScheduledQuery) -> None:
        """From now on it runs."""
        with self.lock:
            self.queries[query.arn] = query
            self._plant(query, query.enabled_s)

    def set_state(self, query: ScheduledQuery, state: str) -> None:
        """Enables or disables a query, and tells so."""
        with self.lock:
            self._set_state(query, state)
        self._tell(query, updated(query))

    def remove(self, query: ScheduledQuery) -> None:
        """It runs no more, and its topic is told."""
        with self.lock:
            self._drop_timer(query)
            self.queries.pop(query.arn, None)
        self._tell(query, deleted(query))

    def execute(self, query: ScheduledQuery, due_s: float) -> None:
        """Runs it now, or as soon as others are over, as if it had been due at that time."""
        self._work.do(lambda: self._run(query.arn, due_s, manual=True))

    def state(self) -> list[dict[str, Any]]:
        """What must survive a restart."""
        with self.lock:
            return [query.as_dict() for query in self.queries.values()]

    def restore(self, state: Iterable[dict[str, Any]]) -> None:
        """Goes on with what `state` gave; runs that were due meanwhile are not made up for."""
        with self.lock:
            for kept in state:
                query = query_from(kept)
                self.queries[query.arn] = query
                if query.state == ENABLED:
                    self._plant(query, self._clock.now())

    def wait_until_idle(self, within_s: float) -> bool:
        """Whether the runs that have begun were over within the time."""
        return self._work.wait_until_idle(within_s)

    def close(self) -> None:
        """Cancels every timer; a run that has begun is finished."""
        with self.lock:
            for query in self.queries.values():
                self._drop_timer(query)
        self._work.close()

    # -- inside

    def _set_state(self, query: ScheduledQuery, state: str) -> None:
        if state == query.state:
            return
        query.state = state
        self._drop_timer(query)
        query.next_s = None
        if state == ENABLED:
            query.enabled_s = self._clock.now()
            self._plant(query, query.enabled_s)

    def _plant(self, query: ScheduledQuery, after_s: float) -> None:
        due_s = query.next_s = schedule_of(query).next_after(after_s)
        if due_s is not None:
            self._timers[query.arn] = self._clock.call_at(due_s, lambda: self._ring(query.arn, due_s))

    def _drop_timer(self, query: ScheduledQuery) -> None:
        timer = self._timers.pop(query.arn, None)
        if timer is not None:
            timer.cancel()

    def _ring(self, arn: str, due_s: float) -> None:
        with self.lock:
            query = self.queries.get(arn)
            if query is None or query.state != ENABLED:
                return
            self._plant(query, due_s)
        self._work.do(lambda: self._run(arn, due_s, manual=False))

    def _run(self, arn: str, due_s: float, *, manual: bool) -> None:
        with self.lock:
            query = self.queries.get(arn)
        if query is None:
            return
        self._note(query, due_s, "")
        run, for_good = self._runner.run(query, due_s, manual=manual)
        with self.lock:
            query.ran(run)
            disabled = for_good and query.state == ENABLED
            if disabled:
                self._set_state(query, DISABLED)
        if run.failure:
            self._note(query, due_s, f"scheduled query {query.name} failed: {run.failure}", refused=True)
        else:
            text = f"scheduled query {query.name} wrote {run.stats.records} records of {run.stats.rows} rows"
            self._note(query, due_s, text, delivered=True)
        self._tell(query, ended(query, run), due_s)
        if disabled:
            self._note(query, due_s, f"scheduled query {query.name} is DISABLED now", refused=True)
            self._tell(query, updated(query), due_s)

    def _tell(self, query: ScheduledQuery, message: Mapping[str, Any], due_s: float | None = None) -> None:
        """A notification that cannot be sent stops nothing."""
        try:
            self._runner.require(query, "sns:Publish", query.topic_arn)
            self._publish(query, json.dumps(message))
        except (Refused, AwsError) as error:
            if due_s is not None:
                self._note(query, due_s, f"topic {query.topic_arn} was not told: {error}", refused=True)


def schedule_of(query: ScheduledQuery) -> Schedule:
    """Raises ValidationException. rate(1 minutes) is taken, as AWS's own samples write it; at(…) is not."""
    try:
        if query.expression.strip().startswith("at("):
            raise ScheduleError("at(…) is for EventBridge Scheduler; a scheduled query takes rate(…) or cron(…).")
        return parse_schedule(query.expression, start_s=query.enabled_s, service="scheduler")
    except ScheduleError as error:
        raise ValidationException(f"Invalid schedule expression {query.expression}: {error}") from error
