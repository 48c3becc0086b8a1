"""Text → milliseconds by a pattern of Java 11's DateTimeFormatter, in English: what time_to_epoch reads. Pure.

Letters served: G u y M L d D E a h K k H m s S A n N V z O X x Z, quotes, and [optional] parts. The week-based ones
(Y w W e c F), quarters (Q q) and padding (p) are not: such a pattern gives Undefined.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any

import regex

from .jodatime import DAYS, MONTHS
from .zones import ABBREVIATIONS, OFFSET, offset_zone, zone_of

_PART = re.compile(
    r"(?P<letter>[A-Za-z])(?P=letter)*|'(?P<quoted>(?:[^']|'')*)'|(?P<bracket>[\[\]])|(?P<text>[^A-Za-z'])"
)
_NUMERIC = frozenset("uyMLdDhKkHmsSAnN")
_ZONES = frozenset("VzOXxZ")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_PATTERN = 200
TIMEOUT_S = 0.1
_OFFSET_TEXT = r"[+-]\d{1,2}(?::?[0-5]\d(?::?[0-5]\d)?)?"


class Unsupported(ValueError):
    """The pattern cannot be read."""


def parse_java_time(text: str, pattern: str) -> int | None:
    """Milliseconds since 1970, or None where the text does not match; raises ValueError for a bad pattern or date."""
    expression, fields = _compiled(pattern)
    try:
        match = expression.fullmatch(text, timeout=TIMEOUT_S)
    except TimeoutError:
        return None
    if match is None:
        return None
    found: dict[str, str] = {}
    for name, letter in fields:
        if (value := match[name]) is not None and found.setdefault(letter, value) != value:
            return None
    return _resolve(found)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> tuple[Any, tuple[tuple[str, str], ...]]:
    """The pattern as a regular expression, and the letter of each of its groups."""
    if len(pattern) > LONGEST_PATTERN:
        raise Unsupported("the pattern is too long")
    pieces = list(_pieces(pattern))
    expression: list[str] = []
    fields: list[tuple[str, str]] = []
    for index, (kind, value) in enumerate(pieces):
        if kind == "letter":
            name = f"f{index}"
            adjacent = index + 1 < len(pieces) and pieces[index + 1][0] == "letter"
            numeric_next = adjacent and _is_number(pieces[index + 1][1])
            expression.append(f"(?P<{name}>{_expression(value, numeric_next)})")
            fields.append((name, value[0] + "yy" if value in ("yy", "uu") else value[0]))
        elif kind == "bracket":
            expression.append("(?:" if value == "[" else ")?")
        else:
            expression.append(re.escape(value))
    try:
        return regex.compile("".join(expression), regex.ASCII), tuple(fields)
    except (regex.error, RecursionError) as error:
        raise Unsupported(pattern) from error


def _pieces(pattern: str) -> list[tuple[str, str]]:
    pieces: list[tuple[str, str]] = []
    position = 0
    while position < len(pattern):
        match = _PART.match(pattern, position)
        if match is None or match.group() in ("{", "}", "#"):
            raise Unsupported(pattern)
        position = match.end()
        if match["letter"]:
            pieces.append(("letter", match.group()))
        elif match["bracket"]:
            pieces.append(("bracket", match.group()))
        else:
            quoted = match["quoted"]
            pieces.append(("text", match["text"] if quoted is None else quoted.replace("''", "'") or "'"))
    return pieces


def _is_number(letters: str) -> bool:
    return letters[0] in _NUMERIC and not (letters[0] in "ML" and len(letters) > 2)


def _expression(letters: str, numeric_next: bool) -> str:
    """The regular expression of one field; a number before another number has exactly the width written."""
    letter, count = letters[0], len(letters)
    if letter == "S":
        return rf"\d{{{count}}}"
    if letter in _ZONES:
        return _zone_expression(letter, count)
    if letter in "uy":
        if count == 2:
            return r"\d{2}"
        return rf"\d{{{max(count, 1)}}}" if numeric_next or count == 4 else rf"\d{{{count},9}}"
    if _is_number(letters):
        if letter in "AnN" or (letter == "D" and count < 3):
            return rf"\d{{{count},15}}"
        return rf"\d{{{count}}}" if count > 1 or numeric_next else r"\d{1,2}"
    names = {"M": MONTHS, "L": MONTHS, "E": DAYS, "a": ["AM", "PM"], "G": ["AD", "BC"]}.get(letter)
    if names is None or count > 4:
        raise Unsupported(letters)
    if letter in "MLE":
        return "|".join(name if count == 4 else name[:3] for name in names)
    return "Anno Domini|Before Christ" if letter == "G" and count == 4 else "|".join(names)


def _zone_expression(letter: str, count: int) -> str:
    if letter in "Vz":
        if letter == "V" and count != 2:
            raise Unsupported("V" * count)
        return rf"[A-Za-z][A-Za-z0-9_/-]*(?:{_OFFSET_TEXT})?|Z|{_OFFSET_TEXT}"
    if letter == "O" or (letter == "Z" and count == 4):
        return rf"GMT(?:{_OFFSET_TEXT})?"
    if letter == "Z":
        return r"[+-]\d{4}" if count < 4 else r"Z|[+-]\d\d:\d\d(?::\d\d)?"
    forms = [r"[+-]\d\d(?:\d\d)?", r"[+-]\d{4}", r"[+-]\d\d:\d\d", r"[+-]\d{4}(?:\d\d)?", r"[+-]\d\d:\d\d(?::\d\d)?"]
    if count > len(forms):
        raise Unsupported(letter * count)
    return f"Z|{forms[count - 1]}" if letter == "X" else forms[count - 1]


def _resolve(found: dict[str, str]) -> int | None:
    zone = _zone(found)
    day = _date(found)
    if zone is None or day is None:
        return None
    if "E" in found and not DAYS[day.weekday()].startswith(found["E"]):
        return None
    milliseconds = _milliseconds_of_day(found)
    if milliseconds is None:
        return None
    moment = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(milliseconds=milliseconds)
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _zone(found: dict[str, str]) -> tzinfo | None:
    written = next((found[letter] for letter in "VzOXxZ" if letter in found), "UTC")
    if offset := OFFSET.fullmatch(written):
        return offset_zone(offset)
    return zone_of(ABBREVIATIONS.get(written, written) if "z" in found else written)


def _date(found: dict[str, str]) -> date | None:
    """Year with month and day, or with the day of the year. Without all of them there is no date in Java either."""
    year = next((int(found[letter]) for letter in "uy" if letter in found), None)
    if year is None:
        # Two letters of the year are 2000 to 2099.
        year = next((2000 + int(found[letter]) for letter in ("uyy", "yyy") if letter in found), None)
    if year is None or found.get("G", "AD") in ("BC", "Before Christ"):
        return None
    if "D" in found:
        day = date(year, 1, 1) + timedelta(days=int(found["D"]) - 1)
        return day if day.year == year else None
    month = found.get("M") or found.get("L")
    if month is None or "d" not in found:
        return None
    number = int(month) if month.isdigit() else [name[:3] for name in MONTHS].index(month[:3]) + 1
    day_of_month = int(found["d"])
    if 28 < day_of_month < 32:  # Java's SMART resolver takes February 30 for the month's last day
        day_of_month = min(day_of_month, monthrange(year, number)[1])
    return date(year, number, day_of_month)


def _milliseconds_of_day(found: dict[str, str]) -> int | None:
    if "A" in found:
        return int(found["A"])
    if "N" in found:
        return int(found["N"]) // 1_000_000
    hour = _hour(found)
    minute, second = int(found.get("m", 0)), int(found.get("s", 0))
    if hour is None or minute > 59 or second > 59:
        return None
    fraction = int((found.get("S", "") + "000")[:3]) if "S" in found else int(found.get("n", 0)) // 1_000_000
    return ((hour * 60 + minute) * 60 + second) * 1000 + fraction


def _hour(found: dict[str, str]) -> int | None:
    if "H" in found or "k" in found:
        hour = int(found["H"]) if "H" in found else int(found["k"]) % 24
        # Java's SMART resolver takes 24:00 for the end of the day.
        midnight = hour == 24 and not int(found.get("m", 0)) and not int(found.get("s", 0))
        return hour if hour < 24 or midnight else None
    if "h" in found or "K" in found:
        hour = int(found["h"]) % 12 if "h" in found else int(found["K"])
        if "a" not in found or hour > 11 or ("h" in found and not 1 <= int(found["h"]) <= 12):
            return None
        return hour + 12 * (found["a"] == "PM")
    return 0
