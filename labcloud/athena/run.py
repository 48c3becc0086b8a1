"""Runs one query in a process of its own: that translates it, chooses partitions, gets the tables' files and runs it.

Here is what only the cloud can do: it looks tables and objects up, asks whether the caller may, and lays the objects out.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from sqlglot import exp

from labcloud.api import Scope
from labcloud.athena.apart import Apart
from labcloud.athena.errors import QueryFailed
from labcloud.athena.formats import TableForm, form_of, split_location
from labcloud.athena.partitions import Partition, projected, registered
from labcloud.athena.results import Column, Result
from labcloud.athena.scan import Loader, Objects
from labcloud.athena.translate import TableName, tables_of
from labcloud.motobase import glue_tables
from labcloud.motobase.lookups import read_object

Allow = Callable[[str, str], None]
"""allow(action, resource) raises QueryFailed unless the one who asked may do it."""
Forms = Mapping[tuple[str, str], TableForm]


class Handle(Protocol):
    """Lets somebody else interrupt the query."""

    def take(self, connection: Any) -> None: ...


def run_query(
    query: exp.Query, sql: str, parameters: Sequence[str], scope: Scope, database: str, now_s: float, allow: Allow,
    handle: Handle,
) -> Result:  # fmt: skip
    """`query` is what `sql` was parsed to. Raises QueryFailed."""
    forms = {(named.database, named.name): _form(scope, named, allow) for named in tables_of(query, database)}
    apart = Apart()
    try:
        handle.take(apart)
        with tempfile.TemporaryDirectory(prefix="labcloud-athena-") as folder:
            return _run(apart, sql, parameters, forms, scope, database, now_s, allow, Path(folder))
    finally:
        apart.close()


def _run(
    apart: Apart, sql: str, parameters: Sequence[str], forms: Forms, scope: Scope, database: str, now_s: float,
    allow: Allow, folder: Path,
) -> Result:  # fmt: skip
    tables = [
        (*place, described([*form.columns, *form.partition_keys]), [key for key, _ in form.partition_keys])
        for place, form in forms.items()
    ]
    asked = {"parameters": list(parameters), "tables": tables, "database": database, "now_s": now_s}
    loader = Loader(apart, folder)
    for number, reference in enumerate(apart.ask("translate", sql=sql, **asked)):
        form = forms[tuple(reference["table"])]
        partitions = _partitions(apart, scope, number, reference, form, now_s)
        located = [(partition, _objects(scope, partition.location, allow)) for partition in partitions]
        loader.load(reference["physical"], form, located)
    result = folder / "result.csv"
    columns = apart.ask("run", path=str(result))
    return Result(tuple(Column(*column) for column in columns), result.read_bytes(), loader.scanned)


def described(columns: Sequence[tuple[str, Any]]) -> list[tuple[str, str]]:
    """Columns with DuckDB's types."""
    return [(column, type_.duckdb) for column, type_ in columns]


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
    apart: Apart, scope: Scope, number: int, reference: Mapping[str, Any], form: TableForm, now_s: float
) -> list[Partition]:
    """Those that the conditions leave."""
    if not form.partition_keys:
        return [Partition((), form.location)]
    if form.projected:
        every = projected(form, reference["wanted"], now_s)
    else:
        stored = glue_tables.table(scope, *reference["table"])
        every = registered(form, stored.partitions if stored else ())
    values = [list(partition.values) for partition in every]
    chosen = apart.ask("choose", number=number, keys=described(form.partition_keys), partitions=values)
    return [every[at] for at in chosen]


def _objects(scope: Scope, location: str, allow: Allow) -> Objects:
    bucket, prefix = split_location(location)
    allow("s3:ListBucket", f"arn:aws:s3:::{bucket}")
    if not glue_tables.has_bucket(scope, bucket):
        raise QueryFailed(f"HIVE_METASTORE_ERROR: The bucket {bucket} of the table's location does not exist")
    for facts in glue_tables.objects_below(scope, bucket, prefix):
        allow("s3:GetObject", f"arn:aws:s3:::{bucket}/{facts.key}")
        yield facts.key, facts.size, lambda key=facts.key: read_object(scope.account_id, bucket, key)  # type: ignore[misc]
