"""Whatever is written in whatever calls, the table is what a model says that does one record after the other."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labcloud.clock import ManualClock
from labcloud.timestream import RejectedRecordsException, Timestream
from tests.timestream.conftest import NOW_S, Lab

MEMORY_S, AHEAD_S = 24 * 3600, 15 * 60
VALUES = {
    "DOUBLE": ("0.0", "-0.0", "1.5", "-Infinity", "1e300"),
    "BIGINT": ("0", "-7", "9223372036854775807"),
    "BOOLEAN": ("true", "FALSE"),
    "VARCHAR": ("on", "", "ä", "x" * 2048),
}
CHANGES: tuple[str, ...] = ("write", "write", "write", "flush", "reopen")

sensors = st.sampled_from(["s1", "s2", "größe"])
ages_s = st.sampled_from([0, 1, 2, 3600, MEMORY_S, MEMORY_S + 1, -AHEAD_S + 1, -AHEAD_S])
versions = st.sampled_from([None, 1, 2, 3])
measures = st.sampled_from(["a", "b"])


@st.composite
def single(draw: Callable[..., Any]) -> dict[str, Any]:
    type_ = draw(st.sampled_from(list(VALUES)))
    value = draw(st.sampled_from(VALUES[type_]).filter(bool))
    return {"MeasureName": draw(measures), "MeasureValueType": type_, "MeasureValue": value}


@st.composite
def multi(draw: Callable[..., Any]) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(["p", "q", "r"]), min_size=1, max_size=3, unique=True))
    types = [draw(st.sampled_from(["DOUBLE", "BIGINT"])) for _ in names]
    values = [
        {"Name": n, "Type": t, "Value": draw(st.sampled_from(VALUES[t]))} for n, t in zip(names, types, strict=True)
    ]
    return {"MeasureName": draw(measures), "MeasureValueType": "MULTI", "MeasureValues": values}


@st.composite
def record(draw: Callable[..., Any]) -> dict[str, Any]:
    made = draw(st.one_of(single(), single(), multi()))
    version = draw(versions)
    made |= {"Dimensions": [{"Name": "sensor", "Value": draw(sensors)}], "ago_s": draw(ages_s)}
    return made if version is None else {**made, "Version": version}


call = st.lists(record(), min_size=1, max_size=8)
steps = st.lists(st.tuples(st.sampled_from(CHANGES), call), min_size=1, max_size=6)


class Model:
    """What the developer guide says, record by record, without a thought of speed."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, int], tuple[int, dict[str, Any]]] = {}
        self.types: dict[str, str] = {}
        self.columns: dict[str, str] = {}

    def take(self, record: dict[str, Any]) -> str | None:
        """None: it was taken; else a word of the reason."""
        values = self._values(record)
        size = 8 + sum(
            len(text.encode()) for text in ("sensor", record["Dimensions"][0]["Value"], record["MeasureName"])
        )
        size += sum(
            len(n) + 8 if n in "pqr" else len(v.encode()) if isinstance(v, str) else 8 for n, (_, v) in values.items()
        )
        if not -AHEAD_S < record["ago_s"] <= MEMORY_S:
            return "outside the time range"
        if self.types.get(record["MeasureName"], record["MeasureValueType"]) != record["MeasureValueType"]:
            return "conflicts with the type"
        if any(self.columns.get(name, type_) != type_ for name, (type_, _) in values.items()):
            return "measure of that name"
        if size > 2048:
            return "larger than 2048"
        return self._store(record, values)

    def _store(self, record: dict[str, Any], values: dict[str, tuple[str, Any]]) -> str | None:
        key = (record["Dimensions"][0]["Value"], record["MeasureName"], record["ago_s"])
        plain = {name: value for name, (_, value) in values.items()}
        version, (old, kept) = record.get("Version", 1), self.rows.get(key, (0, {}))
        if old and plain != kept and version <= old:
            return "already exists" if version == old else "is lower than"
        if version > old:
            self.rows[key] = version, plain
            self.types[record["MeasureName"]] = record["MeasureValueType"]
            self.columns |= {name: type_ for name, (type_, _) in values.items()}
        return None

    def _values(self, record: dict[str, Any]) -> dict[str, tuple[str, Any]]:
        read: dict[str, Callable[[str], Any]] = {
            "DOUBLE": float, "BIGINT": int, "BOOLEAN": lambda text: text.lower() == "true", "VARCHAR": str,
        }  # fmt: skip
        kind = record["MeasureValueType"]
        given = record.get("MeasureValues") or [{"Name": f"v_{kind}", "Type": kind, "Value": record["MeasureValue"]}]
        return {one["Name"]: (one["Type"], read[one["Type"]](one["Value"])) for one in given}


