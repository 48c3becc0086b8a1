"""date_format, date_parse, format_datetime and parse_datetime: MySQL and Joda patterns as DuckDB's."""

from __future__ import annotations

import re

from labcloud.timestream.errors import QueryError
from labcloud.timestream.sql import nodes as n
from labcloud.timestream.sql import types as t
from labcloud.timestream.sql.analyze import analyze_as
from labcloud.timestream.sql.calls import special
from labcloud.timestream.sql.scope import Scope
from labcloud.timestream.sql.special import constant_text, expect_arguments
from labcloud.timestream.sql.values import Typed, quote

MYSQL = {
    "Y": "%Y", "y": "%y", "m": "%m", "c": "%-m", "d": "%d", "e": "%-d", "H": "%H", "k": "%-H", "h": "%I", "I": "%I",
    "l": "%-I", "i": "%M", "s": "%S", "S": "%S", "f": "%f", "p": "%p", "T": "%H:%M:%S", "r": "%I:%M:%S %p", "M": "%B",
    "b": "%b", "W": "%A", "a": "%a", "j": "%j", "v": "%V", "x": "%G", "%": "%%",
}  # fmt: skip
"""Specifiers of date_format; Trino refuses %D %U %u %V %w %X (its "MySQL date functions")."""

JODA = {
    "yyyy": "%Y", "uuuu": "%Y", "YYYY": "%Y", "y": "%Y", "u": "%Y", "yy": "%y", "MM": "%m", "LL": "%m", "M": "%-m",
    "L": "%-m", "MMM": "%b", "LLL": "%b", "MMMM": "%B", "LLLL": "%B", "dd": "%d", "d": "%-d", "HH": "%H", "H": "%-H",
    "hh": "%I", "h": "%-I", "mm": "%M", "m": "%-M", "ss": "%S", "s": "%-S", "SSS": "%g", "SSSSSS": "%f",
    "SSSSSSSSS": "%n", "a": "%p", "E": "%a", "EE": "%a", "EEE": "%a", "EEEE": "%A", "DDD": "%j", "D": "%-j",
    "xxxx": "%G", "ww": "%V", "e": "%u",
}  # fmt: skip
_JODA_PIECE = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+")


def mysql_pattern(pattern: str, at: n.Position) -> str:
    """A MySQL format as a strftime format."""
    pieces = re.split(r"%(.)", pattern, flags=re.DOTALL)
    result = []
    for index, piece in enumerate(pieces):
        if index % 2 == 0:
            result.append(piece.replace("%", "%%"))
        elif piece in MYSQL:
            result.append(MYSQL[piece])
        elif piece in "DUuVwX":
            raise QueryError(at, f"%{piece} not supported in date format string")
        else:
            result.append(piece)
    return "".join(result)


def joda_pattern(pattern: str, at: n.Position) -> tuple[str, bool]:
    """A Joda pattern as a strftime format, and whether it ends in a time zone."""
    result, zoned = "", False
    for match in _JODA_PIECE.finditer(pattern):
        piece = match.group()
        if zoned:
            raise QueryError(at, "this cloud serves z and Z only at the end of a pattern")
        if piece.startswith("'"):
            result += (match.group(1).replace("''", "'") or "'").replace("%", "%%")
        elif piece[0].isalpha() and piece[0] in "zZ":
            zoned = True
        elif piece[0].isalpha():
            if piece not in JODA:
                raise QueryError(at, f"Illegal pattern component: {piece}")
            result += JODA[piece]
        else:
            result += piece.replace("%", "%%")
    return result, zoned


@special("date_format")
def _date_format(node: n.Call, scope: Scope) -> Typed:
    expect_arguments(node, 2)
    value = analyze_as(node.arguments[0], t.TIMESTAMP, scope, "Argument 1 of date_format")
    pattern = mysql_pattern(constant_text(node, 1, scope), node.arguments[1].at)
    return Typed(f"strftime(ts_us({value}), {quote(pattern)})", t.VARCHAR)


@special("date_parse")
def _date_parse(node: n.Call, scope: Scope) -> Typed:
    expect_arguments(node, 2)
    text = analyze_as(node.arguments[0], t.VARCHAR, scope, "Argument 1 of date_parse")
    pattern = mysql_pattern(constant_text(node, 1, scope), node.arguments[1].at)
    return Typed(f"(epoch_us(strptime({text}, {quote(pattern)})) * 1000)", t.TIMESTAMP)


@special("format_datetime")
def _format_datetime(node: n.Call, scope: Scope) -> Typed:
    expect_arguments(node, 2)
    value = analyze_as(node.arguments[0], t.TIMESTAMP, scope, "Argument 1 of format_datetime")
    written = constant_text(node, 1, scope)
    pattern, zoned = joda_pattern(written, node.arguments[1].at)
    zone = ("+0000" if written.endswith("Z") else "UTC") if zoned else ""
    return Typed(f"strftime(ts_us({value}), {quote(pattern + zone)})", t.VARCHAR)


@special("parse_datetime")
def _parse_datetime(node: n.Call, scope: Scope) -> Typed:
    expect_arguments(node, 2)
    text = analyze_as(node.arguments[0], t.VARCHAR, scope, "Argument 1 of parse_datetime")
    pattern, zoned = joda_pattern(constant_text(node, 1, scope), node.arguments[1].at)
    if not zoned:
        return Typed(f"(epoch_us(strptime({text}, {quote(pattern)})) * 1000)", t.TIMESTAMP)
    zone = r"'([A-Za-z]+|[+-]\d{2}:?\d{2})$'"
    bare = f"regexp_replace({text}, {zone}, '')"
    parsed = f"epoch_us(strptime({bare}, {quote(pattern)})) * 1000"
    return Typed(f"({parsed} - ts_zone(regexp_extract({text}, {zone})))", t.TIMESTAMP)
