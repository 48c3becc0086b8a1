"""Which days of a month a cron expression means: day-of-month with `L` and `W`, day-of-week with `L` and `#`."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable

from labcloud.schedule.errors import ScheduleError
from labcloud.schedule.fields import DAY_OF_MONTH, DAY_OF_WEEK

DaysOf = Callable[[int, int], set[int]]
"""From a year and a month to the days of it."""
_LAST = re.compile(r"L(?:-(\d+))?(W)?", re.IGNORECASE)


def parse_days(day_of_month: str, day_of_week: str) -> DaysOf:
    """Reads both day fields: exactly one of them must be `?`."""
    unspecified = [text for text in (day_of_month, day_of_week) if text == "?"]
    if len(unspecified) != 1:
        raise ScheduleError(
            f"The day-of-month field is {day_of_month!r} and the day-of-week field {day_of_week!r}: "
            "exactly one of them must be '?'."
        )
    return _parse_day_of_week(day_of_week) if day_of_month == "?" else _parse_day_of_month(day_of_month)


def _parse_day_of_month(text: str) -> DaysOf:
    last = _LAST.fullmatch(text)
    if last:
        before, weekday = int(last[1] or 0), bool(last[2])
        if before > 30:
            raise DAY_OF_MONTH.refuse(text, "no month has so many days before its last")
        return lambda year, month: _last_day(year, month, before, weekday)
    if text.upper().endswith("W"):
        if "," in text:
            raise DAY_OF_MONTH.refuse(text, "W goes with a single day, not with a list")
        day = DAY_OF_MONTH.value(text, text[:-1])
        return lambda year, month: _nearest_weekday(year, month, day)
    if "L" in text.upper() or "W" in text.upper():
        raise DAY_OF_MONTH.refuse(text, "L and W stand alone: L, L-3, LW or 15W")
    days = DAY_OF_MONTH.parse(text)
    return lambda year, month: {day for day in days if day <= _length(year, month)}


def _parse_day_of_week(text: str) -> DaysOf:
    upper = text.upper()
    if "#" in upper:
        if "," in upper:
            raise DAY_OF_WEEK.refuse(text, "with # there may be only one expression")
        day, _, nth = upper.partition("#")
        weekday = DAY_OF_WEEK.value(text, day)
        if nth not in ("1", "2", "3", "4", "5"):
            raise DAY_OF_WEEK.refuse(text, f"{nth!r} after # is not 1-5")
        return lambda year, month: set(_weekdays(year, month, weekday)[int(nth) - 1 : int(nth)])
    if upper.endswith("L") and upper != "L":
        if "," in upper:
            raise DAY_OF_WEEK.refuse(text, "L goes with a single day, not with a list")
        weekday = DAY_OF_WEEK.value(text, upper[:-1])
        return lambda year, month: set(_weekdays(year, month, weekday)[-1:])
    days = frozenset({7}) if upper == "L" else DAY_OF_WEEK.parse(text)
    return lambda year, month: {day for weekday in days for day in _weekdays(year, month, weekday)}


def _length(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


def _weekdays(year: int, month: int, weekday: int) -> list[int]:
    """Returns the days of the month that are this day of the week, Sunday being 1."""
    first = (calendar.weekday(year, month, 1) + 1) % 7 + 1
    return list(range(1 + (weekday - first) % 7, _length(year, month) + 1, 7))


def _last_day(year: int, month: int, before: int, weekday: bool) -> set[int]:
    day = _length(year, month) - before
    if day < 1:
        return set()
    return _nearest_weekday(year, month, day) if weekday else {day}


def _nearest_weekday(year: int, month: int, day: int) -> set[int]:
    """Moves a Saturday back and a Sunday forward to a weekday, never out of the month."""
    length = _length(year, month)
    if day > length:
        return set()
    weekday = calendar.weekday(year, month, day)
    if weekday == calendar.SATURDAY:
        return {day - 1 if day > 1 else 3}
    if weekday == calendar.SUNDAY:
        return {day + 1 if day < length else day - 2}
    return {day}
