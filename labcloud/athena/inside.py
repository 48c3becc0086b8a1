"""One query in a process of its own: translated, its tables loaded, run. Lines of JSON in, lines of JSON out (apart.py).

A few words can name a billion columns, or a text of gigabytes: what a query makes counts against the limits of this process,
not the cloud's. What happens in DuckDB cannot reach files, the network or settings: see SETTINGS and `check_functions`.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb

from labcloud.athena.errors import QueryFailed
from labcloud.athena.functions import MACROS
from labcloud.athena.render import csv_lines, text_of
from labcloud.athena.translate import Reference, equalities, parse_query, translate
from labcloud.athena.types import athena_name

MB = 1024 * 1024
LIMITS = {"CORE": 0, "DATA": 1024 * MB, "CPU": 180, "FSIZE": 512 * MB}
SETTINGS = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "python_enable_replacements": "false",
    "memory_limit": "600MB",
    "temp_directory": "",  # what does not fit into memory does not fill the disk either
    "threads": "2",
}
LOCK = ("SET TimeZone = 'UTC'", "SET enable_external_access = false", "SET lock_configuration = true")
MOST_ROWS, MOST_COLUMNS, MOST_RESULT_BYTES = 1_000_000, 2_000, 64 * MB
AT_ONCE = 200
TOO_MUCH = "EXCEEDED_LOCAL_LIMIT: the query needs more memory than it may use here"


class Work:
    """What apart.py asks for; each method is a request."""

    def __init__(self) -> None:
        self._connection = duckdb.connect(":memory:", config=dict(SETTINGS))
        self._references: Sequence[Reference] = ()
        self._sql = ""

    def translate(
        self, sql: str, parameters: Sequence[str], tables: Sequence[Any], database: str, now_s: float
    ) -> list[dict[str, Any]]:
        """The references to tables, with what conditions demand of partition keys by equality."""
        schema: dict[str, dict[str, dict[str, str]]] = {}
        for owner, name, columns, _ in tables:
            schema.setdefault(owner, {})[name] = dict(columns)
        keys = {(owner, name): frozenset(own) for owner, name, _, own in tables}
        found = translate(parse_query(sql, parameters), schema, keys, database, now_s)
        self._references, self._sql = found.references, found.sql
        return [
            {"physical": r.physical, "table": [r.database, r.name], "wanted": equalities(r)} for r in found.references
        ]

    def choose(self, number: int, keys: Sequence[Sequence[str]], partitions: Sequence[Sequence[str]]) -> list[int]:
        """The partitions for which the conditions hold; all, if that cannot be said beforehand."""
        reference, every = self._references[number], list(range(len(partitions)))
        if not reference.conditions or not every:
            return every
        columns = ", ".join(f'"{key}" {type_}' for key, type_ in keys)
        where = " AND ".join(f"({condition.sql(dialect='duckdb')})" for condition in reference.conditions)
        try:
            self._connection.execute(f"CREATE TEMP TABLE partitions (number INTEGER, {columns})")
            rows = [[at, *values] for at, values in enumerate(partitions)]
            marks = ", ".join("?" for _ in keys)
            self._connection.executemany(f"INSERT INTO partitions VALUES (?, {marks})", rows)
            found = self._connection.execute(
                f'SELECT number FROM partitions AS "{reference.alias}" WHERE {where} ORDER BY 1'
            )
            return [at for (at,) in found.fetchall()]
        except duckdb.Error:
            return every
        finally:
            self._connection.execute("DROP TABLE IF EXISTS partitions")

    def make(self, name: str, columns: Sequence[Sequence[str]]) -> None:
        """An empty table."""
        self._connection.execute(f"CREATE TABLE {name} ({', '.join(_described(columns))})")

    def load_json(self, name: str, columns: Sequence[Sequence[str]], path: str) -> None:
        """The rows of a file of JSON lines."""
        described = ", ".join(f"'{column}': '{type_}'" for column, type_ in columns)
        self._connection.execute(
            f"INSERT INTO {name} SELECT * FROM read_json('{path}', format='newline_delimited', "
            f"columns={{{described}}}, maximum_object_size=67108864)"
        )

    def load_parquet(
        self, name: str, columns: Sequence[Sequence[str]], keys: Sequence[Sequence[str]], path: str,
        values: Sequence[str], key: str,
    ) -> None:  # fmt: skip
        """The rows of a Parquet file, which has the partition's values; `key` is the object's name."""
        try:
            described = self._connection.execute(f"DESCRIBE SELECT * FROM read_parquet('{path}')").fetchall()
            present = {row[0].lower(): row[0] for row in described}
            chosen = [
                f'CAST("{present[column]}" AS {type_})' if column in present else f"CAST(NULL AS {type_})"
                for column, type_ in columns
            ]
            constants = [f"CAST(? AS {type_})" for _, type_ in keys]
            self._connection.execute(
                f"INSERT INTO {name} SELECT {', '.join([*chosen, *constants])} FROM read_parquet('{path}')",
                list(values),
            )
        except duckdb.Error as error:
            raise QueryFailed(f"HIVE_BAD_DATA: {key} does not fit the table: {str(error).splitlines()[0]}") from error

    def run(self, path: str) -> list[tuple[str, str]]:
        """Names and types of the columns; the rows go into a file, as Athena writes them."""
        for definition in _macros(self._sql):
            self._connection.execute(f"CREATE MACRO {definition}")
        for statement in LOCK:
            self._connection.execute(statement)
        described = self._connection.execute(f"DESCRIBE {self._sql}").fetchmany(MOST_COLUMNS + 1)
        if len(described) > MOST_COLUMNS:
            raise QueryFailed(f"EXCEEDED_LOCAL_LIMIT: a result has at most {MOST_COLUMNS} columns here")
        columns = [(_output_name(str(row[0])), athena_name(str(row[1]))) for row in described]
        names = [f"c{number}" for number in range(len(described))]
        shown = ", ".join(_fetched(name, str(row[1])) for name, row in zip(names, described, strict=True))
        self._connection.execute(f"SELECT {shown} FROM ({self._sql}) AS result({', '.join(names)})")
        with open(path, "wb") as out:
            self._write(out, [name for name, _ in columns])
        return columns

    def _write(self, out: Any, names: Sequence[str]) -> None:
        out.write(csv_lines([names]))
        count = 0
        while rows := self._connection.fetchmany(AT_ONCE):
            count += len(rows)
            if count > MOST_ROWS:
                raise QueryFailed(f"EXCEEDED_LOCAL_LIMIT: a result has at most {MOST_ROWS} rows here")
            out.write(csv_lines([[text_of(value) for value in row] for row in rows]))
            if out.tell() > MOST_RESULT_BYTES:
                raise QueryFailed(f"EXCEEDED_LOCAL_LIMIT: a result has at most {MOST_RESULT_BYTES} bytes here")


def _described(columns: Sequence[Sequence[str]]) -> list[str]:
    return [f'"{column}" {type_}' for column, type_ in columns]


def _fetched(name: str, type_: str) -> str:
    """Python would need a further package for DuckDB's times with a zone."""
    if type_ == "TIMESTAMP WITH TIME ZONE":
        return f"strftime({name} AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M:%S.%g') || ' UTC'"
    return name


