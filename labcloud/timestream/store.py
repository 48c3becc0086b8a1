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
from labcloud.timestream.rows import Rows
from labcloud.timestream.upsert import Rejection, check_schema, check_version, check_window, learn

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
                    self._put(rows, point, in_engine=True)

    def _rows_of(self, table: Table) -> Rows:
        rows = self._rows.get(table.number)
        if rows is None:
            rows = self._rows[table.number] = Rows(table, self.engine)
        return rows

    def write(self, table: Table, points: Sequence[Point]) -> tuple[int, int, dict[int, Rejection]]:
        """Writes the points that may be; (into the memory store, into the magnetic store, rejections by index)."""
        with self.lock:
            now = self._now_ns()
            rows = self._rows_of(table)
            known = rows.existing(points)
            rejected: dict[int, Rejection] = {}
            written: list[tuple[Point, bool]] = []
            memory = learnt = 0
            floor = table.memory_floor_ns(now)
            for index, point in enumerate(points):
                verdict = check_window(point, table, now) or check_schema(point, table)
                key = (rows.series_of(point).number, point.time_ns)
                decision = verdict or check_version(point, known.get(key))
                if isinstance(decision, Rejection):
                    rejected[index] = decision
                    continue
                memory += point.time_ns >= floor
                if decision:
                    learnt += learn(point, table)
                    in_engine = key in known
                    known[key] = self._put(rows, point, in_engine)
                    written.append((point, in_engine))
            if learnt:
                self.save_catalog()
            if self._journal and written:
                self._journal.append([table.number, [_journal_form(point) for point, _ in written]])
            if self._pending >= FLUSH_AT:
                self.flush()
            return memory, len(points) - len(rejected) - memory, rejected

    def _put(self, rows: Rows, point: Point, in_engine: bool) -> Any:
        before = len(rows)
        stored = rows.put(point, in_engine)
        self._pending += len(rows) - before
        return stored

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


def _journal_form(point: Point) -> list[Any]:
    return [
        point.dimensions, point.measure_name, point.measure_type, point.time_ns, point.version, point.values,
    ]  # fmt: skip


def _point_from(written: list[Any]) -> Point:
    dimensions, measure_name, measure_type, time_ns, version, values = written
    return Point(
        tuple((name, value) for name, value in dimensions), measure_name, measure_type, time_ns, version,
        tuple((name, type_, value) for name, type_, value in values),
    )  # fmt: skip
