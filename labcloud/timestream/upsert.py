"""What becomes of each point of a call: written, without effect, or rejected with a reason. Pure.

Reasons are the service's where public reports quote them (version, memory store and ingestion window); the rest are
ours, in the same tone. Of a MULTI record the whole row is replaced by a higher version: its old values are gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from labcloud.timestream.catalog import DIMENSION, MEASURE_VALUE, MULTI, Measure, Table
from labcloud.timestream.records import Kind, Point, Value

FUTURE_NS = 15 * 60 * 10**9
"""Developer guide, "Quotas": future ingestion period. Windows in public reports are 40 minutes longer than the
retention; how that splits is not known, so both ends are the documented ones."""
MAX_DIMENSIONS, MAX_DIMENSION_NAME = 128, 60
MAX_MEASURES, MAX_MEASURE_NAME = 8192, 256
MAX_VALUES, MAX_ATTRIBUTES = 256, 1024
MAX_RECORD_BYTES = 2048

LOWER_VERSION = (
    "The record version {0} is lower than the existing version {1}. "
    "A higher version is required to update the measure value."
)
SAME_VERSION = (
    "A record already exists with the same time, dimensions, measure name, and record version. A higher record version "
    "must be specified in order to update the measure value. Specifying record version is supported by the latest SDKs."
)


@dataclass(frozen=True, slots=True)
class Stored:
    """The version and values that DuckDB has of an identity."""

    version: int
    values: dict[str, Value]


@dataclass(frozen=True)
class Rejection:
    reason: str
    existing_version: int | None = None

    def as_member(self, index: int) -> dict[str, Any]:
        """The RejectedRecord of the API."""
        member: dict[str, Any] = {"RecordIndex": index, "Reason": self.reason}
        return member if self.existing_version is None else {**member, "ExistingVersion": self.existing_version}


@dataclass(frozen=True, slots=True)
class Window:
    """The times that a table takes at this moment."""

    floor_ns: int
    end_ns: int
    store: str

    @classmethod
    def of(cls, table: Table, now_ns: int) -> Window:
        if table.magnetic_writes_enabled:
            return cls(table.retention_floor_ns(now_ns), now_ns + FUTURE_NS, "data ingestion window")
        return cls(table.memory_floor_ns(now_ns), now_ns + FUTURE_NS, "memory store")

    def check(self, point: Point) -> Rejection | None:
        if self.floor_ns <= point.time_ns < self.end_ns:
            return None
        return Rejection(
            f"The record timestamp is outside the time range [{_instant(self.floor_ns)}, {_instant(self.end_ns)}) "
            f"of the {self.store}."
        )


def _instant(ns: int) -> str:
    moment = datetime.fromtimestamp(max(ns, 0) // 10**9, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{max(ns, 0) // 10**6 % 1000:03d}Z"


def check_schema(kind: Kind, table: Table) -> Rejection | None:
    """Whether records of the kind fit the names and types that the table has learnt so far."""
    measure = table.measures.get(kind.measure_name)
    if measure is not None and measure.type != kind.measure_type.lower():
        return Rejection(
            f"The measure value type {kind.measure_type} of measure {kind.measure_name} conflicts with the type "
            f"{measure.type.upper()} that it already has in the table."
        )
    role = MULTI if kind.measure_type == "MULTI" else MEASURE_VALUE
    for name, type_ in kind.columns:
        column = table.columns.get(name)
        if column is not None and (column.role, column.type) != (role, type_.lower()):
            return Rejection(
                f"The measure {name} of type {type_} conflicts with the {column.type.upper()} "
                f"{'dimension' if column.role == DIMENSION else 'measure'} of that name in the table."
            )
    for name, _ in kind.dimensions:
        column = table.columns.get(name)
        if column is not None and column.role != DIMENSION:
            return Rejection(f"The dimension {name} conflicts with the measure of that name in the table.")
    return _check_partition_key(kind, table) or _check_limits(kind, table, measure)


def _check_partition_key(kind: Kind, table: Table) -> Rejection | None:
    """Developer guide, "Customer-defined partition keys": a REQUIRED dimension must be in each record."""
    given = {name for name, _ in kind.dimensions}
    for key in table.schema.get("CompositePartitionKey", ()):
        if key["Type"] == "DIMENSION" and key.get("EnforcementInRecord") == "REQUIRED" and key["Name"] not in given:
            return Rejection(f"The record lacks the dimension {key['Name']}, which the table's partition key requires.")
    return None


def _check_limits(kind: Kind, table: Table, measure: Measure | None) -> Rejection | None:
    """Developer guide, "Quotas"."""
    unknown = [name for name, _ in kind.dimensions if name not in table.columns]
    if unknown and len(table.columns_with(DIMENSION)) + len(unknown) > MAX_DIMENSIONS:
        return Rejection(f"The table would have more than {MAX_DIMENSIONS} dimensions.")
    if any(len(name.encode()) > MAX_DIMENSION_NAME for name in unknown):
        return Rejection(f"A dimension name is longer than {MAX_DIMENSION_NAME} bytes.")
    if measure is None and len(table.measures) >= MAX_MEASURES:
        return Rejection(f"The table would have more than {MAX_MEASURES} measures.")
    if measure is None and len(kind.measure_name.encode()) > MAX_MEASURE_NAME:
        return Rejection(f"The measure name is longer than {MAX_MEASURE_NAME} bytes.")
    if len(kind.columns) > MAX_VALUES:
        return Rejection(f"The record has more than {MAX_VALUES} measure values.")
    new = sum(name not in table.columns for name, _ in kind.columns) if kind.measure_type == "MULTI" else 0
    if new and len(table.columns_with(MULTI)) + new > MAX_ATTRIBUTES:
        return Rejection(f"The table would have more than {MAX_ATTRIBUTES} unique measures of multi-measure records.")
    return None


def check_size(point: Point) -> Rejection | None:
    """Developer guide, "Quotas": maximum record size."""
    if size_of(point) > MAX_RECORD_BYTES:
        return Rejection(f"The record is larger than {MAX_RECORD_BYTES} bytes.")
    return None


def has_fixed_size(kind: Kind) -> bool:
    """Whether all records of the kind are of one size."""
    return all(type_ != "VARCHAR" for _, type_ in kind.columns)


def size_of(point: Point) -> int:
    """Bytes of a record: names and values of dimensions and measures, 8 for each number and the time."""
    kind = point.kind
    texts = [text for pair in kind.dimensions for text in pair] + [kind.measure_name]
    size = 8 + sum(len(text) if text.isascii() else len(text.encode()) for text in texts)
    for (name, type_), value in zip(kind.columns, point.values, strict=True):
        size += len(name) * (type_ == "MULTI") + (len(str(value).encode()) if type_ == "VARCHAR" else 8)
    return size


def values_of(point: Point) -> dict[str, Value]:
    """The values by column."""
    return {name: value for (name, _), value in zip(point.kind.columns, point.values, strict=True)}


def check_version(point: Point, existing: Stored | Point | None) -> Rejection | bool:
    """True: write it. False: nothing changes. A rejection: the same identity has another value already."""
    if existing is None:
        return True
    if values_of(point) == (existing.values if isinstance(existing, Stored) else values_of(existing)):
        return point.version > existing.version
    if point.version > existing.version:
        return True
    if point.version == existing.version:
        return Rejection(SAME_VERSION, existing.version)
    return Rejection(LOWER_VERSION.format(point.version, existing.version), existing.version)


def learn(kind: Kind, table: Table) -> bool:
    """Adds the names and types of a written record to the table; whether anything was new."""
    measure = table.measures.get(kind.measure_name)
    if measure is None:
        measure = table.measures[kind.measure_name] = Measure(kind.measure_type.lower())
    new = False
    for name, _ in kind.dimensions:
        if name not in table.columns:
            table.add_column(name, DIMENSION, "varchar")
        if name not in measure.dimensions:
            measure.dimensions.append(name)
            new = True
    role = MULTI if kind.measure_type == "MULTI" else MEASURE_VALUE
    for name, type_ in kind.columns:
        if name not in table.columns:
            table.add_column(name, role, type_.lower())
            new = True
    return new