def _macros(sql: str) -> Iterable[str]:
    lower = sql.lower()
    return [definition for name, definition in MACROS.items() if f"{name}(" in lower]


def _output_name(name: str) -> str:
    return name.replace("_col_", "_col", 1) if name.startswith("_col_") and name[5:].isdigit() else name


def _in_words(error: Exception) -> str:
    """DuckDB's error with a name like Trino's; the first line says what is wrong."""
    first = str(error).splitlines()[0]
    kind, _, said = first.partition(": ")
    names: Sequence[tuple[str, str]] = (
        ("Conversion", "INVALID_CAST_ARGUMENT"),
        ("Binder", "TYPE_MISMATCH"),
        ("Catalog", "FUNCTION_NOT_FOUND"),
        ("Out of Memory", "EXCEEDED_LOCAL_LIMIT"),
        ("Out of Range", "NUMERIC_VALUE_OUT_OF_RANGE"),
    )
    name = next((athena for duck, athena in names if kind.startswith(duck)), "GENERIC_USER_ERROR")
    return f"{name}: {said or first}"


def _answer(work: Work, request: Mapping[str, Any]) -> dict[str, Any]:
    try:
        given = {name: value for name, value in request.items() if name != "do"}
        return {"value": getattr(work, request["do"])(**given)}
    except QueryFailed as error:
        return {"failed": str(error)}
    except duckdb.Error as error:
        return {"failed": _in_words(error)}
    except RecursionError:
        return {"failed": "EXCEEDED_LOCAL_LIMIT: the query is nested too deeply"}
    except MemoryError:
        return {"failed": TOO_MUCH}
    except Exception as error:  # a fault of ours: the cloud notes it in its log
        return {"crashed": f"{type(error).__name__}: {error}"}


def main() -> None:
    """Answers requests until there are no more."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    for name, value in LIMITS.items():
        which = getattr(resource, f"RLIMIT_{name}")
        _, allowed = resource.getrlimit(which)
        resource.setrlimit(which, (value, value) if allowed == resource.RLIM_INFINITY else (min(value, allowed),) * 2)
    work = Work()
    for line in sys.stdin:
        print(json.dumps(_answer(work, json.loads(line))), file=answers)
