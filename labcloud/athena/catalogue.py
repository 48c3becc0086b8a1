"""Carries Hive statements out on Glue's catalogue, and answers in the texts of Athena's result files.

Source: Athena User Guide, "DDL statements", "MSCK REPAIR TABLE", "ALTER TABLE ADD PARTITION".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from labcloud.api import Scope
from labcloud.athena import ddl
from labcloud.athena.errors import QueryFailed
from labcloud.athena.formats import (
    CSV_SERDES,
    INPUT_FORMATS,
    JSON_SERDES,
    OUTPUT_FORMATS,
    PARQUET_SERDE,
    split_location,
)
from labcloud.errors import AwsError
from labcloud.motobase import glue_tables
from labcloud.motobase.glue_tables import StoredTable

Allow = Callable[[str, str], None]


def execute(statement: ddl.Statement, scope: Scope, default_database: str, allow: Allow) -> list[str]:
    """The lines of the answer. Raises QueryFailed."""
    try:
        return _Catalogue(scope, default_database, allow).execute(statement)
    except AwsError as error:
        raise QueryFailed(f"FAILED: Execution Error, return code 1. {error.code}: {error.message}") from error


class _Catalogue:
    def __init__(self, scope: Scope, default_database: str, allow: Allow) -> None:
        self._scope = scope
        self._default = default_database
        self._allow = allow

    def execute(self, statement: ddl.Statement) -> list[str]:
        handlers: dict[type, Callable[[Any], list[str]]] = {
            ddl.CreateDatabase: self._create_database,
            ddl.DropDatabase: self._drop_database,
            ddl.CreateTable: self._create_table,
            ddl.DropTable: self._drop_table,
            ddl.RepairTable: self._repair,
            ddl.AlterPartitions: self._alter,
            ddl.Show: self._show,
        }
        return handlers[type(statement)](statement)

    def _create_database(self, wanted: ddl.CreateDatabase) -> list[str]:
        self._allow("glue:CreateDatabase", self._scope.arn("glue", f"database/{wanted.name}"))
        if not (wanted.if_missing and wanted.name in glue_tables.databases(self._scope)):
            glue_tables.create_database(self._scope, wanted.name, wanted.location)
        return []

    def _drop_database(self, wanted: ddl.DropDatabase) -> list[str]:
        self._allow("glue:DeleteDatabase", self._scope.arn("glue", f"database/{wanted.name}"))
        if wanted.name not in glue_tables.databases(self._scope):
            if wanted.if_exists:
                return []
            raise QueryFailed(f"FAILED: SemanticException [Error 10072]: Database does not exist: {wanted.name}")
        if glue_tables.table_names(self._scope, wanted.name) and not wanted.cascade:
            raise QueryFailed(
                f"FAILED: InvalidOperationException(message:Database {wanted.name} is not empty. One or more tables exist.)"
            )
        glue_tables.drop_database(self._scope, wanted.name)
        return []

    def _create_table(self, wanted: ddl.CreateTable) -> list[str]:
        database = wanted.database or self._default
        self._require_database(database)
        self._allow("glue:CreateTable", self._scope.arn("glue", f"table/{database}/{wanted.name}"))
        if glue_tables.table(self._scope, database, wanted.name) is not None:
            if wanted.if_missing:
                return []
            raise QueryFailed(
                f"FAILED: Execution Error, return code 1. AlreadyExistsException(message:Table {wanted.name} already exists)"
            )
        glue_tables.create_table(self._scope, database, wanted.name, definition_of(wanted))
        return []

    def _drop_table(self, wanted: ddl.DropTable) -> list[str]:
        database = wanted.database or self._default
        self._allow("glue:DeleteTable", self._scope.arn("glue", f"table/{database}/{wanted.name}"))
        if glue_tables.table(self._scope, database, wanted.name) is None:
            if wanted.if_exists:
                return []
            raise QueryFailed(f"FAILED: SemanticException [Error 10001]: Table not found {database}.{wanted.name}")
        glue_tables.drop_table(self._scope, database, wanted.name)
        return []

    def _repair(self, wanted: ddl.RepairTable) -> list[str]:
        """Adds the partitions whose folders are named key=value in the order of the keys."""
        table = self._table(wanted.database, wanted.name)
        keys = [key["Name"].lower() for key in table.definition.get("PartitionKeys") or ()]
        storage = table.definition["StorageDescriptor"]
        bucket, prefix = split_location(storage["Location"])
        self._allow("s3:ListBucket", f"arn:aws:s3:::{bucket}")
        known = {tuple(partition["Values"]) for partition in table.partitions}
        lines = []
        for facts in glue_tables.objects_below(self._scope, bucket, prefix):
            folders = facts.key.removeprefix(prefix).split("/")[: len(keys)]
            parts = [folder.partition("=") for folder in folders]
            values = tuple(value for _, _, value in parts)
            if (
                [name.lower() for name, _, _ in parts] != keys
                or values in known
                or len(facts.key.removeprefix(prefix).split("/")) <= len(keys)
            ):
                continue
            known.add(values)
            path = "/".join(folders)
            self._add(table, list(values), f"s3://{bucket}/{prefix}{path}/")
            lines.append(f"Repair: Added partition to metastore {table.name}:{path}")
        return (
            [f"Partitions not in metastore:\t{' '.join(line.rsplit(' ', 1)[-1] for line in lines)}", *lines]
            if lines
            else []
        )

    def _alter(self, wanted: ddl.AlterPartitions) -> list[str]:
        table = self._table(wanted.database, wanted.name)
        keys = [key["Name"].lower() for key in table.definition.get("PartitionKeys") or ()]
        known = {tuple(partition["Values"]) for partition in table.partitions}
        for given, location in wanted.partitions:
            named = {name.lower(): value for name, value in given.items()}
            if set(named) != set(keys):
                raise QueryFailed(
                    f"FAILED: SemanticException partition spec {given} does not have the keys {', '.join(keys)}"
                )
            values = [named[key] for key in keys]
            if wanted.add and tuple(values) in known:
                if wanted.lenient:
                    continue
                raise QueryFailed(
                    f"FAILED: Execution Error. AlreadyExistsException(message:Partition already exists: {values})"
                )
            if wanted.add:
                path = "/".join(f"{key}={value}" for key, value in zip(keys, values, strict=True))
                base = table.definition["StorageDescriptor"]["Location"].rstrip("/")
                self._add(table, values, location or f"{base}/{path}/")
            elif tuple(values) in known:
                glue_tables.drop_partition(self._scope, table.database, table.name, values)
            elif not wanted.lenient:
                raise QueryFailed(f"FAILED: SemanticException [Error 10006]: Partition not found {given}")
        return []

    def _add(self, table: StoredTable, values: list[str], location: str) -> None:
        self._allow("glue:CreatePartition", self._scope.arn("glue", f"table/{table.database}/{table.name}"))
        storage = {**table.definition["StorageDescriptor"], "Location": location}
        partition = {"Values": values, "StorageDescriptor": storage, "Parameters": {}}
        glue_tables.add_partition(self._scope, table.database, table.name, partition)

    def _show(self, wanted: ddl.Show) -> list[str]:
        if wanted.what == "databases":
            self._allow("glue:GetDatabases", self._scope.arn("glue", "catalog"))
            return glue_tables.databases(self._scope)
        if wanted.what == "tables":
            database = wanted.database or self._default
            self._require_database(database)
            self._allow("glue:GetTables", self._scope.arn("glue", f"database/{database}"))
            return glue_tables.table_names(self._scope, database)
        table = self._table(wanted.database, wanted.name or "")
        columns = table.definition["StorageDescriptor"].get("Columns") or []
        keys = table.definition.get("PartitionKeys") or []
        if wanted.what == "partitions":
            names = [key["Name"] for key in keys]
            return sorted(
                "/".join(f"{n}={v}" for n, v in zip(names, p["Values"], strict=True)) for p in table.partitions
            )
        if wanted.what == "columns":
            return [f"{column['Name']:<20}" for column in (*columns, *keys)]
        lines = [_described(column) for column in (*columns, *keys)]
        if keys:
            lines += [
                "\t \t ",
                "# Partition Information\t \t ",
                "# col_name            \tdata_type           \tcomment             ",
            ]
            lines += ["\t \t ", *(_described(key) for key in keys)]
        return lines

    def _table(self, database: str | None, name: str) -> StoredTable:
        database = database or self._default
        self._require_database(database)
        self._allow("glue:GetTable", self._scope.arn("glue", f"table/{database}/{name}"))
        found = glue_tables.table(self._scope, database, name)
        if found is None:
            raise QueryFailed(f"FAILED: SemanticException [Error 10001]: Table not found {database}.{name}")
        return found

    def _require_database(self, database: str) -> None:
        if database not in glue_tables.databases(self._scope):
            raise QueryFailed(f"FAILED: SemanticException [Error 10072]: Database does not exist: {database}")


def definition_of(wanted: ddl.CreateTable) -> dict[str, Any]:
    """The table as Glue keeps it. Raises QueryFailed for a form that is not served."""
    stored_as, serde = (wanted.stored_as or "textfile").lower(), wanted.serde
    form = "parquet" if "parquet" in stored_as else ("textfile" if "text" in stored_as else stored_as)
    if form not in INPUT_FORMATS:
        raise QueryFailed(f"NOT_SUPPORTED: The local cloud does not read tables stored as {wanted.stored_as}.")
    library = serde or {"parquet": PARQUET_SERDE, "json": JSON_SERDES[2]}.get(form, CSV_SERDES[0])
    if library not in (*JSON_SERDES, *CSV_SERDES, PARQUET_SERDE):
        raise QueryFailed(f"NOT_SUPPORTED: The local cloud does not read data of {library}.")
    if not wanted.location.startswith("s3://"):
        raise QueryFailed(f"FAILED: SemanticException Location {wanted.location} does not begin with s3://")
    return {
        "Name": wanted.name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", **wanted.properties},
        "PartitionKeys": [{"Name": name, "Type": type_} for name, type_ in wanted.partition_keys],
        "StorageDescriptor": {
            "Columns": [{"Name": name, "Type": type_} for name, type_ in wanted.columns],
            "Location": wanted.location,
            "InputFormat": INPUT_FORMATS[form],
            "OutputFormat": OUTPUT_FORMATS[form],
            "SerdeInfo": {"SerializationLibrary": library, "Parameters": dict(wanted.serde_parameters)},
        },
    }


def _described(column: dict[str, Any]) -> str:
    return f"{column['Name']:<20}\t{column.get('Type', ''):<20}\t{column.get('Comment') or '':<20}"
