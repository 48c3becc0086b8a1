"""Everything Timestream holds for one account in one region: catalogue, rows, journal. Thread-safe.

Records are written behind: at 5,000 pending or before a query they go to DuckDB in one transaction; until then the
journal has them, if the store has a directory.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from labcloud.timestream.catalog import HOUR_NS, Catalog, Table, catalog_from
from labcloud.timestream.engine import Engine
from labcloud.timestream.journal import Journal
from labcloud.timestream.records import Point
from labcloud.timestream.rows import Rows, Series
from labcloud.timestream.upsert import (
    Rejection,
    Window,
    check_schema,
    check_size,
    check_version,
    has_fixed_size,
    learn,
)

FLUSH_AT = 5_000
PURGE_EVERY_NS = HOUR_NS


class Store:
    """The state of one account in one region."""

    def __init__(self, directory: Path | None, now_ns: Callable[[], int]) -> None:
        self.lock = threading.RLock()
        self._directory = directory
        self._now_ns = now_ns
        self._engine: Engine | None = None
        self._journal: Journal | None = None
        self._rows: dict[int, Rows] = {}
        self._pending = 0
        self._purged_ns = 0
        self.catalog = self._read_catalog()

    # -- catalogue

    def _read_catalog(self) -> Catalog:
        if self._directory is None:
            return Catalog()
        self._directory.mkdir(parents=True, exist_ok=True)
        path = self._directory / "catalog.json"
        return catalog_from(json.loads(path.read_text())) if path.exists() else Catalog()

    def save_catalog(self) -> None:
        """Makes the catalogue durable; every change of it ends with this."""
        if self._directory is None:
            return
        fresh = self._directory / "catalog.json.new"
        fresh.write_text(json.dumps(asdict(self.catalog)))
        os.replace(fresh, self._directory / "catalog.json")

    def drop_rows(self, table: Table) -> None:
        """Forgets the rows of a table that the catalogue no longer has."""
        rows = self._rows.pop(table.number, None)
        self._pending -= len(rows) if rows else 0
        self.engine.drop(table)

    # -- rows

    @property
    def engine(self) -> Engine:
        """DuckDB, opened when it is first needed; what a crash left in the journal is taken in then."""
        if self._engine is None:
            self._engine = Engine(self._directory / "rows.duckdb" if self._directory else None)
            self._engine.drop_others(self.catalog.tables())
            if self._directory is not None:
                self._journal = Journal(self._directory, self._engine.applied_generation())
                self._replay(self._journal)
        return self._engine

    def _replay(self, journal: Journal) -> None:
        tables = {table.number: table for table in self.catalog.tables()}
        for number, points in journal.read():
            if number in tables:
                rows = self._rows_of(tables[number])
                for point in map(_point_from, points):
                    rows.put(point, rows.series_of(point), in_engine=True)
        self._pending = sum(map(len, self._rows.values()))

    def _rows_of(self, table: Table) -> Rows:
        rows = self._rows.get(table.number)
        if rows is None:
            rows = self._rows[table.number] = Rows(table, self.engine)
        return rows

    def write(self, table: Table, points: Sequence[Point]) -> tuple[int, int, dict[int, Rejection]]:
        """Writes the points that may be; (into the memory store, into the magnetic store, rejections by index)."""
        with self.lock:
            now = self._now_ns()
            rows, window, memory_floor = self._rows_of(table), Window.of(table, now), table.memory_floor_ns(now)
            placed = [(point, rows.series_of(point)) for point in points]
            known = rows.existing(placed)
            rejected: dict[int, Rejection] = {}
            written: list[Point] = []
            memory = learnt = 0
            pending = len(rows)
            for index, (point, series) in enumerate(placed):
                key = (series.number, point.time_ns)
                refused = window.check(point) or _check_new(point, series, table)
                verdict = refused or check_version(point, known.get(key))
                if isinstance(verdict, Rejection):
                    rejected[index] = verdict
                    continue
                memory += point.time_ns >= memory_floor
                if verdict:
                    learnt += _learn_new(point, series, table)
                    rows.put(point, series, key in known)
                    known[key] = point
                    written.append(point)
            self._pending += len(rows) - pending
            self._keep(table, written, learnt > 0)
            return memory, len(points) - len(rejected) - memory, rejected

    def _keep(self, table: Table, written: list[Point], learnt: bool) -> None:
        """Makes written points (and what the table learnt from them) durable."""
        if learnt:
            self.save_catalog()
        if self._journal and written:
            self._journal.append([table.number, written])
        if self._pending >= FLUSH_AT:
            self.flush()

    def flush(self) -> None:
        """Takes everything pending into DuckDB, and deletes what its retention no longer keeps."""
        with self.lock:
            engine = self.engine
            purge = self._now_ns() - self._purged_ns >= PURGE_EVERY_NS
            if not self._pending and not purge:
                return
            engine.begin()
            try:
                for rows in self._rows.values():
                    rows.flush()
                if purge:
                    self._purge(engine)
                engine.commit(self._journal.generation if self._journal else 0)
            except BaseException:
                engine.rollback()
                raise
            for rows in self._rows.values():
                rows.flushed()
            self._pending = 0
            if self._journal:
                self._journal.rotate()

    def _purge(self, engine: Engine) -> None:
        now = self._now_ns()
        for table in self.catalog.tables():
            engine.ensure(table)
            engine.delete_before(table, table.retention_floor_ns(now))
        self._purged_ns = now

    def close(self) -> None:
        with self.lock:
            if self._engine is None:
                return
            self.flush()
            if self._journal:
                self._journal.close()
            self._engine.close()
            self._engine = self._journal = None
            self._rows.clear()


def _check_new(point: Point, series: Series, table: Table) -> Rejection | None:
    """Checks a point, unless its series has had one with these columns and nothing about the next can differ."""
    known = series.learnt.get(point.columns)
    if known:
        return None
    return check_size(point) if known is False else check_schema(point, table) or check_size(point)


def _learn_new(point: Point, series: Series, table: Table) -> bool:
    if point.columns in series.learnt:
        return False
    series.learnt[point.columns] = has_fixed_size(point)
    return learn(point, table)


def _point_from(written: list[Any]) -> Point:
    dimensions, measure_name, measure_type, time_ns, version, columns, values = written
    return Point(
        tuple((name, value) for name, value in dimensions), measure_name, measure_type, time_ns, version,
        tuple((name, type_) for name, type_ in columns), tuple(values),
    )  # fmt: skip
