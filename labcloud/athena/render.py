"""Values as Athena's texts, rows as its CSV. Pure. Source: Athena's result files and GetQueryResults."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any


def text_of(value: Any) -> str | None:
    """A value; None for null."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _double(value)
    if isinstance(value, datetime):
        shown = value.strftime("%Y-%m-%d %H:%M:%S.") + f"{value.microsecond // 1000:03d}"
        return f"{shown} UTC" if value.tzinfo else shown
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return " ".join(f"{byte:02x}" for byte in value)
    if isinstance(value, timedelta):
        return _interval(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_inner(item) for item in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}={_inner(item)}' for key, item in value.items())}}}"
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def csv_lines(lines: Iterable[Sequence[str | None]]) -> bytes:
    """Everything in quotation marks, null as nothing."""
    return "".join(f"{','.join(_quoted(cell) for cell in line)}\n" for line in lines).encode()


def _quoted(cell: str | None) -> str:
    return "" if cell is None else '"' + cell.replace('"', '""') + '"'


def _inner(item: Any) -> str:
    shown = text_of(item)
    return "null" if shown is None else shown


def _double(value: float) -> str:
    if math.isnan(value) or math.isinf(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    digits, _, exponent = repr(float(value)).partition("e")
    if not exponent:
        mantissa, _, exponent = f"{value:.17e}".partition("e")
        shortest = next(f"{value:.{n}e}" for n in range(18) if float(f"{value:.{n}e}") == value)
        digits, _, exponent = shortest.partition("e")
    return f"{digits if '.' in digits else digits + '.0'}E{int(exponent)}"


def _interval(value: timedelta) -> str:
    seconds = value.days * 86_400 + value.seconds
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    days, rest = divmod(seconds, 86_400)
    return f"{sign}{days} {rest // 3600:02d}:{rest % 3600 // 60:02d}:{rest % 60:02d}.{value.microseconds // 1000:03d}"


def rows_of(body: bytes) -> list[list[str | None]]:
    """A CSV of `csv_lines`, with its first line; nothing between commas is null."""
    text, place = body.decode(), 0
    rows: list[list[str | None]] = []
    row: list[str | None] = []
    while place < len(text):
        if text[place] == '"':
            cell, place = _read_quoted(text, place + 1)
            row.append(cell)
        elif text[place] in ",\n":
            row.append(None)
        if text[place : place + 1] == "\n":
            rows.append(row)
            row = []
        elif text[place : place + 2] == ",\n":
            row.append(None)
            rows.append(row)
            row, place = [], place + 1
        place += 1
    return rows


def _read_quoted(text: str, place: int) -> tuple[str, int]:
    end = place
    while True:
        end = text.index('"', end)
        if text[end + 1 : end + 2] != '"':
            return text[place:end].replace('""', '"'), end + 1
        end += 2
