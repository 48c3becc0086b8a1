"""From the Records of a WriteRecords call to checked, typed points. Pure; a malformed request is one error.

Messages are the service's where public reports quote them ("At least one dimension…", "Invalid time for record.");
the others are ours. What concerns a single record only (window, types, versions) is decided in `upsert.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from labcloud.timestream.errors import ValidationException

MAX_RECORDS = 100
TIME_UNITS = {"SECONDS": 10**9, "MILLISECONDS": 10**6, "MICROSECONDS": 10**3, "NANOSECONDS": 1}
SINGLE_TYPES = ("DOUBLE", "BIGINT", "BOOLEAN", "VARCHAR")
MULTI_TYPES = (*SINGLE_TYPES, "TIMESTAMP")
RESERVED_NAMES = frozenset({"time", "measure_name", "measure_value", "ts_non_existent_col"})
MAX_NS = 2**63 - 1
"""2262-04-11 23:47:16.854775807 (developer guide, "Quotas")."""

_DOUBLE = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|NaN|[+-]?Infinity")
_INTEGER = re.compile(r"[+-]?\d+")

Value = str | int | float | bool


class Point(NamedTuple):
    """One record, checked. `columns` are the names and Timestream types of `values`; of a single measure there is one.

    A tuple and no dataclass: making one is on the path of every record.
    """

    dimensions: tuple[tuple[str, str], ...]
    measure_name: str
    measure_type: str
    time_ns: int
    version: int
    columns: tuple[tuple[str, str], ...]
    values: tuple[Value, ...]


SINGLE_COLUMNS = {type_: ((f"measure_value::{type_.lower()}", type_),) for type_ in SINGLE_TYPES}


def parse_records(records: Sequence[Mapping[str, Any]], common: Mapping[str, Any] | None = None) -> list[Point]:
    """The points of a call, CommonAttributes merged in. Raises ValidationException for the call as a whole."""
    if not 1 <= len(records) <= MAX_RECORDS:
        bound = "less than or equal to 100" if records else "greater than or equal to 1"
        raise ValidationException(
            "1 validation error detected: Value at 'records' failed to satisfy constraint: "
            f"Member must have length {bound}"
        )
    return [_parse_record({**common, **record} if common else record, record, common or {}) for record in records]


def _parse_record(record: Mapping[str, Any], own: Mapping[str, Any], common: Mapping[str, Any]) -> Point:
    dimensions = [*(common.get("Dimensions") or ()), *(own.get("Dimensions") or ())] if common else own["Dimensions"]
    unit = TIME_UNITS.get(record.get("TimeUnit") or "MILLISECONDS")
    if unit is None:
        raise ValidationException(f"Invalid time unit for record: {record['TimeUnit']}.")
    measure_name = record.get("MeasureName")
    if not measure_name:
        raise ValidationException("Measure name is required for a record.")
    if ":" in measure_name or not measure_name.isascii() or measure_name.startswith(("ts_", "measure_value")):
        _check_name("measure", measure_name)
    version = record.get("Version", 1)
    if not 1 <= version <= MAX_NS:
        raise ValidationException(f"Invalid version for record: {version}. The version must be at least 1.")
    type_ = record.get("MeasureValueType") or "DOUBLE"
    columns, values = _multi(record, unit) if type_ == "MULTI" else _single(record, type_)
    sorted_dimensions = _parse_dimensions(dimensions)
    return Point(sorted_dimensions, measure_name, type_, _time(record.get("Time"), unit), version, columns, values)


def _parse_dimensions(dimensions: Sequence[Mapping[str, Any]] | None) -> tuple[tuple[str, str], ...]:
    if not dimensions:
        raise ValidationException("At least one dimension is required for a record.")
    pairs = []
    for dimension in dimensions:
        if dimension.get("DimensionValueType", "VARCHAR") != "VARCHAR":
            raise ValidationException(f"Invalid dimension value type: {dimension['DimensionValueType']}.")
        pairs.append((dimension["Name"], dimension["Value"]))
    return _checked_dimensions(tuple(pairs))


@lru_cache(maxsize=10_000)
def _checked_dimensions(written: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """The dimensions in order; the cache is for the devices that write again and again."""
    for name, value in written:
        _check_name("dimension", name)
        _check_unicode(value)
        if not value:
            raise ValidationException(f"Dimension value cannot be empty: {name}.")
    pairs = sorted(written)
    for first, second in zip(pairs, pairs[1:], strict=False):
        if first[0] == second[0]:
            raise ValidationException(f"Duplicate dimension name in a record and its common attributes: {first[0]}.")
    return tuple(pairs)


def _check_unicode(text: str) -> None:
    """JSON can carry half of a surrogate pair, which no file and no database takes."""
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise ValidationException("A text of the record is not valid Unicode.")


def _check_name(what: str, name: str) -> None:
    """Developer guide, "Naming constraints": names that are reserved or not allowed."""
    _check_unicode(name)
    if not name:
        raise ValidationException(f"The {what} name cannot be empty.")
    if ":" in name or name in RESERVED_NAMES or name.startswith(("ts_", "measure_value")):
        raise ValidationException(
            f"Invalid {what} name: {name}. Names must not contain a colon, begin with ts_ or measure_value, "
            "or be a reserved word."
        )


def _time(text: Any, unit: int) -> int:
    if not isinstance(text, str) or not text.isascii() or not text.isdigit():
        raise ValidationException("Invalid time for record.")
    value = int(text) * unit if len(text) < 25 else MAX_NS + 1
    if value > MAX_NS:
        raise ValidationException("Invalid time for record.")
    return value


Measured = tuple[tuple[tuple[str, str], ...], tuple[Value, ...]]
"""The columns and values of a record."""


def _single(record: Mapping[str, Any], type_: str) -> Measured:
    if type_ == "TIMESTAMP":
        raise ValidationException(
            "TIMESTAMP is an invalid measure value type: it is only for values of a MULTI record."
        )
    if type_ not in SINGLE_TYPES:
        raise ValidationException(f"{type_} is an invalid measure value type.")
    if record.get("MeasureValues"):
        raise ValidationException("MeasureValues is only for records whose MeasureValueType is MULTI.")
    return SINGLE_COLUMNS[type_], (parse_value(record.get("MeasureValue"), type_, 1),)


def _multi(record: Mapping[str, Any], unit: int) -> Measured:
    measures = record.get("MeasureValues")
    if not measures:
        raise ValidationException("MeasureValues is required for a record whose MeasureValueType is MULTI.")
    if record.get("MeasureValue"):
        raise ValidationException("MeasureValue is not for records whose MeasureValueType is MULTI.")
    columns, values = [], []
    for measure in measures:
        name, type_ = measure["Name"], measure.get("Type") or "DOUBLE"
        _check_name("measure", name)
        if type_ not in MULTI_TYPES:
            raise ValidationException(f"{type_} is an invalid measure value type.")
        columns.append((name, type_))
        values.append(parse_value(measure["Value"], type_, unit))
    if len({name for name, _ in columns}) != len(columns):
        raise ValidationException("Duplicate measure name in MeasureValues.")
    return tuple(columns), tuple(values)


def parse_value(text: Any, type_: str, unit: int) -> Value:
    """A measure's value from its text; `unit` is the nanoseconds of the record's TimeUnit, for TIMESTAMP values."""
    if not isinstance(text, str) or not 1 <= len(text) <= 2048:
        raise ValidationException("Measure value must be a text of 1 to 2048 characters.")
    if type_ == "VARCHAR":
        _check_unicode(text)
        return text
    if type_ == "DOUBLE" and _DOUBLE.fullmatch(text):
        return float(text)
    if type_ == "BOOLEAN" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if type_ in ("BIGINT", "TIMESTAMP") and len(text) < 25 and _INTEGER.fullmatch(text):
        value = int(text) * (unit if type_ == "TIMESTAMP" else 1)
        if -(2**63) <= value <= MAX_NS:
            return value
    raise ValidationException(f"Invalid measure value: '{text}' is not a {type_}.")
