"""Loads the objects of a table's partitions into a query's process. Reads with Hive's rules: what a column cannot hold is an error.

Text becomes JSON lines with exactly the table's columns in a folder of the query's own; Parquet is read as it is.
Sources: Athena User Guide, "OpenX JSON SerDe", "LazySimpleSerDe", "OpenCSVSerDe".
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from labcloud.athena.apart import Apart
from labcloud.athena.errors import QueryFailed
from labcloud.athena.formats import TableForm
from labcloud.athena.partitions import Partition
from labcloud.athena.types import HiveType

MOST_BYTES = 256 * 1024 * 1024
"""Unpacked bytes that one query may read: keeps a bomb of zeros from filling the disk."""
_UNREADABLE = (".snappy", ".zst", ".lz4", ".lzo", ".deflate")

Objects = Iterable[tuple[str, int, Callable[[], bytes]]]
"""(key, size, read) of the objects below a location"""


class Loader:
    """Fills tables of one query's database; `scanned` counts the objects' bytes."""

    def __init__(self, apart: Apart, folder: Path) -> None:
        self._apart = apart
        self._folder = folder
        self._files = 0
        self._unpacked = 0
        self.scanned = 0

    def load(self, name: str, form: TableForm, partitions: Sequence[tuple[Partition, Objects]]) -> None:
        """Makes the table `name` with the rows of the partitions. Raises QueryFailed."""
        columns = [(column, type_.duckdb) for column, type_ in (*form.columns, *form.partition_keys)]
        self._apart.ask("make", name=name, columns=columns)
        if form.kind == "parquet":
            for partition, objects in partitions:
                for key, body in self._bodies(objects, unpack=False):
                    self._insert_parquet(name, columns, len(form.columns), partition, key, body)
            return
        path = self._path("json")
        with path.open("w", encoding="utf-8") as lines:
            for partition, objects in partitions:
                self._write_rows(form, partition, objects, lines)
        self._apart.ask("load_json", name=name, columns=columns, path=str(path))

    def _write_rows(self, form: TableForm, partition: Partition, objects: Objects, lines: IO[str]) -> None:
        constants = {
            key: converted(value, type_, len(form.columns) + number)
            for number, ((key, type_), value) in enumerate(zip(form.partition_keys, partition.values, strict=True))
        }
        read = _json_rows if form.kind == "json" else _csv_rows
        for key, body in self._bodies(objects, unpack=True):
            try:
                for row in read(form, body.decode("utf-8", "replace")):
                    lines.write(json.dumps({**row, **constants}))
                    lines.write("\n")
            except QueryFailed as error:
                raise QueryFailed(f"{error} (in {key})") from error

    def _bodies(self, objects: Objects, *, unpack: bool) -> Iterator[tuple[str, bytes]]:
        for key, size, read in objects:
            if size == 0 or key.rsplit("/", 1)[-1].startswith(("_", ".")):
                continue
            self.scanned += size
            body = self._unpack(key, read()) if unpack else read()
            self._unpacked += len(body)
            if self._unpacked > MOST_BYTES:
                raise QueryFailed(f"EXCEEDED_LOCAL_LIMIT: a query reads at most {MOST_BYTES} bytes here")
            yield key, body

    def _unpack(self, key: str, body: bytes) -> bytes:
        room = MOST_BYTES - self._unpacked + 1
        try:
            if key.endswith(".gz"):
                return gzip.GzipFile(fileobj=io.BytesIO(body)).read(room)
            if key.endswith(".bz2"):
                return bz2.BZ2File(io.BytesIO(body)).read(room)
        except (OSError, EOFError, zlib.error) as error:
            raise QueryFailed(f"HIVE_CURSOR_ERROR: {key}: {error}") from error
        if key.endswith(_UNREADABLE):
            raise QueryFailed(f"HIVE_UNSUPPORTED_FORMAT: the local cloud does not unpack {key}")
        return body

    def _insert_parquet(
        self, name: str, columns: Sequence[tuple[str, str]], own: int, partition: Partition, key: str, body: bytes
    ) -> None:
        """`own`: so many of the columns are in the file, the others are the partition's."""
        path = self._path("parquet")
        path.write_bytes(body)
        self._apart.ask(
            "load_parquet", name=name, columns=columns[:own], keys=columns[own:], path=str(path),
            values=list(partition.values), key=key,
        )  # fmt: skip
        path.unlink()

    def _path(self, ending: str) -> Path:
        self._files += 1
        return self._folder / f"{self._files}.{ending}"


