"""The rows of one table: series, what is not yet in DuckDB, and what there is of an identity."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from labcloud.timestream.catalog import DIMENSION, MEASURE_VALUE, MULTI, Table
from labcloud.timestream.engine import Columns, Engine, physical_type
from labcloud.timestream.records import Kind, Pairs, Point
from labcloud.timestream.upsert import Stored

MOST_PLACES = 20_000

Key = tuple[int, int]
"""The identity of a record in its table: the number of its series, and its time."""


@dataclass(slots=True)
class Series:
    """All records with the same dimensions and measure name."""

    number: int
    measure_name: str
    dimensions: Pairs
    latest_ns: int = -1
    """The newest time that DuckDB holds: a later record cannot be there already, so nothing is looked up."""


@dataclass(slots=True)
class Place:
    """Where the records of a kind go."""

    series: Series
    shape: int
    """Which of the table's sets of columns they have."""
    taken: bool = False
    """Whether there was one already, so that names and types need no check again."""
    all_fit: bool = False
    """Whether all others are as large as that one, so that sizes need none either."""


Pending = tuple[Place, Point, bool]
"""A row that DuckDB does not have yet; and whether it has (or may have) an older version."""


class Rows:
    """The rows of one table, on top of the engine. `pending` is by identity, in the order of arrival."""

    def __init__(self, table: Table, engine: Engine) -> None:
        self.table = table
        self.pending: dict[Key, Pending] = {}
        self._engine = engine
        self._series: dict[tuple[str, Pairs], Series] = {}
        self._shapes: dict[Pairs, int] = {}
        self._places: dict[Kind, Place] = {}
        engine.ensure(table)
        dimensions = table.columns_with(DIMENSION)
        for number, latest, measure_name, *values in engine.series(table, dimensions):
            pairs = sorted((c.name, v) for c, v in zip(dimensions, values, strict=True) if v is not None)
            self._series[measure_name, tuple(pairs)] = Series(number, measure_name, tuple(pairs), latest)
        self._next = max((series.number for series in self._series.values()), default=-1) + 1

    def __len__(self) -> int:
        return len(self.pending)

    def places_of(self, points: Iterable[Point]) -> list[Place]:
        """Where each point goes."""
        known = self._places
        return [known.get(point.kind) or self._place(point.kind) for point in points]

    def _place(self, kind: Kind) -> Place:
        key = (kind.measure_name, kind.dimensions)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = Series(self._next, *key)
            self._next += 1
        if len(self._places) >= MOST_PLACES:
            self._places.clear()
        shape = self._shapes.setdefault(kind.columns, len(self._shapes))
        place = self._places[kind] = Place(series, shape)
        return place

    def forget_places(self) -> None:
        """The table takes other records now: each kind is checked again."""
        self._places.clear()

    def stored(self, keys: Sequence[Key], places: Sequence[Place]) -> dict[Key, Stored]:
        """What DuckDB has of these identities, as far as nothing newer is pending."""
        asked = [
            key
            for key, place in zip(keys, places, strict=True)
            if key[1] <= place.series.latest_ns and key not in self.pending
        ]
        if not asked:
            return {}
        self._engine.ensure(self.table)
        columns = self.table.columns_with(MEASURE_VALUE, MULTI)
        found = {}
        for series_number, time_ns, version, *values in self._engine.find(self.table, columns, asked):
            present = {c.name: v for c, v in zip(columns, values, strict=True) if v is not None}
            found[series_number, time_ns] = Stored(version, present)
        return found

    def replay(self, points: Sequence[Point]) -> None:
        """Takes in what was written before a crash; DuckDB may hold it, or an older version."""
        for place, point in zip(self.places_of(points), points, strict=True):
            self.pending[place.series.number, point.time_ns] = place, point, True

    def flush(self) -> None:
        """Writes everything pending to DuckDB, inside the caller's transaction."""
        if not self.pending:
            return
        self._engine.ensure(self.table)
        replaced = [key for key, (_, _, replaces) in self.pending.items() if replaces]
        if replaced:
            self._engine.delete(self.table, replaced)
        rows = list(self.pending.values())
        self._engine.insert(self.table, self._columns(rows), self._columns_of_series(rows))

    def flushed(self) -> None:
        """After the commit: nothing is pending any more."""
        for place, point, _ in self.pending.values():
            if point.time_ns > place.series.latest_ns:
                place.series.latest_ns = point.time_ns
        self.pending.clear()

    def _columns(self, rows: Sequence[Pending]) -> Columns:
        columns: Columns = {
            "series": ("INTEGER", [number for number, _ in self.pending]),
            "time": ("BIGINT", [time_ns for _, time_ns in self.pending]),
            "version": ("BIGINT", [point.version for _, point, _ in rows]),
        }
        positions = [{name: i for i, (name, _) in enumerate(shape)} for shape in self._shapes]
        for column in self.table.columns_with(MEASURE_VALUE, MULTI):
            index = [of_shape.get(column.name) for of_shape in positions]
            values = [None if (i := index[place.shape]) is None else point.values[i] for place, point, _ in rows]
            columns[column.physical] = (physical_type(column), values)
        return columns

    def _columns_of_series(self, rows: Sequence[Pending]) -> Columns:
        """What is the same for all records of a series, once for each."""
        found = {place.series.number: place.series for place, _, _ in rows}
        pairs = [dict(series.dimensions) for series in found.values()]
        columns: Columns = {
            "series": ("INTEGER", list(found)),
            "measure_name": ("VARCHAR", [series.measure_name for series in found.values()]),
        }
        for column in self.table.columns_with(DIMENSION):
            columns[column.physical] = ("VARCHAR", [of_series.get(column.name) for of_series in pairs])
        return columns
