"""From the Records of a WriteRecords call to checked, typed points. Pure; a malformed request is one error.

Messages are the service's where public reports quote them ("At least one dimension…", "Invalid time for record.");
the others are ours. What concerns a single record only (window, types, versions) is decided in `upsert.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
Pairs = tuple[tuple[str, str], ...]
"""Names with values, or names with types."""


@dataclass(frozen=True, eq=False, slots=True)
class Kind:
    """What the records of a device's measure have in common, checked once and shared by their points.

    `columns` are the names and Timestream types of the values; of a single measure there is one.
    """

    dimensions: Pairs
    """By name."""
    measure_name: str
    measure_type: str
    columns: Pairs


class Point(NamedTuple):
    """One record, checked. A tuple and no dataclass: making one is on the path of every record."""

    kind: Kind
    time_ns: int
    version: int
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
    if not common:
        return [_parse_record(record, _written(record.get("Dimensions"))) for record in records]
    shared = _written(common.get("Dimensions"))
    return [_parse_record({**common, **record}, shared + _written(record.get("Dimensions"))) for record in records]


def _parse_record(record: Mapping[str, Any], dimensions: Pairs) -> Point:
    unit = TIME_UNITS.get(record.get("TimeUnit") or "MILLISECONDS")
    if unit is None:
        raise ValidationException(f"Invalid time unit for record: {record['TimeUnit']}.")
    type_ = record.get("MeasureValueType") or "DOUBLE"
    if type_ == "MULTI":
        columns, texts = _written_measures(record)
    else:
        columns, texts = None, (record.get("MeasureValue"),)
        if record.get("MeasureValues"):
            raise ValidationException("MeasureValues is only for records whose MeasureValueType is MULTI.")
    kind = kind_of(dimensions, record.get("MeasureName"), type_, columns)
    version = record.get("Version", 1)
    if not 1 <= version <= MAX_NS:
        raise ValidationException(f"Invalid version for record: {version}. The version must be at least 1.")
    if type_ == "MULTI":
        values = tuple([parse_value(text, of, unit) for text, (_, of) in zip(texts, kind.columns, strict=True)])
    else:
        values = (parse_value(texts[0], type_, 1),)
    return Point(kind, _time(record.get("Time"), unit), version, values)


def _written(dimensions: Sequence[Mapping[str, Any]] | None) -> Pairs:
    """The names and values of dimensions as they were given."""
    return tuple([(d["Name"], d["Value"]) if len(d) == 2 else _typed(d) for d in dimensions or ()])


def _typed(dimension: Mapping[str, Any]) -> tuple[str, str]:
    if dimension.get("DimensionValueType", "VARCHAR") != "VARCHAR":
        raise ValidationException(f"Invalid dimension value type: {dimension['DimensionValueType']}.")
    return dimension["Name"], dimension["Value"]


def _written_measures(record: Mapping[str, Any]) -> tuple[Pairs, list[Any]]:
    """The columns of a MULTI record and the texts of its values."""
    measures = record.get("MeasureValues")
    if not measures:
        raise ValidationException("MeasureValues is required for a record whose MeasureValueType is MULTI.")
    if record.get("MeasureValue"):
        raise ValidationException("MeasureValue is not for records whose MeasureValueType is MULTI.")
    columns = tuple([(measure["Name"], measure.get("Type") or "DOUBLE") for measure in measures])
    return columns, [measure["Value"] for measure in measures]


@lru_cache(maxsize=10_000)
def kind_of(dimensions: Pairs, measure_name: str | None, type_: str, columns: Pairs | None) -> Kind:
    """The kind of a record, by what was written; devices write again and again, hence the cache.

    `columns` are those of a MULTI record. Raises ValidationException.
    """
    if not measure_name:
        raise ValidationException("Measure name is required for a record.")
    _check_name("measure", measure_name)
    if type_ == "TIMESTAMP":
        raise ValidationException(
            "TIMESTAMP is an invalid measure value type: it is only for values of a MULTI record."
        )
    if columns is None and type_ not in SINGLE_TYPES:
        raise ValidationException(f"{type_} is an invalid measure value type.")
    for name, of in columns or ():
        _check_name("measure", name)
        if of not in MULTI_TYPES:
            raise ValidationException(f"{of} is an invalid measure value type.")
    if columns is not None and len({name for name, _ in columns}) != len(columns):
        raise ValidationException("Duplicate measure name in MeasureValues.")
    return Kind(_checked_dimensions(dimensions), measure_name, type_, columns or SINGLE_COLUMNS[type_])


def _checked_dimensions(written: Pairs) -> Pairs:
    """The dimensions by name."""
    if not written:
        raise ValidationException("At least one dimension is required for a record.")
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


def parse_value(text: Any, type_: str, unit: int) -> Value:
    """A measure's value from its text; `unit` is the nanoseconds of the record's TimeUnit, for TIMESTAMP values."""
    if not isinstance(text, str) or not 1 <= len(text) <= 2048:
        raise ValidationException("Measure value must be a text of 1 to 2048 characters.")
    if type_ == "DOUBLE" and _DOUBLE.fullmatch(text):
        return float(text)
    if type_ == "VARCHAR":
        _check_unicode(text)
        return text
    if type_ == "BOOLEAN" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if type_ in ("BIGINT", "TIMESTAMP") and len(text) < 25 and _INTEGER.fullmatch(text):
        value = int(text) * (unit if type_ == "TIMESTAMP" else 1)
        if -(2**63) <= value <= MAX_NS:
            return value
    raise ValidationException(f"Invalid measure value: '{text}' is not a {type_}.")
