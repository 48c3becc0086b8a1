"""Schedules: rate, cron and at expressions that say when they are due next. They know no clock.

Sources: EventBridge user guide, "Setting a schedule pattern for scheduled rules"; EventBridge Scheduler user guide,
"Schedule types": across a change to summer time a time that does not exist is skipped, one that exists twice counts once.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from labcloud.schedule.days import DaysOf


class Schedule(Protocol):
    """Something that is due again and again, or once."""

    def next_after(self, epoch_s: float) -> float | None:
        """Returns the first time later than `epoch_s` at which it is due; None if there is none."""


@dataclass(frozen=True)
class RateSchedule:
    """Due every `interval_s` seconds, counted from when it was created or enabled."""

    interval_s: float
    start_s: float

    def next_after(self, epoch_s: float) -> float | None:
        turns = math.floor(max(0.0, epoch_s - self.start_s) / self.interval_s) + 1
        due = self.start_s + turns * self.interval_s
        return due if due > epoch_s else due + self.interval_s  # rounding can yield the very time that was asked for


@dataclass(frozen=True)
class OneTimeSchedule:
    """Due once."""

    due_s: float

    def next_after(self, epoch_s: float) -> float | None:
        return self.due_s if self.due_s > epoch_s else None


@dataclass(frozen=True)
class CronSchedule:
    """Due at calendar times of a time zone."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days_of: DaysOf
    months: frozenset[int]
    years: tuple[int, ...]
    zone: ZoneInfo

    def next_after(self, epoch_s: float) -> float | None:
        # Times that exist, each at its first occurrence, have the same order on the wall clock and in time.
        now = datetime.fromtimestamp(epoch_s, self.zone).replace(tzinfo=None)
        for wall_time in self._wall_times_from(now):
            moment = self._moment(wall_time)
            if moment is not None and moment > epoch_s:
                return moment
        return None

    def _wall_times_from(self, start: datetime) -> Iterator[datetime]:
        for day in self._days_from(start.date()):
            earliest = start.hour * 60 + start.minute if day == start.date() else 0
            for hour in self.hours[bisect_left(self.hours, earliest // 60) :]:
                for minute in self.minutes:
                    if hour * 60 + minute >= earliest:
                        yield datetime(day.year, day.month, day.day, hour, minute)

    def _days_from(self, start: date) -> Iterator[date]:
        for year in self.years[bisect_left(self.years, start.year) :]:
            for month in sorted(self.months):
                if (year, month) >= (start.year, start.month):
                    days = (date(year, month, day) for day in sorted(self.days_of(year, month)))
                    yield from (day for day in days if day >= start)

    def _moment(self, wall_time: datetime) -> float | None:
        """Returns when the zone's clocks show this time; None if they never do."""
        moment = wall_time.replace(tzinfo=self.zone).timestamp()
        shown = datetime.fromtimestamp(moment, self.zone).replace(tzinfo=None, fold=0)
        return moment if shown == wall_time else None