def _json_rows(form: TableForm, text: str) -> Iterator[dict[str, Any]]:
    lenient = form.serde.get("ignore.malformed.json", "").lower() == "true"
    mapped = {
        key.removeprefix("mapping."): value.lower() for key, value in form.serde.items() if key.startswith("mapping.")
    }
    for line in text.split("\n"):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            if lenient:
                yield dict.fromkeys(column for column, _ in form.columns)
                continue
            raise QueryFailed(f"HIVE_CURSOR_ERROR: Row is not a valid JSON Object - JSONException: {error}") from error
        if not isinstance(row, dict):
            raise QueryFailed(
                "HIVE_CURSOR_ERROR: Row is not a valid JSON Object - JSONException: A JSONObject text must begin with '{'"
            )
        folded = {key.lower(): value for key, value in row.items()}
        yield {
            column: converted(folded.get(mapped.get(column, column)), type_, number)
            for number, (column, type_) in enumerate(form.columns)
        }


def _csv_rows(form: TableForm, text: str) -> Iterator[dict[str, Any]]:
    quoted = form.serde["library"].endswith("OpenCSVSerde")
    if quoted:
        reader = csv.reader(
            io.StringIO(text),
            delimiter=form.serde.get("separatorChar", ","),
            quotechar=form.serde.get("quoteChar", '"'),
            escapechar=form.serde.get("escapeChar", "\\"),
        )
    else:
        delimiter = form.serde.get("field.delim", form.serde.get("serialization.format", "\x01"))
        reader = csv.reader(io.StringIO(text), delimiter=delimiter or "\x01", quoting=csv.QUOTE_NONE)
    for number, cells in enumerate(reader):
        if number < form.header_lines or not cells:
            continue
        padded = [*cells, *([None] * len(form.columns))]
        yield {
            column: converted(cell, type_, place) if quoted else _or_null(cell, type_, place)
            for place, ((column, type_), cell) in enumerate(zip(form.columns, padded, strict=False))
        }


def _or_null(cell: str | None, type_: HiveType, place: int) -> Any:
    if cell == "\\N":
        return None
    try:
        return converted(cell, type_, place)
    except QueryFailed:
        return None


def converted(value: Any, type_: HiveType, place: int) -> Any:
    """A value as JSON that DuckDB reads as the type. Raises QueryFailed HIVE_BAD_DATA."""
    if value is None or (value == "" and type_.kind not in ("string", "varchar", "char")):
        return None
    try:
        return _converted(value, type_, place)
    except (ValueError, TypeError, OverflowError) as error:
        raise QueryFailed(
            f"HIVE_BAD_DATA: Error parsing field value '{value}' for field {place}: For input string: \"{value}\""
        ) from error


def _converted(value: Any, type_: HiveType, place: int) -> Any:
    kind = type_.kind
    if kind in ("string", "varchar", "char"):
        return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    if kind == "boolean":
        return _boolean(value)
    if kind in ("tinyint", "smallint", "int", "integer", "bigint"):
        return _whole(value, {"tinyint": 8, "smallint": 16, "bigint": 64}.get(kind, 32))
    if kind in ("float", "double"):
        return float(value)
    if kind == "decimal":
        return str(value)
    if kind == "timestamp":
        return _timestamp(value)
    if kind == "array":
        return [converted(item, type_.inside[0], place) for item in _of(list, value)]
    if kind == "map":
        return {str(key): converted(item, type_.inside[1], place) for key, item in _of(dict, value).items()}
    if kind == "struct":
        folded = {key.lower(): item for key, item in _of(dict, value).items()}
        return {
            name: converted(folded.get(name), part, place) for name, part in zip(type_.names, type_.inside, strict=True)
        }
    return value


def _of(kind: type, value: Any) -> Any:
    if not isinstance(value, kind):
        raise ValueError(f"{value!r} is no {kind.__name__}")
    return value


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in ("true", "false"):
        return str(value).lower() == "true"
    raise ValueError("neither true nor false")


def _whole(value: Any, bits: int) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError("not a whole number")
    number = int(value)
    if not -(2 ** (bits - 1)) <= number < 2 ** (bits - 1):
        raise ValueError(f"beyond {bits} bits")
    return number


def _timestamp(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        from datetime import UTC, datetime

        return datetime.fromtimestamp(value / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    found = re.fullmatch(r"(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2}(?:\.\d+)?)Z?", str(value).strip())
    if found is None:
        raise ValueError("not yyyy-MM-dd HH:mm:ss")
    return f"{found[1]} {found[2]}"
