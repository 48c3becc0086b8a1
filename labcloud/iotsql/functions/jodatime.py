"""A moment as text by a Joda-Time pattern (DateTimeFormat), in English: what parse_time writes. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache

from .zones import LONG_NAMES, offset_text, short_name

MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

_PART = re.compile(r"(?P<letter>[A-Za-z])(?P=letter)*|'(?P<quoted>(?:[^']|'')*)'|(?P<text>[^A-Za-z']+)")
_Field = Callable[[datetime, str], str]


class BadPattern(Exception):
    """Joda-Time would refuse this pattern."""


def format_joda_time(pattern: str, moment: datetime, zone_name: str) -> str:
    """The moment (with its zone) as the pattern says; `zone_name` is the id that ZZZ prints."""
    return "".join(part if isinstance(part, str) else part(moment, zone_name) for part in _parts(pattern))


@lru_cache(maxsize=256)
def _parts(pattern: str) -> tuple[str | _Field, ...]:
    parts: list[str | _Field] = []
    position = 0
    while position < len(pattern):
        match = _PART.match(pattern, position)
        if match is None:
            raise BadPattern(pattern)
        position = match.end()
        if match["letter"]:
            parts.append(_field(match["letter"], len(match.group())))
        elif match["text"]:
            parts.append(match["text"])
        else:
            parts.append(match["quoted"].replace("''", "'") or "'")
    return tuple(parts)


def _field(letter: str, count: int) -> _Field:
    if letter in _NUMBERS:
        number = _NUMBERS[letter]
        return lambda moment, _: f"{number(moment):0{count}}"
    if letter in "yYx":
        year = _YEARS[letter]
        if count == 2:
            return lambda moment, _: f"{year(moment) % 100:02}"
        return lambda moment, _: f"{year(moment):0{count}}"
    if letter == "M" and count < 3:
        return lambda moment, _: f"{moment.month:0{count}}"
    if letter == "S":
        return lambda moment, _: (f"{moment.microsecond // 1000:03}" + "0" * count)[:count]
    if letter == "Z":
        return _offset(count)
    if letter == "z":
        return (lambda moment, _: _long_zone(moment)) if count >= 4 else (lambda moment, _: _short_zone(moment))
    if letter in _TEXTS:
        text = _TEXTS[letter]
        return lambda moment, _: text(moment, count >= 4)
    raise BadPattern(f"unknown letter {letter}")


def _offset(count: int) -> _Field:
    if count >= 3:
        return lambda _, zone_name: zone_name
    separator = ":" if count == 2 else ""
    return lambda moment, _: offset_text(moment, separator)


def _short_zone(moment: datetime) -> str:
    return short_name(moment) or offset_text(moment, ":")


def _long_zone(moment: datetime) -> str:
    """Only the common zones have their long names here; the others print as Joda prints a nameless zone."""
    return LONG_NAMES.get(moment.tzname() or "") or offset_text(moment, ":")


_NUMBERS: dict[str, Callable[[datetime], int]] = {
    "C": lambda moment: moment.year // 100,
    "w": lambda moment: moment.isocalendar().week,
    "e": lambda moment: moment.isoweekday(),
    "D": lambda moment: moment.timetuple().tm_yday,
    "d": lambda moment: moment.day,
    "K": lambda moment: moment.hour % 12,
    "h": lambda moment: moment.hour % 12 or 12,
    "H": lambda moment: moment.hour,
    "k": lambda moment: moment.hour or 24,
    "m": lambda moment: moment.minute,
    "s": lambda moment: moment.second,
}
_YEARS: dict[str, Callable[[datetime], int]] = {
    "y": lambda moment: moment.year,
    "Y": lambda moment: moment.year,
    "x": lambda moment: moment.isocalendar().year,
}
_TEXTS: dict[str, Callable[[datetime, bool], str]] = {
    "G": lambda moment, full: "AD",
    "E": lambda moment, full: DAYS[moment.weekday()][: None if full else 3],
    "M": lambda moment, full: MONTHS[moment.month - 1][: None if full else 3],
    "a": lambda moment, full: "AM" if moment.hour < 12 else "PM",
}
