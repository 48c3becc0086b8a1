"""Runs one query: its tables are loaded into a database of its own, the database is locked, the query runs.

What happens inside cannot reach files, the network or settings: see the settings and `check_functions`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sqlglot import exp

from labcloud.api import Scope
from labcloud.athena.errors import QueryFailed
from labcloud.athena.formats import TableForm, form_of, split_location
from labcloud.athena.functions import MACROS
from labcloud.athena.partitions import Partition, projected, registered
from labcloud.athena.render import text_of
from labcloud.athena.results import Column, Result
from labcloud.athena.scan import Loader, Objects
from labcloud.athena.translate import Reference, TableName, Translation, equalities, tables_of, translate
from labcloud.athena.types import athena_name
from labcloud.motobase import glue_tables
from labcloud.motobase.lookups import read_object

if TYPE_CHECKING:
    import duckdb

SETTINGS = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "python_enable_replacements": "false",
    "memory_limit": "1GB",
    "threads": "2",
}
LOCK = ("SET TimeZone = 'UTC'", "SET enable_external_access = false", "SET lock_configuration = true")
MOST_ROWS = 1_000_000

Allow = Callable[[str, str], None]
"""allow(action, resource) raises QueryFailed unless the one who asked may do it."""


class Handle(Protocol):
    """Lets somebody else interrupt the query."""

    def take(self, connection: Any) -> None: ...


def run_query(query: exp.Query, scope: Scope, database: str, now_s: float, allow: Allow, handle: Handle) -> Result:
    """Raises QueryFailed."""
    forms = {(named.database, named.name): _form(scope, named, allow) for named in tables_of(query, database)}
    schema: dict[str, dict[str, dict[str, str]]] = {}
    for (owner, name), form in forms.items():
        columns = {column: type_.duckdb for column, type_ in (*form.columns, *form.partition_keys)}
        schema.setdefault(owner, {})[name] = columns
    keys = {named: frozenset(key for key, _ in form.partition_keys) for named, form in forms.items()}
    translation = translate(query, schema, keys, database, now_s)
    with tempfile.TemporaryDirectory(prefix="labcloud-athena-") as folder:
        return _run(translation, forms, scope, now_s, allow, handle, Path(folder))


def _run(
    translation: Translation,
    forms: Mapping[tuple[str, str], TableForm],
    scope: Scope,
    now_s: float,
    allow: Allow,
    handle: Handle,
    folder: Path,
) -> Result:
    import duckdb  # 90 ms and 28 MB: not before the first query

    connection = duckdb.connect(":memory:", config=dict(SETTINGS))
    handle.take(connection)
    try:
        loader = Loader(connection, folder)
        for reference in translation.references:
            form = forms[reference.database, reference.name]
            partitions = _partitions(connection, scope, reference, form, now_s)
            located = [(partition, _objects(scope, partition.location, allow)) for partition in partitions]
            loader.load(reference.physical, form, located)
        for definition in _macros(translation.sql):
            connection.execute(f"CREATE MACRO {definition}")
        for statement in LOCK:
            connection.execute(statement)
        return _result(connection, translation.sql, loader.scanned)
    except duckdb.InterruptException as error:
        raise QueryFailed("Query was cancelled") from error
    except duckdb.Error as error:
        raise QueryFailed(_in_words(error)) from error
    finally:
        connection.close()


def _result(connection: duckdb.DuckDBPyConnection, sql: str, scanned_bytes: int) -> Result:
    described = [(str(row[0]), str(row[1])) for row in connection.execute(f"DESCRIBE {sql}").fetchall()]
    columns = tuple(Column(_output_name(name), athena_name(type_)) for name, type_ in described)
    names = [f"c{number}" for number in range(len(described))]
    shown = ", ".join(_fetched(name, type_) for name, (_, type_) in zip(names, described, strict=True))
    found = connection.execute(f"SELECT {shown} FROM ({sql}) AS result({', '.join(names)})")
    rows = found.fetchmany(MOST_ROWS + 1)
    if len(rows) > MOST_ROWS:
        raise QueryFailed(f"EXCEEDED_LOCAL_LIMIT: a result has at most {MOST_ROWS} rows here")
    return Result(columns, [[text_of(value) for value in row] for row in rows], scanned_bytes)


def _fetched(name: str, type_: str) -> str:
    """Python would need a further package for DuckDB's times with a zone."""
    if type_ == "TIMESTAMP WITH TIME ZONE":
        return f"strftime({name} AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M:%S.%g') || ' UTC'"
    return name


def _form(scope: Scope, named: TableName, allow: Allow) -> TableForm:
    if named.database not in glue_tables.databases(scope):
        raise QueryFailed(f"SCHEMA_NOT_FOUND: {named.place}: Schema '{named.database}' does not exist")
    allow("glue:GetTable", scope.arn("glue", f"table/{named.database}/{named.name}"))
    stored = glue_tables.table(scope, named.database, named.name)
    if stored is None:
        full = f"awsdatacatalog.{named.database}.{named.name}"
        raise QueryFailed(f"TABLE_NOT_FOUND: {named.place}: Table '{full}' does not exist")
    return form_of(named.name, stored.definition)


def _partitions(
    connection: duckdb.DuckDBPyConnection, scope: Scope, reference: Reference, form: TableForm, now_s: float
) -> list[Partition]:
    if not form.partition_keys:
        return [Partition((), form.location)]
    if form.projected:
        every = projected(form, equalities(reference), now_s)
    else:
        stored = glue_tables.table(scope, reference.database, reference.name)
        every = registered(form, stored.partitions if stored else ())
    return _chosen(connection, reference, form, every)


def _chosen(
    connection: duckdb.DuckDBPyConnection, reference: Reference, form: TableForm, every: list[Partition]
) -> list[Partition]:
    """Those for which the conditions hold; all, if that cannot be said beforehand."""
    import duckdb

    if not reference.conditions or not every:
        return every
    columns = ", ".join(f'"{key}" {type_.duckdb}' for key, type_ in form.partition_keys)
    marks = ", ".join("?" for _ in form.partition_keys)
    where = " AND ".join(f"({condition.sql(dialect='duckdb')})" for condition in reference.conditions)
    try:
        connection.execute(f"CREATE TEMP TABLE partitions (number INTEGER, {columns})")
        rows = [[number, *partition.values] for number, partition in enumerate(every)]
        connection.executemany(f"INSERT INTO partitions VALUES (?, {marks})", rows)
        found = connection.execute(f'SELECT number FROM partitions AS "{reference.alias}" WHERE {where} ORDER BY 1')
        return [every[number] for (number,) in found.fetchall()]
    except duckdb.Error:
        return every
    finally:
        connection.execute("DROP TABLE IF EXISTS partitions")


def _objects(scope: Scope, location: str, allow: Allow) -> Objects:
    bucket, prefix = split_location(location)
    allow("s3:ListBucket", f"arn:aws:s3:::{bucket}")
    if not glue_tables.has_bucket(scope, bucket):
        raise QueryFailed(f"HIVE_METASTORE_ERROR: The bucket {bucket} of the table's location does not exist")
    for facts in glue_tables.objects_below(scope, bucket, prefix):
        allow("s3:GetObject", f"arn:aws:s3:::{bucket}/{facts.key}")
        yield facts.key, facts.size, lambda key=facts.key: read_object(scope.account_id, bucket, key)  # type: ignore[misc]


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
