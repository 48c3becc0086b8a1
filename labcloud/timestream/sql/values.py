"""Typed pieces of DuckDB SQL, and the implicit conversions between types."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from labcloud.timestream.errors import QueryError
from labcloud.timestream.sql import times
from labcloud.timestream.sql import types as t
from labcloud.timestream.sql.nodes import Position
from labcloud.timestream.sql.types import Type


@dataclass(frozen=True)
class Typed:
    """DuckDB SQL of one expression and its Timestream type; `text` is the value of a string literal."""

    sql: str
    type: Type
    text: str | None = None


def quote(text: str) -> str:
    """A DuckDB string literal."""
    return "'" + text.replace("'", "''") + "'"


def null(type_: Type) -> str:
    return f"CAST(NULL AS {t.physical(type_)})"


_WIDENING = ((t.INTEGER, t.BIGINT), (t.INTEGER, t.DOUBLE), (t.BIGINT, t.DOUBLE), (t.DATE, t.TIMESTAMP))


def conversion_cost(value: Typed | Type, to: Type) -> int | None:
    """0 if the types are equal, more for an implicit conversion, None if there is none."""
    source = value if isinstance(value, Type) else value.type
    if source == to:
        return 0
    if source == t.UNKNOWN:
        return 1
    if (source, to) in _WIDENING:
        return 1 + _WIDENING.index((source, to))
    if isinstance(value, Typed) and value.text is not None and to in (t.TIMESTAMP, t.DATE, t.TIME):
        return 10 if to == t.TIMESTAMP else 11
    if source.name == to.name and source.items and len(source.items) == len(to.items):
        costs = [conversion_cost(a, b) for a, b in zip(source.items, to.items, strict=True)]
        return None if None in costs else sum(cost for cost in costs if cost is not None)
    return None


def convert(value: Typed, to: Type, at: Position) -> str:
    """The SQL of the value as another type; the caller knows that `conversion_cost` is not None."""
    if value.type == to:
        return value.sql
    if value.type == t.UNKNOWN:
        return null(to)
    if value.text is not None and value.type == t.VARCHAR:
        return literal_as(value.text, to, at)
    if (value.type, to) == (t.DATE, t.TIMESTAMP):
        return f"(epoch_us(CAST({value.sql} AS TIMESTAMP)) * 1000)"
    return f"CAST({value.sql} AS {t.physical(to)})"


def literal_as(text: str, to: Type, at: Position) -> str:
    """A text literal as timestamp, date or time."""
    if to == t.DATE:
        date = times.parse_date(text)
        if date is not None:
            return date_sql(date)
    else:
        value = times.parse_timestamp(text) if to == t.TIMESTAMP else times.parse_time(text)
        if value is not None:
            return bigint(value)
    raise QueryError(at, f"Value cannot be cast to {to}: {text}")


def bigint(value: int) -> str:
    if value == times.MIN_NS:
        return "(-9223372036854775807 - 1)"
    return f"CAST({value} AS BIGINT)"


def date_sql(date: datetime.date) -> str:
    return f"DATE '{date.isoformat()}'"


def common_type(values: list[Typed]) -> Type | None:
    """The type all values can become without a CAST, or None."""
    candidates = [value.type for value in values if value.type != t.UNKNOWN]
    candidates += [t.TIMESTAMP] if any(value.type == t.DATE for value in values) else []
    candidates += [_merge(a.type, b.type) or t.UNKNOWN for a in values for b in values if a.type.items and b.type.items]
    if not candidates:
        return t.UNKNOWN
    best: tuple[int, Type] | None = None
    for candidate in candidates:
        costs = [conversion_cost(value, candidate) for value in values]
        if None not in costs:
            total = sum(cost for cost in costs if cost is not None)
            if best is None or total < best[0]:
                best = (total, candidate)
    return best[1] if best else None


def _merge(a: Type, b: Type) -> Type | None:
    """The common type of two arrays, rows or time series."""
    if a.name != b.name or len(a.items) != len(b.items):
        return None
    merged = []
    for one, other in zip(a.items, b.items, strict=True):
        item = common_type([Typed("", one), Typed("", other)])
        if item is None:
            return None
        merged.append(item)
    return Type(a.name, tuple(merged), a.fields)
