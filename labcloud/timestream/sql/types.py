"""Timestream's types, and how DuckDB holds each.

Timestamps, times and day-to-second intervals are BIGINT nanoseconds in DuckDB (its own timestamps end at
microseconds); year-to-month intervals are months. So arithmetic on them is exact, and the analysis, which knows
every expression's type, gives them back their meaning.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Type:
    """A type: `items` are the element type of an array or time series, or the field types of a row."""

    name: str
    items: tuple[Type, ...] = ()
    fields: tuple[str | None, ...] = ()

    def __str__(self) -> str:
        if self.name == "row":
            named = zip(self.fields, self.items, strict=True)
            return "row(" + ", ".join(f"{name} {item}" if name else str(item) for name, item in named) + ")"
        if self.name == "point":
            return f"row(time timestamp, value {self.item})"
        return f"{self.name}({self.item})" if self.items else self.name

    @property
    def item(self) -> Type:
        return self.items[0]


BIGINT, INTEGER, DOUBLE, BOOLEAN, VARCHAR = (Type(x) for x in ("bigint", "integer", "double", "boolean", "varchar"))
TIMESTAMP, DATE, TIME, UNKNOWN = Type("timestamp"), Type("date"), Type("time"), Type("unknown")
DAY_TO_SECOND, YEAR_TO_MONTH = Type("interval day to second"), Type("interval year to month")

SCALARS = {
    t.name: t
    for t in (BIGINT, INTEGER, DOUBLE, BOOLEAN, VARCHAR, TIMESTAMP, DATE, TIME, UNKNOWN, DAY_TO_SECOND, YEAR_TO_MONTH)
}
ALIASES = {"int": INTEGER}
NUMERIC = (INTEGER, BIGINT, DOUBLE)
INTERVALS = (DAY_TO_SECOND, YEAR_TO_MONTH)

_PHYSICAL = {
    TIMESTAMP: "BIGINT", TIME: "BIGINT", DAY_TO_SECOND: "BIGINT", YEAR_TO_MONTH: "INTEGER", UNKNOWN: "INTEGER",
}  # fmt: skip


def array(item: Type) -> Type:
    return Type("array", (item,))


def timeseries(item: Type) -> Type:
    return Type("timeseries", (item,))


def point(item: Type) -> Type:
    """One element of a time series, as a lambda sees it: x.time and x.value."""
    return Type("point", (item,))


def row(items: tuple[Type, ...], fields: tuple[str | None, ...] | None = None) -> Type:
    return Type("row", items, fields or (None,) * len(items))


def physical(type_: Type) -> str:
    """The DuckDB type that holds values of this type."""
    if type_.name == "array":
        return physical(type_.item) + "[]"
    if type_.name == "timeseries":
        return physical(point(type_.item)) + "[]"
    if type_.name == "point":
        return f"STRUCT(time BIGINT, value {physical(type_.item)})"
    if type_.name == "row":
        return "STRUCT(" + ", ".join(f"f{i} {physical(item)}" for i, item in enumerate(type_.items)) + ")"
    return _PHYSICAL.get(type_) or type_.name.upper()


def is_orderable(type_: Type) -> bool:
    """Whether <, ORDER BY, min and max take this type."""
    if type_.name in ("array", "row"):
        return all(is_orderable(item) for item in type_.items)
    return type_.name != "timeseries"


_TYPE_TEXT = re.compile(r"\s*([A-Za-z][A-Za-z ]*)")


def parse_type(text: str) -> Type:
    """Reads the types of the function tables: "array(T)", "row(double, bigint)", "interval day to second"."""
    type_, rest = _parse(text)
    if rest.strip():
        raise ValueError(f"not a type: {text}")
    return type_


def _parse(text: str) -> tuple[Type, str]:
    match = _TYPE_TEXT.match(text)
    if match is None:
        raise ValueError(f"not a type: {text}")
    name, rest = match.group(1).strip(), text[match.end() :]
    if not rest.startswith("("):
        return SCALARS.get(name) or ALIASES.get(name) or Type(name), rest
    items = []
    while rest[0] != ")":
        item, rest = _parse(rest[1:])
        items.append(item)
    return (row(tuple(items)) if name == "row" else Type(name, tuple(items))), rest[1:]


def split_types(text: str) -> tuple[Type, ...]:
    """The types of a parameter list."""
    types = []
    while text.strip():
        type_, rest = _parse(text)
        types.append(type_)
        text = rest.strip().removeprefix(",")
    return tuple(types)
