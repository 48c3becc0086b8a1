"""Everything Timestream holds for one account in one region: catalogue, rows, journal. Thread-safe.

Records are written behind: at 5,000 pending or before a query they go to DuckDB in one transaction; until then the
journal has them, if the store has a directory.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from labcloud.persistence.statefile import REMEDY
from labcloud.timestream.catalog import HOUR_NS, Catalog, Table, catalog_from
from labcloud.timestream.engine import Engine
from labcloud.timestream.errors import DamagedState
from labcloud.timestream.journal import Journal
from labcloud.timestream.records import Kind, Point
from labcloud.timestream.rows import Place, Rows
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
        with _reading(path):
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

    def schema_changed(self, table: Table) -> None:
        """The table demands something else of records now."""
        if rows := self._rows.get(table.number):
            rows.forget_places()

    # -- rows

    @property
    def engine(self) -> Engine:
        """DuckDB, opened when it is first needed; what a crash left in the journal is taken in then."""
        if self._engine is None:
            with _reading(self._directory):
                self._open()
            assert self._engine is not None
        return self._engine

    def _open(self) -> None:
        self._engine = Engine(self._directory / "rows.duckdb" if self._directory else None)
        try:
            self._take_over(self._engine)
        except BaseException:  # nothing may be written beside what was not taken in
            self._engine.close()
            if self._journal is not None:
                self._journal.close()
            self._engine = self._journal = None
            self._rows.clear()
            raise

    def _take_over(self, engine: Engine) -> None:
        engine.drop_others(self.catalog.tables())
        if self._directory is not None:
            self._journal = Journal(self._directory, engine.applied_generation())
            self._replay(self._journal)

    def _replay(self, journal: Journal) -> None:
        tables = {table.number: table for table in self.catalog.tables()}
        for number, points in journal.read():
            if number in tables:
                self._rows_of(tables[number]).replay(points)
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
            places = rows.places_of(points)
            keys = [(place.series.number, point.time_ns) for place, point in zip(places, points, strict=True)]
            stored = rows.stored(keys, places)
            rejected: dict[int, Rejection] = {}
            written: list[Point] = []
            learnt, pending, before = False, rows.pending, len(rows)
            for index, (point, key, place) in enumerate(zip(points, keys, places, strict=True)):
                refused = window.check(point) or (None if place.all_fit else _check_new(point, place, table))
                waiting = pending.get(key)
                existing = waiting[1] if waiting else stored.get(key)
                verdict = refused or existing is None or check_version(point, existing)
                if isinstance(verdict, Rejection):
                    rejected[index] = verdict
                elif verdict:
                    learnt |= not place.taken and _learn_new(point.kind, place, table)
                    pending[key] = place, point, waiting[2] if waiting else key in stored
                    written.append(point)
            memory = sum(point.time_ns >= memory_floor for i, point in enumerate(points) if i not in rejected)
            self._pending += len(rows) - before
            self._keep(table, written, learnt)
            return memory, len(points) - len(rejected) - memory, rejected

    def _keep(self, table: Table, written: list[Point], learnt: bool) -> None:
        """Makes written points (and what the table learnt from them) durable."""
        if learnt:
            self.save_catalog()
        if self._journal and written:
            self._journal.append(table.number, written)
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


def _check_new(point: Point, place: Place, table: Table) -> Rejection | None:
    """Checks what may differ from the records that the place has taken already."""
    return check_size(point) if place.taken else check_schema(point.kind, table) or check_size(point)


def _learn_new(kind: Kind, place: Place, table: Table) -> bool:
    place.taken, place.all_fit = True, has_fixed_size(kind)
    return learn(kind, table)


@contextmanager
def _reading(path: Path | None) -> Iterator[None]:
    """Around the reading of what was kept. Raises DamagedState with the file and the remedy."""
    try:
        yield
    except DamagedState:
        raise
    except Exception as error:
        text = f"The state in {path} is damaged ({type(error).__name__}: {error}). {REMEDY}"
        raise DamagedState(text) from error