@contextmanager
def laboratory() -> Iterator[Callable[[], Lab]]:
    """Gives a Timestream on one folder; called again, it closes the one before."""
    opened: list[Timestream] = []
    with tempfile.TemporaryDirectory() as folder:

        def reopen() -> Lab:
            for timestream in opened:
                timestream.close()
            clock = ManualClock(NOW_S)
            opened[:] = [Timestream(clock, lambda: "x:1", Path(folder))]
            return Lab(opened[0], clock)

        yield reopen
        opened[0].close()


def wire(lab: Lab, record: dict[str, Any]) -> dict[str, Any]:
    """As a client sends it."""
    members = {name: value for name, value in record.items() if name != "ago_s"}
    return {**members, "Time": str(lab.clock.now_ms() - record["ago_s"] * 1000)}


def rejections(lab: Lab, records: list[dict[str, Any]]) -> dict[int, str]:
    try:
        lab.write(*[wire(lab, record) for record in records])
    except RejectedRecordsException as error:
        return {one["RecordIndex"]: one["Reason"] for one in error.rejected}
    return {}


def stored(lab: Lab) -> list[tuple[Any, ...]]:
    """(sensor, measure, seconds ago, version, values by column) of every row that DuckDB holds."""
    store = lab.timestream.store_of("123456789012", "eu-central-1")
    store.flush()
    table = store.catalog.tables()[0]
    names = {"measure_value::" + kind.lower(): f"v_{kind}" for kind in VALUES}
    columns = [column for column in table.columns.values() if column.name != "sensor"]
    sensor = table.columns["sensor"].physical if "sensor" in table.columns else "NULL"
    listed = "".join(f", {column.physical}" for column in columns)
    found = store.engine.connection.execute(
        f"SELECT {sensor}, measure_name, time, version{listed} FROM {table.physical}"
    ).fetchall()
    return sorted(
        (
            (who, what, round(NOW_S) - time_ns // 10**9, version, repr(sorted(present(columns, names, values).items())))
            for who, what, time_ns, version, *values in found
        ),
    )


def present(columns: list[Any], names: dict[str, str], values: list[Any]) -> dict[str, Any]:
    pairs = zip(columns, values, strict=True)
    return {names.get(column.name, column.name): value for column, value in pairs if value is not None}


@pytest.mark.parametrize("batches", [1, 3], ids=["single calls", "calls of several"])
@settings(max_examples=40, deadline=None)
@given(steps=steps)
def test_the_table_is_what_the_model_says(batches: int, steps: list[tuple[str, list[dict[str, Any]]]]) -> None:
    model = Model()
    with laboratory() as reopen:
        lab = reopen()
        lab.make_table()
        for change, records in steps:
            if change == "reopen":
                lab = reopen()
            elif change == "flush":
                stored(lab)
            else:
                written = records * batches if batches == 1 else [*records, *reversed(records), *records]
                expected = {i: why for i, one in enumerate(written) if (why := model.take(one))}
                reasons = rejections(lab, written)
                assert sorted(reasons) == sorted(expected)
                assert all(expected[i] in reasons[i] for i in expected), (expected, reasons)
        expected_rows = sorted(
            (*key, version, repr(sorted(values.items()))) for key, (version, values) in model.rows.items()
        )
        assert stored(lab) == expected_rows
