"""Results in the API's form: ColumnInfo types, and each value as Timestream's text.

Source: API reference, Type and Datum; text forms as in the developer guide's examples.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

from labcloud.timestream.sql import times
from labcloud.timestream.sql import types as t
from labcloud.timestream.sql.types import Type

Datum = dict[str, Any]
_SCALAR_NAMES = {
    t.DAY_TO_SECOND: "INTERVAL_DAY_TO_SECOND", t.YEAR_TO_MONTH: "INTERVAL_YEAR_TO_MONTH",
}  # fmt: skip


def type_info(type_: Type) -> dict[str, Any]:
    """The Type of a column."""
    if type_.name == "array":
        return {"ArrayColumnInfo": {"Type": type_info(type_.item)}}
    if type_.name == "timeseries":
        return {"TimeSeriesMeasureValueColumnInfo": {"Type": type_info(type_.item)}}
    if type_.name == "point":
        return {"RowColumnInfo": [column_info("time", t.TIMESTAMP), column_info("value", type_.item)]}
    if type_.name == "row":
        return {"RowColumnInfo": [column_info(n, x) for n, x in zip(type_.fields, type_.items, strict=True)]}
    return {"ScalarType": _SCALAR_NAMES.get(type_) or type_.name.upper()}


def column_info(name: str | None, type_: Type) -> dict[str, Any]:
    info: dict[str, Any] = {"Type": type_info(type_)}
    return info if name is None else {"Name": name, **info}


def double_text(value: float) -> str:
    """A double as Java writes it: 2.5, 1.0E7, 1.6554878837710001E9, NaN, -Infinity."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        text = repr(value)
        return text if "e" not in text else f"{value:.17f}".rstrip("0")
    mantissa, exponent = re.fullmatch(r"(-?\d+(?:\.\d+)?)(?:e([+-]\d+))?", repr(value)).groups()  # type: ignore[union-attr]
    sign, digits = ("-", mantissa[1:]) if mantissa.startswith("-") else ("", mantissa)
    whole, _, fraction = digits.partition(".")
    power = int(exponent or 0) + len(whole) - 1
    figures = whole + fraction
    stripped = figures.lstrip("0")
    power -= len(figures) - len(stripped)
    figures = stripped.rstrip("0") or "0"
    return f"{sign}{figures[0]}.{figures[1:] or '0'}E{power}"


_TEXTS: dict[Type, Callable[[Any], str]] = {
    t.BIGINT: str, t.INTEGER: str, t.DOUBLE: double_text, t.VARCHAR: str, t.UNKNOWN: str,
    t.BOOLEAN: lambda value: "true" if value else "false", t.TIMESTAMP: times.timestamp_text,
    t.DATE: lambda value: value.isoformat(), t.TIME: times.time_text, t.DAY_TO_SECOND: times.day_to_second_text,
    t.YEAR_TO_MONTH: times.year_to_month_text,
}  # fmt: skip


def renderer(type_: Type) -> Callable[[Any], Datum]:
    """A function from DuckDB's Python value to a Datum."""
    inner = _container(type_) or _scalar(_TEXTS[type_])

    def render(value: Any) -> Datum:
        return {"NullValue": True} if value is None else inner(value)

    return render


def _scalar(text: Callable[[Any], str]) -> Callable[[Any], Datum]:
    return lambda value: {"ScalarValue": text(value)}


def _container(type_: Type) -> Callable[[Any], Datum] | None:
    if type_.name == "array":
        item = renderer(type_.item)
        return lambda value: {"ArrayValue": [item(element) for element in value]}
    if type_.name == "timeseries":
        item = renderer(type_.item)
        return lambda value: {
            "TimeSeriesValue": [
                {"Time": times.timestamp_text(point["time"]), "Value": item(point["value"])} for point in value
            ]
        }
    if type_.name == "point":
        time, item = renderer(t.TIMESTAMP), renderer(type_.item)
        return lambda value: {"RowValue": {"Data": [time(value["time"]), item(value["value"])]}}
    if type_.name == "row":
        items = [renderer(item) for item in type_.items]
        return lambda value: {"RowValue": {"Data": [r(v) for r, v in zip(items, _fields(value), strict=True)]}}
    return None


def _fields(value: Any) -> Sequence[Any]:
    return list(value.values()) if isinstance(value, dict) else value


def weight(datum: Datum) -> int:
    """About how many bytes a value takes in a response."""
    if "ScalarValue" in datum:
        return len(datum["ScalarValue"]) + 18
    if "ArrayValue" in datum:
        return 16 + sum(map(weight, datum["ArrayValue"]))
    if "RowValue" in datum:
        return 24 + sum(map(weight, datum["RowValue"]["Data"]))
    if "TimeSeriesValue" in datum:
        return 20 + sum(60 + weight(point["Value"]) for point in datum["TimeSeriesValue"])
    return 18
