"""Schedule expressions: when they are due, and why some are refused."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from croniter import croniter
from hypothesis import given, settings
from hypothesis import strategies as st

from labcloud.schedule import ScheduleError, parse_schedule


def epoch(text: str) -> float:
    return datetime.fromisoformat(f"{text}+00:00").timestamp()


def due_after(start: str, expression: str, count: int, **options: Any) -> list[str]:
    schedule = parse_schedule(expression, **options)
    moment: float | None = epoch(start)
    found = []
    for _ in range(count):
        assert moment is not None
        moment = schedule.next_after(moment)
        if moment is None:
            break
        found.append(datetime.fromtimestamp(moment, tz=datetime.fromisoformat("2026-01-01T00:00:00Z").tzinfo))
    return [f"{each:%Y-%m-%d %H:%M}" for each in found]


NEW_YEAR = "2026-01-01 00:00"  # a Thursday

DOCUMENTED = [
    ("cron(0 10 * * ? *)", ["2026-01-01 10:00", "2026-01-02 10:00"]),
    ("cron(15 12 * * ? *)", ["2026-01-01 12:15", "2026-01-02 12:15"]),
    ("cron(0 18 ? * MON-FRI *)", ["2026-01-01 18:00", "2026-01-02 18:00", "2026-01-05 18:00"]),
    ("cron(0 8 1 * ? *)", ["2026-01-01 08:00", "2026-02-01 08:00"]),
    ("cron(0/15 * * * ? *)", ["2026-01-01 00:15", "2026-01-01 00:30", "2026-01-01 00:45", "2026-01-01 01:00"]),
    ("cron(0/10 * ? * MON-FRI *)", ["2026-01-01 00:10", "2026-01-01 00:20"]),
    ("cron(0/5 8-17 ? * MON-FRI *)", ["2026-01-01 08:00", "2026-01-01 08:05"]),
    ("cron(0/30 20-2 ? * MON-FRI *)", ["2026-01-01 00:30", "2026-01-01 01:00"]),
    ("cron(1/10 * * * ? *)", ["2026-01-01 00:01", "2026-01-01 00:11"]),
    ("cron(0 0 3W * ? *)", ["2026-01-02 00:00", "2026-02-03 00:00", "2026-03-03 00:00"]),
    ("cron(0 0 1W * ? *)", ["2026-02-02 00:00", "2026-03-02 00:00", "2026-04-01 00:00"]),
    ("cron(0 0 31W * ? *)", ["2026-01-30 00:00", "2026-03-31 00:00", "2026-05-29 00:00"]),
    ("cron(0 0 L * ? *)", ["2026-01-31 00:00", "2026-02-28 00:00", "2026-03-31 00:00"]),
    ("cron(0 0 LW * ? *)", ["2026-01-30 00:00", "2026-02-27 00:00", "2026-03-31 00:00"]),
    ("cron(0 0 L-2 * ? *)", ["2026-01-29 00:00", "2026-02-26 00:00"]),
    ("cron(0 0 ? * 3#2 *)", ["2026-01-13 00:00", "2026-02-10 00:00"]),
    ("cron(0 0 ? * FRI#5 *)", ["2026-01-30 00:00", "2026-05-29 00:00"]),
    ("cron(15 10 ? * 6L 2026-2027)", ["2026-01-30 10:15", "2026-02-27 10:15"]),
    ("cron(0 0 ? * L *)", ["2026-01-03 00:00", "2026-01-10 00:00"]),
    ("cron(0 0 ? * 2,3,4,5,6,7 *)", ["2026-01-02 00:00", "2026-01-03 00:00", "2026-01-05 00:00"]),
    ("cron(1-31/30 1-1 ? * 1,7 *)", ["2026-01-03 01:01", "2026-01-03 01:31", "2026-01-04 01:01"]),
    ("cron(0 0 ? JAN,feb SAT-SUN *)", ["2026-01-03 00:00", "2026-01-04 00:00"]),
    (
        "cron(0 0 ? * FRI-MON *)",
        ["2026-01-02 00:00", "2026-01-03 00:00", "2026-01-04 00:00", "2026-01-05 00:00", "2026-01-09 00:00"],
    ),
    ("cron(0 0 29 2 ? *)", ["2028-02-29 00:00", "2032-02-29 00:00"]),
    ("cron(0 0 1 1 ? 2026)", []),
    ("cron(0 0 1 1 ? 2027,2030/100)", ["2027-01-01 00:00", "2030-01-01 00:00", "2130-01-01 00:00"]),
    ("cron(0 0 31 2 ? *)", []),
]


@pytest.mark.parametrize(("expression", "expected"), DOCUMENTED, ids=[row[0] for row in DOCUMENTED])
def test_cron_is_due(expression: str, expected: list[str]) -> None:
    assert due_after(NEW_YEAR, expression, max(1, len(expected))) == expected


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["*", "0", "0/15", "5-30/5", "1,31,59", "*/7"]),
    st.sampled_from(["*", "0", "3,22", "8-17", "*/6"]),
    st.sampled_from(["*", "1", "29-31", "*/10"]),
    st.sampled_from(["*", "2", "1-6", "2,12"]),
    st.integers(1_700_000_000, 1_900_000_000),
)
def test_plain_fields_agree_with_unix_cron(minute: str, hour: str, day: str, month: str, start: int) -> None:
    ours = parse_schedule(f"cron({minute} {hour} {day} {month} ? *)").next_after(start)
    unix_minute = minute.replace("0/15", "*/15")
    theirs = croniter(f"{unix_minute} {hour} {day} {month} *", start).get_next(float)
    assert ours == theirs


def test_a_rate_counts_from_its_start() -> None:
    schedule = parse_schedule("rate(5 minutes)", start_s=1000.0)
    assert schedule.next_after(1000.0) == 1300.0
    assert schedule.next_after(1299.9) == 1300.0
    assert schedule.next_after(1300.0) == 1600.0
    assert schedule.next_after(500.0) == 1300.0


@given(st.floats(0, 2e9), st.integers(1, 1000), st.integers(0, 100_000))
def test_a_rate_is_always_due_later(start_s: float, minutes: int, turns: int) -> None:
    schedule = parse_schedule(f"rate({minutes} minute{'s' * (minutes > 1)})", start_s=start_s)
    asked = start_s + turns * minutes * 60.0
    due = schedule.next_after(asked)
    assert due is not None and asked < due <= asked + minutes * 60.0 + 1e-3


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [("rate(1 minute)", 60), ("rate(2 hours)", 7200), ("rate(1 day)", 86400), ("rate( 10   days )", 864000)],
)
def test_rate_units(expression: str, seconds: int) -> None:
    assert parse_schedule(expression).next_after(0) == seconds


def test_scheduler_takes_a_plural_with_one() -> None:
    assert parse_schedule("rate(1 hours)", service="scheduler").next_after(0) == 3600


def test_at_is_once_in_its_zone() -> None:
    schedule = parse_schedule("at(2026-07-01T08:30:00)", "Europe/Berlin")
    assert schedule.next_after(epoch("2026-07-01 06:29")) == epoch("2026-07-01 06:30")
    assert schedule.next_after(epoch("2026-07-01 06:30")) is None


def test_cron_follows_the_summer_time_of_its_zone() -> None:
    due = due_after("2026-03-28 00:00", "cron(0 8 * * ? *)", 3, timezone="Europe/Berlin")
    assert due == ["2026-03-28 07:00", "2026-03-29 06:00", "2026-03-30 06:00"]


def test_a_time_that_the_change_to_summer_time_leaves_out_is_skipped() -> None:
    due = due_after("2026-03-28 00:00", "cron(30 2 * * ? *)", 2, timezone="Europe/Berlin")
    assert due == ["2026-03-28 01:30", "2026-03-30 00:30"]


def test_a_time_that_comes_twice_counts_once() -> None:
    due = due_after("2026-10-24 12:00", "cron(30 2 * * ? *)", 2, timezone="Europe/Berlin")
    assert due == ["2026-10-25 00:30", "2026-10-26 01:30"]


def test_the_other_side_of_the_date_line() -> None:
    due = due_after("2026-01-01 11:00", "cron(0 0 1 * ? *)", 2, timezone="Pacific/Kiritimati")
    assert due == ["2026-01-31 10:00", "2026-02-28 10:00"]


REFUSED = [
    ("rate(1 minutes)", "The unit of 1 is 'minute': write rate(1 minute)."),
    ("rate(5 minute)", "The unit of 5 is 'minutes': write rate(5 minutes)."),
    ("rate(0 minutes)", "'0' is not a whole number from 1."),
    ("rate(1.5 hours)", "'1.5' is not a whole number from 1."),
    ("rate(5 seconds)", "'seconds' is not a unit: minute, minutes, hour, hours, day, days."),
    ("rate(5minutes)", "rate(5minutes) needs a value and a unit, such as rate(5 minutes)."),
    ("5 minutes", "'5 minutes' is not rate(value unit), cron(six fields) or, in Scheduler, at(time)."),
    (
        "cron(*/5 * * * *)",
        "cron(*/5 * * * *) has 5 fields, six are needed: minutes, hours, day-of-month, month, day-of-week, year.",
    ),
    (
        "cron(0 12 * * * *)",
        "The day-of-month field is '*' and the day-of-week field '*': exactly one of them must be '?'.",
    ),
    (
        "cron(0 12 ? * ? *)",
        "The day-of-month field is '?' and the day-of-week field '?': exactly one of them must be '?'.",
    ),
    ("cron(60 * * * ? *)", "The minutes field is '60': '60' is not 0-59."),
    ("cron(*/60 * * * ? *)", "The minutes field is '*/60': the step 60 is larger than 59."),
    ("cron(0/0 * * * ? *)", "The minutes field is '0/0': the step '0' is not a whole number from 1."),
    ("cron(0 0 ? * 0 *)", "The day-of-week field is '0': '0' is not 1-7 or SUN-SAT."),
    ("cron(0 0 1 13 ? *)", "The month field is '13': '13' is not 1-12 or JAN-DEC."),
    ("cron(0 0 ? * 3#1,6#3 *)", "The day-of-week field is '3#1,6#3': with # there may be only one expression."),
    ("cron(0 0 ? * 3#6 *)", "The day-of-week field is '3#6': '6' after # is not 1-5."),
    ("cron(0 0 ? * 5L,6L *)", "The day-of-week field is '5L,6L': L goes with a single day, not with a list."),
    ("cron(0 0 1W,15W * ? *)", "The day-of-month field is '1W,15W': W goes with a single day, not with a list."),
    ("cron(0 0 L,15 * ? *)", "The day-of-month field is 'L,15': L and W stand alone: L, L-3, LW or 15W."),
    ("cron(0 0 L-31 * ? *)", "The day-of-month field is 'L-31': no month has so many days before its last."),
    ("cron(0, 0 1 * ? *)", "The minutes field is '0,': a value is missing at a comma."),
    ("cron(0 0 1 * ? 1969)", "The year field is '1969': '1969' is not 1970-2199."),
    ("at(2026-01-31 08:30)", "at(2026-01-31 08:30) needs a time such as at(2026-01-31T08:30:00), without a zone."),
    ("at(2026-02-30T08:30:00)", "at(2026-02-30T08:30:00) is not a date and time: day is out of range for month."),
]


@pytest.mark.parametrize(("expression", "reason"), REFUSED, ids=[row[0] for row in REFUSED])
def test_a_refusal_has_aws_message_and_the_reason(expression: str, reason: str) -> None:
    with pytest.raises(ScheduleError) as refused:
        parse_schedule(expression)
    assert refused.value.message == "Parameter ScheduleExpression is not valid."
    assert refused.value.reason == reason


def test_a_rule_knows_neither_at_nor_zones() -> None:
    with pytest.raises(ScheduleError, match="is for EventBridge Scheduler"):
        parse_schedule("at(2026-01-31T08:30:00)", service="events")
    with pytest.raises(ScheduleError, match="always in UTC, not in Europe/Berlin"):
        parse_schedule("cron(0 8 * * ? *)", "Europe/Berlin", service="events")


@pytest.mark.parametrize("zone", ["Europe/Nowhere", "../etc/passwd", ""])
def test_an_unknown_zone_is_named(zone: str) -> None:
    with pytest.raises(ScheduleError) as refused:
        parse_schedule("cron(0 8 * * ? *)", zone)
    assert refused.value.message == "Parameter ScheduleExpressionTimezone is not valid."
    assert refused.value.reason == f"{zone!r} is not a time zone such as Europe/Berlin."


def test_every_minute_goes_on_through_both_changes_of_the_clocks() -> None:
    schedule = parse_schedule("cron(* * * * ? *)", "Europe/Berlin")
    spring = epoch("2026-03-29 00:59")  # 01:59, then 03:00
    assert schedule.next_after(spring) == spring + 60
    autumn = epoch("2026-10-25 00:59")  # 02:59, then 02:00 again, which does not count
    assert schedule.next_after(autumn) == autumn + 61 * 60
