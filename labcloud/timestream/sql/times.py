"""Reads timestamps, dates, times and intervals as text: Timestream's forms, to nanoseconds (or days, or months)."""

from __future__ import annotations

import datetime
import re

SECOND = 1_000_000_000
UNIT_NS = {
    "nanosecond": 1, "microsecond": 1_000, "millisecond": 1_000_000, "second": SECOND, "minute": 60 * SECOND,
    "hour": 3_600 * SECOND, "day": 86_400 * SECOND, "week": 7 * 86_400 * SECOND,
}  # fmt: skip
UNIT_MONTHS = {"month": 1, "quarter": 3, "year": 12}
MIN_NS, MAX_NS = -(2**63), 2**63 - 1
"""Query time range 1677-09-21 to 2262-04-11 (developer guide, "Supported data types"): 64-bit nanoseconds."""

_EPOCH = datetime.date(1970, 1, 1).toordinal()
_TIMESTAMP = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,9}))?)?)?"
    r"(?: ?(Z|UTC|[+-]\d{2}:?\d{2}))?"
)
_TIME = re.compile(r"(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,9}))?)?")
_DAY_TO_SECOND = re.compile(r"(?:(\d+) )?(\d+):(\d+)(?::(\d+)(?:\.(\d{1,9}))?)?|(\d+)")


def parse_timestamp(text: str) -> int | None:
    """Nanoseconds since 1970 of a timestamp; None if the text is not one or out of range."""
    match = _TIMESTAMP.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        days = datetime.date(int(year), int(month), int(day)).toordinal() - _EPOCH
    except ValueError:
        return None
    clock = _clock_ns(hour or "0", minute or "0", second, fraction)
    if clock is None:
        return None
    value = days * UNIT_NS["day"] + clock - _zone_ns(zone)
    return value if MIN_NS <= value <= MAX_NS else None


def parse_date(text: str) -> datetime.date | None:
    """A date such as 2022-07-07; a time of day behind it is dropped."""
    match = _TIMESTAMP.fullmatch(text.strip())
    if match is None:
        return None
    try:
        return datetime.date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None


def parse_time(text: str) -> int | None:
    """Nanoseconds since midnight."""
    match = _TIME.fullmatch(text.strip())
    return _clock_ns(*match.groups()) if match else None


def _clock_ns(hour: str, minute: str, second: str | None, fraction: str | None) -> int | None:
    h, m, s = int(hour), int(minute), int(second or 0)
    if h > 23 or m > 59 or s > 59:
        return None
    return ((h * 60 + m) * 60 + s) * SECOND + int((fraction or "0").ljust(9, "0"))


def _zone_ns(zone: str | None) -> int:
    if zone in (None, "Z", "UTC"):
        return 0
    digits = zone[1:].replace(":", "")
    value = (int(digits[:2]) * 60 + int(digits[2:])) * 60 * SECOND
    return -value if zone[0] == "-" else value


def parse_interval(amount: str, unit: str) -> tuple[str, int] | None:
    """("interval day to second", ns) or ("interval year to month", months) of INTERVAL 'amount' unit."""
    negative = amount.startswith("-")
    sign, digits = (-1, amount[1:]) if negative else (1, amount)
    if unit == "year to month":
        match = re.fullmatch(r"(\d+)-(\d+)", digits)
        return ("interval year to month", sign * (int(match[1]) * 12 + int(match[2]))) if match else None
    if " to " in unit:
        return _day_to_second(sign, digits)
    if unit in UNIT_MONTHS:
        return ("interval year to month", sign * int(digits) * UNIT_MONTHS[unit]) if digits.isdecimal() else None
    if not re.fullmatch(r"\d+(\.\d+)?", digits):
        return None
    whole, _, fraction = digits.partition(".")
    value = int(whole) * UNIT_NS[unit] + (int(fraction) * UNIT_NS[unit] // 10 ** len(fraction) if fraction else 0)
    return ("interval day to second", sign * value) if value <= MAX_NS else None


def _day_to_second(sign: int, digits: str) -> tuple[str, int] | None:
    match = _DAY_TO_SECOND.fullmatch(digits)
    if match is None:
        return None
    day, hour, minute, second, fraction, only_days = match.groups()
    days = int(only_days or day or 0)
    clock = ((int(hour or 0) * 60 + int(minute or 0)) * 60 + int(second or 0)) * SECOND
    value = days * UNIT_NS["day"] + clock + int((fraction or "0").ljust(9, "0"))
    return ("interval day to second", sign * value) if value <= MAX_NS else None


def date_of_days(days: int) -> datetime.date:
    return datetime.date.fromordinal(days + _EPOCH)


def timestamp_text(ns: int) -> str:
    """A timestamp as results carry it: 2022-06-17 17:44:43.771000000."""
    days, rest = divmod(ns, UNIT_NS["day"])
    return f"{date_of_days(days).isoformat()} {time_text(rest)}"


def time_text(ns: int) -> str:
    """A time of day with nine digits of a second."""
    seconds, fraction = divmod(ns, SECOND)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{fraction:09d}"


def day_to_second_text(ns: int) -> str:
    """1 00:00:00.000000000, with a minus in front of a negative interval."""
    days, rest = divmod(abs(ns), UNIT_NS["day"])
    return f"{'-' if ns < 0 else ''}{days} {time_text(rest)}"


def year_to_month_text(months: int) -> str:
    return f"{'-' if months < 0 else ''}{abs(months) // 12}-{abs(months) % 12}"
