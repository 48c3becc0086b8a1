"""The rows of one table: series, what is not yet in DuckDB, and what there is of an identity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from labcloud.timestream.catalog import DIMENSION, MEASURE_VALUE, MULTI, Table
from labcloud.timestream.engine import Engine, physical_type
from labcloud.timestream.records import Point
from labcloud.timestream.upsert import Stored

Key = tuple[int, int]
Columns = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Series:
    """All records with the same dimensions and measure name."""

    number: int
    measure_name: str
    dimensions: tuple[tuple[str, str], ...]
    latest_ns: int = -1
    """The newest time that DuckDB holds: a later record cannot be there already, so nothing is looked up."""
    learnt: dict[Columns, bool] = field(default_factory=dict)
    """Columns with which a record of this series was taken before, so that its names and types need no check again;
    true if its size needs none either."""


@dataclass(slots=True)
class Pending:
    """A row that DuckDB does not have yet; `replaces`: or has in an older version."""

    series: Series
    point: Point
    replaces: bool
    shape: int
    """Which of the table's sets of columns the point has."""


class Rows:
    """The rows of one table, on top of the engine."""

    def __init__(self, table: Table, engine: Engine) -> None:
        self.table = table
        self._engine = engine
        self._pending: dict[Key, Pending] = {}
        self._series: dict[tuple[str, tuple[tuple[str, str], ...]], Series] = {}
        self._shapes: dict[Columns, int] = {}
        engine.ensure(table)
        dimensions = table.columns_with(DIMENSION)
        for number, latest, measure_name, *values in engine.series(table, dimensions):
            pairs = sorted((c.name, v) for c, v in zip(dimensions, values, strict=True) if v is not None)
            self._series[measure_name, tuple(pairs)] = Series(number, measure_name, tuple(pairs), latest)
        self._next = max((series.number for series in self._series.values()), default=-1) + 1

    def __len__(self) -> int:
        return len(self._pending)

    def series_of(self, point: Point) -> Series:
        key = (point.measure_name, point.dimensions)
        found = self._series.get(key)
        if found is None:
            found = self._series[key] = Series(self._next, *key)
            self._next += 1
        return found

    def existing(self, placed: Sequence[tuple[Point, Series]]) -> dict[Key, Stored | Point]:
        """What the store has of these points' identities."""
        found: dict[Key, Stored | Point] = {}
        asked: list[Key] = []
        for point, series in placed:
            key = (series.number, point.time_ns)
            if pending := self._pending.get(key):
                found[key] = pending.point
            elif point.time_ns <= series.latest_ns:
                asked.append(key)
        if asked:
            self._engine.ensure(self.table)
            columns = self.table.columns_with(MEASURE_VALUE, MULTI)
            for series_number, time_ns, version, *values in self._engine.find(self.table, columns, asked):
                present = {c.name: v for c, v in zip(columns, values, strict=True) if v is not None}
                found[series_number, time_ns] = Stored(version, present)
        return found

    def put(self, point: Point, series: Series, in_engine: bool) -> None:
        """Takes a point in; `in_engine`: DuckDB holds (or may hold) a row of its identity."""
        key = (series.number, point.time_ns)
        before = self._pending.get(key)
        shape = self._shapes.setdefault(point.columns, len(self._shapes))
        self._pending[key] = Pending(series, point, before.replaces if before else in_engine, shape)

    def flush(self) -> None:
        """Writes everything pending to DuckDB, inside the caller's transaction."""
        if not self._pending:
            return
        self._engine.ensure(self.table)
        rows = list(self._pending.values())
        replaced = [(row.series.number, row.point.time_ns) for row in rows if row.replaces]
        if replaced:
            self._engine.delete(self.table, replaced)
        self._engine.insert(self.table, self._columns(rows))

    def flushed(self) -> None:
        """After the commit: nothing is pending any more."""
        for row in self._pending.values():
            row.series.latest_ns = max(row.series.latest_ns, row.point.time_ns)
        self._pending.clear()

    def _columns(self, rows: Sequence[Pending]) -> dict[str, tuple[str, Sequence[Any]]]:
        columns: dict[str, tuple[str, Sequence[Any]]] = {
            "series": ("INTEGER", [row.series.number for row in rows]),
            "time": ("BIGINT", [row.point.time_ns for row in rows]),
            "version": ("BIGINT", [row.point.version for row in rows]),
            "measure_name": ("VARCHAR", [row.series.measure_name for row in rows]),
        }
        pairs = {row.series.number: dict(row.series.dimensions) for row in rows}
        for column in self.table.columns_with(DIMENSION):
            columns[column.physical] = ("VARCHAR", [pairs[row.series.number].get(column.name) for row in rows])
        positions = [{name: i for i, (name, _) in enumerate(shape)} for shape in self._shapes]
        for column in self.table.columns_with(MEASURE_VALUE, MULTI):
            index = [of_shape.get(column.name) for of_shape in positions]
            values = [None if (i := index[row.shape]) is None else row.point.values[i] for row in rows]
            columns[column.physical] = (physical_type(column), values)
        return columns
