"""Cuts a Timestream query into tokens. Durations (15m) and measure_value::double are one token each."""

from __future__ import annotations

import re
from typing import NamedTuple

from labcloud.timestream.errors import QuerySyntaxError
from labcloud.timestream.sql.nodes import Position

DURATION_UNITS = {
    "ns": "nanosecond", "us": "microsecond", "ms": "millisecond", "s": "second", "m": "minute", "h": "hour",
    "d": "day", "y": "year",
    **{name: name for name in (
        "nanosecond", "microsecond", "millisecond", "second", "minute", "hour", "day", "month", "year")},
}  # fmt: skip
"""Developer guide, "Interval and duration": the units of a literal such as 15m. week and quarter are none."""

_UNITS = "|".join(sorted(DURATION_UNITS, key=len, reverse=True))
_PATTERN = re.compile(
    rf"""
    (?P<space>\s+|--[^\n]*|/\*.*?\*/)
  | (?P<string>'(?:[^']|'')*')
  | (?P<quoted>"(?:[^"]|"")+")
  | (?P<duration>\d+(?:{_UNITS})(?![A-Za-z0-9_]))
  | (?P<double>\d+\.\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)
  | (?P<integer>\d+(?![A-Za-z_]))
  | (?P<measure>measure_value::[A-Za-z]+)
  | (?P<parameter>@[A-Za-z_][A-Za-z0-9_]*)
  | (?P<word>[A-Za-z_][A-Za-z0-9_@]*)
  | (?P<symbol>->|<=|>=|<>|!=|\|\||[-+*/%(),.<>=\[\];])
    """,
    re.VERBOSE | re.DOTALL,
)

_RESERVED_WORDS = """
ALTER AND AS BETWEEN BY CASE CAST CONSTRAINT CREATE CROSS CUBE CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP DEALLOCATE
DELETE DESCRIBE DISTINCT DROP ELSE END ESCAPE EXCEPT EXECUTE EXISTS EXTRACT FALSE FOR FROM FULL GROUP GROUPING HAVING
IN INNER INSERT INTERSECT INTO IS JOIN LEFT LIKE LOCALTIME LOCALTIMESTAMP NATURAL NORMALIZE NOT NULL ON OR ORDER OUTER
PREPARE RECURSIVE RIGHT ROLLUP SELECT TABLE THEN TRUE UESCAPE UNION UNNEST USING VALUES WHEN WHERE WITH
"""
RESERVED = frozenset(_RESERVED_WORDS.split())
"""Trino's reserved words (language reference, "Reserved keywords"): an identifier only in double quotes."""


class Token(NamedTuple):
    """`kind`: string, name (quoted), parameter (@name), duration, double, integer, word, symbol, end. `text` is unquoted."""

    kind: str
    text: str
    at: Position

    def is_word(self, *words: str) -> bool:
        return self.kind == "word" and self.text.upper() in words


def tokenize(sql: str) -> list[Token]:
    """The tokens of a query, the last of kind "end"."""
    tokens: list[Token] = []
    position, line, line_start = 0, 1, 0
    while position < len(sql):
        at = Position(line, position - line_start + 1)
        match = _PATTERN.match(sql, position)
        if match is None:
            raise QuerySyntaxError(at, _unknown(sql[position:]))
        text = match.group()
        if match.lastgroup != "space":
            tokens.append(_token(str(match.lastgroup), text, at))
        if "\n" in text:
            line += text.count("\n")
            line_start = position + text.rindex("\n") + 1
        position = match.end()
    tokens.append(Token("end", "", Position(line, position - line_start + 1)))
    return tokens


def _unknown(rest: str) -> str:
    """What is wrong with text that begins no token."""
    if number := re.match(r"\d+[A-Za-z_]\w*", rest):
        return f"{number.group()} is no number and no duration; the units of durations are {' '.join(DURATION_UNITS)}"
    if rest[0] in "'\"":
        return f"the quote {rest[0]} is not closed"
    return f"unexpected {rest[0]!r}"


def _token(kind: str, text: str, at: Position) -> Token:
    if kind == "string":
        return Token("string", text[1:-1].replace("''", "'"), at)
    if kind == "quoted":
        return Token("name", text[1:-1].replace('""', '"'), at)
    return Token("name" if kind == "measure" else kind, text, at)
