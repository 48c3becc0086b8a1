"""Time zones by the names that Java and Joda-Time know: regions, offsets, and the usual abbreviations."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

OFFSET = re.compile(r"([+-])(\d{1,2})(?::?([0-5]\d)(?::?([0-5]\d))?)?")
_PREFIXED = re.compile(r"(?:UTC|GMT|UT)(?=[+-])")
ABBREVIATIONS = {
    "EST": "America/New_York",
    "EDT": "America/New_York",
    "CST": "America/Chicago",
    "CDT": "America/Chicago",
    "MST": "America/Denver",
    "MDT": "America/Denver",
    "PST": "America/Los_Angeles",
    "PDT": "America/Los_Angeles",
    "AKST": "America/Anchorage",
    "AKDT": "America/Anchorage",
    "HST": "Pacific/Honolulu",
    "BST": "Europe/London",
    "WET": "Europe/Lisbon",
    "WEST": "Europe/Lisbon",
    "CET": "Europe/Paris",
    "CEST": "Europe/Paris",
    "EET": "Europe/Bucharest",
    "EEST": "Europe/Bucharest",
    "MSK": "Europe/Moscow",
    "IST": "Asia/Kolkata",
    "JST": "Asia/Tokyo",
    "KST": "Asia/Seoul",
    "SGT": "Asia/Singapore",
    "AEST": "Australia/Sydney",
    "AEDT": "Australia/Sydney",
    "NZST": "Pacific/Auckland",
    "NZDT": "Pacific/Auckland",
}
LONG_NAMES = {
    "UTC": "Coordinated Universal Time",
    "GMT": "Greenwich Mean Time",
    "EST": "Eastern Standard Time",
    "EDT": "Eastern Daylight Time",
    "CST": "Central Standard Time",
    "CDT": "Central Daylight Time",
    "MST": "Mountain Standard Time",
    "MDT": "Mountain Daylight Time",
    "PST": "Pacific Standard Time",
    "PDT": "Pacific Daylight Time",
    "CET": "Central European Time",
    "CEST": "Central European Summer Time",
    "EET": "Eastern European Time",
    "EEST": "Eastern European Summer Time",
    "JST": "Japan Standard Time",
}


@lru_cache(maxsize=256)
def zone_of(name: str) -> tzinfo | None:
    """The zone of an id such as UTC, America/Belize, +02:00 or UTC+01:00; None where there is none."""
    if name in ("UTC", "Z", "GMT", "UT", "Etc/UTC", "Zulu"):
        return UTC
    offset = OFFSET.fullmatch(_PREFIXED.sub("", name, count=1))
    if offset:
        return offset_zone(offset)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def offset_zone(match: re.Match[str]) -> tzinfo | None:
    """The zone of a match of OFFSET; Java allows up to 18 hours."""
    sign, hours, minutes, seconds = match.groups()
    size = timedelta(hours=int(hours), minutes=int(minutes or 0), seconds=int(seconds or 0))
    return timezone(size if sign == "+" else -size) if size <= timedelta(hours=18) else None


def short_name(moment: datetime) -> str | None:
    """The abbreviation at a moment, such as CST or UTC; None where the zone has only an offset."""
    name = moment.tzname() or ""
    return None if not name or name[0] in "+-" or (name.startswith("UTC") and name != "UTC") else name


def offset_text(moment: datetime, separator: str) -> str:
    """+01:00, or +0100 with an empty separator; seconds only where the offset has some."""
    total = int((moment.utcoffset() or timedelta()).total_seconds())
    hours, rest = divmod(abs(total), 3600)
    text = f"{'-' if total < 0 else '+'}{hours:02}{separator}{rest // 60:02}"
    return text + (f"{separator}{rest % 60:02}" if rest % 60 else "")
