"""The files that UNLOAD writes: rows become CSV or Parquet. Pure but for Parquet's scratch file.

Source: Timestream developer guide, "UNLOAD concepts". Timestamps in Parquet are of 64 bits, not AWS's INT96.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from labcloud.timestream.sql import times
from labcloud.timestream.sql import types as t
from labcloud.timestream.sql.render import renderer
from labcloud.timestream.sql.types import Type, physical

Row = Sequence[Any]


class ResultFile(Protocol):
    """Takes rows until it is finished."""

    ending: str
    rows: int

    @property
    def size(self) -> int:
        """About how many bytes it has so far."""

    def add(self, row: Row) -> None: ...

    def finish(self) -> bytes:
        """The whole file."""


class CsvFile:
    """Separated values, packed or not."""

    def __init__(
        self, names: Sequence[str], types: Sequence[Type], *, delimiter: str, escape: str, header: bool, packed: bool
    ) -> None:
        self.ending = "gz" if packed else "csv"
        self.rows = 0
        self._texts = [_text_of(type_) for type_ in types]
        self._buffer = io.BytesIO()
        self._stream = gzip.GzipFile(fileobj=self._buffer, mode="wb", mtime=0) if packed else self._buffer
        self._out = io.TextIOWrapper(self._stream, "utf-8", newline="", write_through=True)  # type: ignore[type-var]
        self._writer = csv.writer(
            self._out, delimiter=delimiter, escapechar=escape, doublequote=False, lineterminator="\n"
        )
        if header:
            self._writer.writerow(names)

    @property
    def size(self) -> int:
        return self._buffer.tell()

    def add(self, row: Row) -> None:
        self.rows += 1
        values = [None if value is None else text(value) for text, value in zip(self._texts, row, strict=True)]
        self._writer.writerow(values)

    def finish(self) -> bytes:
        self._out.flush()
        if self._stream is not self._buffer:
            self._stream.close()
        return self._buffer.getvalue()


class ParquetFile:
    """Columns, written by a DuckDB of its own that never sees a query."""

    ending = "parquet"
    AT_ONCE = 2048

    def __init__(self, names: Sequence[str], types: Sequence[Type], *, packed: bool) -> None:
        import duckdb

        self.rows = self.size = 0
        self._types = types
        self._codec = "gzip" if packed else "uncompressed"
        self._waiting: list[Row] = []
        self._scratch = tempfile.TemporaryDirectory(prefix="unload-")
        settings: dict[str, Any] = {"threads": "1", "memory_limit": "256MB", "temp_directory": self._scratch.name}
        self._connection = duckdb.connect(":memory:", config=settings)
        columns = ", ".join(f"c{i} {physical(type_)}" for i, type_ in enumerate(types))
        self._connection.execute(f"CREATE TABLE rows ({columns})")
        exported = [f"{_exported(type_, f'c{i}')} AS {_quoted(names[i])}" for i, type_ in enumerate(types)]
        self._select = f"SELECT {', '.join(exported)} FROM rows"

    def add(self, row: Row) -> None:
        self.rows += 1
        self.size += sum(len(value) if isinstance(value, str) else 8 for value in row)
        self._waiting.append(row)
        if len(self._waiting) >= self.AT_ONCE:
            self._insert()

    def finish(self) -> bytes:
        self._insert()
        path = Path(self._scratch.name) / "rows.parquet"
        self._connection.execute(f"COPY ({self._select}) TO '{path}' (FORMAT parquet, COMPRESSION {self._codec})")
        self._connection.close()
        written = path.read_bytes()
        self._scratch.cleanup()
        return written

    def _insert(self) -> None:
        if not self._waiting:
            return
        given = ", ".join(f"unnest(?::{physical(type_)}[])" for type_ in self._types)
        self._connection.execute(
            f"INSERT INTO rows SELECT {given}", [list(c) for c in zip(*self._waiting, strict=True)]
        )
        self._waiting.clear()


def _text_of(type_: Type) -> Callable[[Any], str]:
    """Scalars as the API writes them, everything else as JSON."""
    if type_.name in ("array", "row", "timeseries", "point"):
        as_json = _json_of(type_)
        return lambda value: json.dumps(as_json(value), separators=(",", ":"), ensure_ascii=False)
    render = renderer(type_)
    return lambda value: str(render(value)["ScalarValue"])


def _json_of(type_: Type) -> Callable[[Any], Any]:
    inner = _json_of_present(type_)
    return lambda value: None if value is None else inner(value)


def _json_of_present(type_: Type) -> Callable[[Any], Any]:
    if type_.name == "array":
        item = _json_of(type_.item)
        return lambda value: [item(each) for each in value]
    if type_.name in ("timeseries", "point"):
        point = _json_of(type_.item)

        def one(each: Any) -> dict[str, Any]:
            return {"time": f"{times.timestamp_text(each['time'])}Z", "value": point(each["value"])}

        return one if type_.name == "point" else lambda value: [one(each) for each in value]
    if type_.name == "row":
        items = [_json_of(item) for item in type_.items]
        names = [name or f"field{i}" for i, name in enumerate(type_.fields)]
        return lambda value: {name: item(each) for name, item, each in zip(names, items, _fields(value), strict=True)}
    if type_ in (t.BIGINT, t.INTEGER, t.DOUBLE, t.BOOLEAN, t.VARCHAR):
        return lambda value: value
    render = renderer(type_)
    return lambda value: render(value)["ScalarValue"]


def _fields(value: Any) -> Sequence[Any]:
    return list(value.values()) if isinstance(value, dict) else list(value)


def _exported(type_: Type, sql: str) -> str:
    """DuckDB's own type for what the store keeps as a number."""
    if type_ == t.TIMESTAMP:
        return f"make_timestamp_ns({sql})"
    if type_ == t.DAY_TO_SECOND:
        return f"to_microseconds({sql} // 1000)"
    if type_ == t.YEAR_TO_MONTH:
        return f"to_months({sql})"
    if type_.name == "array":
        return f"list_transform({sql}, lambda e: {_exported(type_.item, 'e')})"
    if type_.name == "timeseries":
        return f"list_transform({sql}, lambda e: {_exported(t.point(type_.item), 'e')})"
    if type_.name == "point":
        return f"struct_pack(time := {_exported(t.TIMESTAMP, f'{sql}.time')}, value := {_exported(type_.item, f'{sql}.value')})"
    if type_.name == "row":
        names = [_quoted(name or f"field{i}") for i, name in enumerate(type_.fields)]
        parts = [
            f"{name} := {_exported(item, f'{sql}.f{i}')}"
            for i, (name, item) in enumerate(zip(names, type_.items, strict=True))
        ]
        return f"struct_pack({', '.join(parts)})"
    return sql


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
