"""Reads `rate(…)`, `cron(…)` and `at(…)` as AWS does, and says in words why an expression is refused."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from labcloud.schedule.days import parse_days
from labcloud.schedule.errors import ScheduleError
from labcloud.schedule.expressions import CronSchedule, OneTimeSchedule, RateSchedule, Schedule
from labcloud.schedule.fields import HOURS, MINUTES, MONTH, YEAR

Service = Literal["any", "events", "scheduler"]
_EXPRESSION = re.compile(r"(rate|cron|at)\((.*)\)", re.DOTALL)
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}
_FIELD_NAMES = "minutes, hours, day-of-month, month, day-of-week, year"


def parse_schedule(
    expression: str, timezone: str = "UTC", *, start_s: float = 0.0, service: Service = "any"
) -> Schedule:
    """Parses a schedule expression; raises ScheduleError with AWS's message and the reason.

    `start_s` is when the schedule was created or enabled: a rate counts from it. `service` says whose rules count:
    EventBridge rules (`events`) know neither at(…) nor time zones, Scheduler takes `rate(1 hours)` too.
    """
    found = _EXPRESSION.fullmatch(expression.strip())
    if not found:
        raise ScheduleError(f"{expression!r} is not rate(value unit), cron(six fields) or, in Scheduler, at(time).")
    kind, inner = found.groups()
    zone = _zone(timezone, service)
    if kind == "rate":
        return _rate(inner, start_s, strict=service != "scheduler")
    if kind == "cron":
        return _cron(inner, zone)
    if service == "events":
        raise ScheduleError("at(…) is for EventBridge Scheduler; a rule takes rate(…) or cron(…).")
    return _at(inner, zone)


def _zone(timezone: str, service: Service) -> ZoneInfo:
    if service == "events" and timezone != "UTC":
        raise ScheduleError(f"A rule's schedule is always in UTC, not in {timezone}; EventBridge Scheduler has zones.")
    try:
        return ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ScheduleError(
            f"{timezone!r} is not a time zone such as Europe/Berlin.",
            "Parameter ScheduleExpressionTimezone is not valid.",
        ) from None


def _rate(inner: str, start_s: float, strict: bool) -> RateSchedule:
    parts = inner.split()
    if len(parts) != 2:
        raise ScheduleError(f"rate({inner}) needs a value and a unit, such as rate(5 minutes).")
    value, unit = parts
    singular = unit.removesuffix("s")
    if singular not in _SECONDS or unit not in (singular, f"{singular}s"):
        raise ScheduleError(f"{unit!r} is not a unit: minute, minutes, hour, hours, day, days.")
    if not (value.isascii() and value.isdigit()) or int(value) < 1:
        raise ScheduleError(f"{value!r} is not a whole number from 1.")
    number = int(value)
    right = singular if number == 1 else f"{singular}s"
    if strict and unit != right:
        raise ScheduleError(f"The unit of {number} is {right!r}: write rate({number} {right}).")
    return RateSchedule(number * _SECONDS[singular], start_s)


def _cron(inner: str, zone: ZoneInfo) -> CronSchedule:
    fields = inner.split()
    if len(fields) != 6:
        raise ScheduleError(f"cron({inner}) has {len(fields)} fields, six are needed: {_FIELD_NAMES}.")
    minutes, hours, day_of_month, month, day_of_week, year = fields
    return CronSchedule(
        minutes=tuple(sorted(MINUTES.parse(minutes))),
        hours=tuple(sorted(HOURS.parse(hours))),
        days_of=parse_days(day_of_month, day_of_week),
        months=MONTH.parse(month),
        years=tuple(sorted(YEAR.parse(year))),
        zone=zone,
    )


def _at(inner: str, zone: ZoneInfo) -> OneTimeSchedule:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}", inner):
        raise ScheduleError(f"at({inner}) needs a time such as at(2026-01-31T08:30:00), without a zone.")
    try:
        moment = datetime.fromisoformat(inner).replace(tzinfo=zone)
    except ValueError as fault:
        raise ScheduleError(f"at({inner}) is not a date and time: {fault}.") from None
    return OneTimeSchedule(moment.timestamp())
