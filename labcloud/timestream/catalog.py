"""Databases, tables and their columns as dataclasses. Nothing here reads a clock, a file or DuckDB.

Source of names and bounds: developer guide, "Quotas" and "Naming constraints"; API reference, CreateTable.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

DIMENSION, MEASURE_VALUE, MULTI = "DIMENSION", "MEASURE_VALUE", "MULTI"
HOUR_NS = 3_600_000_000_000
DAY_NS = 24 * HOUR_NS


@dataclass
class Column:
    """A column that the first record with it made; `role` is what DESCRIBE calls its attribute type."""

    name: str
    role: str
    type: str
    """The Timestream type in lower case, for example double."""
    physical: str
    """Its name in DuckDB."""


@dataclass
class Measure:
    """A measure name: the type it keeps (multi for multi-measure records) and the dimensions it came with."""

    type: str
    dimensions: list[str] = field(default_factory=list)


@dataclass
class Table:
    database: str
    name: str
    arn: str
    number: int
    """Its DuckDB table is t<number>; numbers are never used twice."""
    created_s: float
    updated_s: float
    memory_hours: int
    magnetic_days: int
    magnetic_writes: dict[str, Any]
    schema: dict[str, Any]
    tags: dict[str, str]
    columns: dict[str, Column] = field(default_factory=dict)
    measures: dict[str, Measure] = field(default_factory=dict)

    @property
    def physical(self) -> str:
        return f"t{self.number}"

    @property
    def magnetic_writes_enabled(self) -> bool:
        return bool(self.magnetic_writes.get("EnableMagneticStoreWrites"))

    def memory_floor_ns(self, now_ns: int) -> int:
        """Records before this are too old for the memory store."""
        return now_ns - self.memory_hours * HOUR_NS

    def retention_floor_ns(self, now_ns: int) -> int:
        """Records before this are deleted: the magnetic retention begins where the memory retention ends."""
        return self.memory_floor_ns(now_ns) - self.magnetic_days * DAY_NS

    def add_column(self, name: str, role: str, type_: str) -> Column:
        column = Column(name, role, type_, f"c{len(self.columns)}")
        self.columns[name] = column
        return column

    def columns_with(self, *roles: str) -> list[Column]:
        return [column for column in self.columns.values() if column.role in roles]


@dataclass
class Database:
    name: str
    arn: str
    kms_key_id: str
    created_s: float
    updated_s: float
    tags: dict[str, str]
    tables: dict[str, Table] = field(default_factory=dict)


@dataclass
class Catalog:
    """All databases of one account in one region."""

    databases: dict[str, Database] = field(default_factory=dict)
    next_number: int = 0

    def take_number(self) -> int:
        self.next_number += 1
        return self.next_number

    def tables(self) -> list[Table]:
        return [table for database in self.databases.values() for table in database.tables.values()]


def catalog_from(document: dict[str, Any]) -> Catalog:
    """Reads what `dataclasses.asdict` wrote."""
    databases = {}
    for name, written in document["databases"].items():
        tables = {key: _table_from(table) for key, table in written.pop("tables").items()}
        databases[name] = Database(**written, tables=tables)
    return Catalog(databases, document["next_number"])


def _table_from(written: dict[str, Any]) -> Table:
    columns = {name: Column(**column) for name, column in written.pop("columns").items()}
    measures = {name: Measure(**measure) for name, measure in written.pop("measures").items()}
    return Table(**written, columns=columns, measures=measures)
