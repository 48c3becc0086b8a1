"""DuckDB as the store of rows: opened without files or network in reach of a query; rows come in by columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labcloud.timestream.catalog import Column, Table
from labcloud.timestream.sql.bounds import MAKE_ALLOWANCE, pays
from labcloud.timestream.sql.macros import needed_macros
from labcloud.timestream.sql.types import SCALARS, physical

if TYPE_CHECKING:
    import duckdb

SETTINGS = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "python_enable_replacements": "false",
    "memory_limit": "1GB",
    "temp_directory": "",  # what does not fit into memory does not fill the disk either
    "threads": "2",
}
Columns = dict[str, tuple[str, list[Any]]]
"""By the physical name: DuckDB's type, and the values."""
FIXED = ("series", "time", "version", "measure_name")


class Engine:
    """One DuckDB database. Not thread-safe for writing; queries run on cursors of their own."""

    def __init__(self, path: Path | None) -> None:
        import duckdb  # 90 ms and 28 MB: not before the first record or query

        self.connection = duckdb.connect(str(path) if path else ":memory:", config=dict(SETTINGS))
        self.connection.execute("CREATE TABLE IF NOT EXISTS applied (generation BIGINT)")
        self.connection.execute("SET lock_configuration = true")
        self._columns: dict[int, int] = {}
        self._macros: set[str] = set()

    def applied_generation(self) -> int:
        row = self.connection.execute("SELECT coalesce(max(generation), 0) FROM applied").fetchone()
        return int(row[0]) if row else 0

    def cursor_for(self, sql: str) -> duckdb.DuckDBPyConnection:
        """A connection of its own for a query, with the macros it uses."""
        for definition in needed_macros(sql, self._macros):
            self.connection.execute(f"CREATE OR REPLACE MACRO {definition}")
        cursor = self.connection.cursor()
        if pays(sql):
            cursor.execute(MAKE_ALLOWANCE)
        return cursor

    def begin(self) -> None:
        self.connection.execute("BEGIN")

    def commit(self, generation: int) -> None:
        self.connection.execute("DELETE FROM applied")
        self.connection.execute("INSERT INTO applied VALUES (?)", [generation])
        self.connection.execute("COMMIT")

    def rollback(self) -> None:
        self._columns.clear()
        self.connection.execute("ROLLBACK")

    def ensure(self, table: Table) -> None:
        """Makes the DuckDB table and its columns as the catalogue has them."""
        if self._columns.get(table.number) == len(table.columns):
            return
        self.connection.execute(
            f"CREATE TABLE IF NOT EXISTS {table.physical} "
            "(series INTEGER, time BIGINT, version BIGINT, measure_name VARCHAR)"
        )
        for column in table.columns.values():
            self.connection.execute(
                f"ALTER TABLE {table.physical} ADD COLUMN IF NOT EXISTS {column.physical} {physical_type(column)}"
            )
        self._columns[table.number] = len(table.columns)

    def drop(self, table: Table) -> None:
        self._columns.pop(table.number, None)
        self.connection.execute(f"DROP TABLE IF EXISTS {table.physical}")

    def drop_others(self, tables: Iterable[Table]) -> None:
        """Drops what a crash left behind of deleted tables."""
        wanted = {table.physical for table in tables}
        for (name,) in self.connection.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            if re.fullmatch(r"t\d+", name) and name not in wanted:
                self.connection.execute(f"DROP TABLE {name}")

    def insert(self, table: Table, rows: Columns, of_series: Columns) -> None:
        """Appends rows; `of_series` has columns that are the same for all rows of a `series`.

        Handing a value over costs more than anything else that becomes of it here, so each goes once if it can.
        """
        names = ", ".join((*rows, *(name for name in of_series if name != "series")))
        given, parameters = zip(*(_given(name, *column) for name, column in rows.items()), strict=True)
        shared = ", ".join(f"unnest(?::{type_}[]) AS {name}" for name, (type_, _) in of_series.items())
        self.connection.execute(
            f"INSERT INTO {table.physical} ({names}) SELECT {names} FROM (SELECT {', '.join(given)}) "
            f"JOIN (SELECT {shared}) USING (series)",
            [*parameters, *(values for _, values in of_series.values())],
        )

    def delete(self, table: Table, keys: Sequence[tuple[int, int]]) -> None:
        """Removes the rows of these (series, time)."""
        self.connection.execute(
            f"DELETE FROM {table.physical} WHERE (series, time) IN "
            "(SELECT (unnest(?::INTEGER[]), unnest(?::BIGINT[])))",
            [[series for series, _ in keys], [time for _, time in keys]],
        )

    def delete_before(self, table: Table, floor_ns: int) -> None:
        self.connection.execute(f"DELETE FROM {table.physical} WHERE time < ?", [floor_ns])

    def find(self, table: Table, columns: Sequence[Column], keys: Sequence[tuple[int, int]]) -> list[tuple[Any, ...]]:
        """Rows (series, time, version, *columns) of these (series, time)."""
        names = "".join(f", t.{column.physical}" for column in columns)
        times = [time for _, time in keys]
        return self.connection.execute(
            f"SELECT t.series, t.time, t.version{names} FROM {table.physical} AS t JOIN "
            "(SELECT unnest(?::INTEGER[]) AS series, unnest(?::BIGINT[]) AS time) AS k USING (series, time) "
            "WHERE t.time BETWEEN ? AND ?",  # lets DuckDB skip row groups of other times
            [[series for series, _ in keys], times, min(times), max(times)],
        ).fetchall()

    def series(self, table: Table, dimensions: Sequence[Column]) -> list[tuple[Any, ...]]:
        """Rows (series, latest time, measure name, *dimensions), one for each series."""
        names = "".join(f", any_value({column.physical})" for column in dimensions)
        return self.connection.execute(
            f"SELECT series, max(time), any_value(measure_name){names} FROM {table.physical} GROUP BY series"
        ).fetchall()

    def close(self) -> None:
        self.connection.close()


def _given(name: str, type_: str, values: list[Any]) -> tuple[str, Any]:
    """How a column is handed over, and its parameter: one value if all rows have the same (-0.0 equals 0.0 and is not)."""
    alike = name != "series" and (type_ != "DOUBLE" or values[0] is None) and values.count(values[0]) == len(values)
    if alike:
        return f"?::{type_} AS {name}", values[0]
    return f"unnest(?::{type_}[]) AS {name}", values


def physical_type(column: Column) -> str:
    return physical(SCALARS[column.type])
