"""A Glue table as data: columns, partition keys, the form of its objects. Pure.

Source: Athena User Guide, "Supported SerDes and data formats".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labcloud.athena.errors import QueryFailed
from labcloud.athena.types import HiveType, parse_type

JSON_SERDES = (
    "org.openx.data.jsonserde.JsonSerDe",
    "org.apache.hive.hcatalog.data.JsonSerDe",
    "org.apache.hadoop.hive.serde2.JsonSerDe",
)
PARQUET_SERDE = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
CSV_SERDES = ("org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe", "org.apache.hadoop.hive.serde2.OpenCSVSerde")
INPUT_FORMATS = {
    "parquet": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "textfile": "org.apache.hadoop.mapred.TextInputFormat",
    "json": "org.apache.hadoop.mapred.TextInputFormat",
}
OUTPUT_FORMATS = {
    "parquet": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "textfile": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    "json": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
}


@dataclass(frozen=True)
class TableForm:
    """`kind`: json, csv or parquet; `serde` are the serialiser's parameters."""

    kind: str
    serde: Mapping[str, str]
    columns: tuple[tuple[str, HiveType], ...]
    partition_keys: tuple[tuple[str, HiveType], ...]
    location: str
    parameters: Mapping[str, str]

    @property
    def header_lines(self) -> int:
        return int(self.parameters.get("skip.header.line.count", self.serde.get("skip.header.line.count", 0)))

    @property
    def projected(self) -> bool:
        return self.parameters.get("projection.enabled", "").lower() == "true"


def form_of(name: str, definition: Mapping[str, Any]) -> TableForm:
    """Raises QueryFailed for a table that cannot be read here."""
    storage = definition.get("StorageDescriptor") or {}
    serde = storage.get("SerdeInfo") or {}
    library = serde.get("SerializationLibrary") or ""
    parameters = {**(storage.get("Parameters") or {}), **(definition.get("Parameters") or {})}
    kind = _kind(name, library, storage.get("InputFormat") or "", parameters)
    return TableForm(
        kind,
        {key: str(value) for key, value in (serde.get("Parameters") or {}).items()} | {"library": library},
        _columns(name, storage.get("Columns") or ()),
        _columns(name, definition.get("PartitionKeys") or ()),
        storage.get("Location") or "",
        {key: str(value) for key, value in parameters.items()},
    )


def _kind(name: str, library: str, input_format: str, parameters: Mapping[str, Any]) -> str:
    if library in JSON_SERDES:
        return "json"
    if library == PARQUET_SERDE or "parquet" in input_format.lower():
        return "parquet"
    if library in CSV_SERDES:
        return "csv"
    if parameters.get("table_type") == "ICEBERG" or definition_is_view(parameters):
        raise QueryFailed(f"NOT_SUPPORTED: The local cloud does not read {name}: it is a view or an Iceberg table.")
    what = library or input_format or "no serialisation library"
    raise QueryFailed(f"NOT_SUPPORTED: The local cloud does not read {name}: its data are of {what}.")


def definition_is_view(parameters: Mapping[str, Any]) -> bool:
    return parameters.get("presto_view") == "true"


def _columns(table: str, written: Any) -> tuple[tuple[str, HiveType], ...]:
    found = []
    for column in written:
        try:
            found.append((column["Name"].lower(), parse_type(column.get("Type") or "string")))
        except ValueError as error:
            raise QueryFailed(f"HIVE_INVALID_METADATA: column {column['Name']} of {table}: {error}") from error
    return tuple(found)


def split_location(location: str) -> tuple[str, str]:
    """The bucket and the key's beginning of s3://bucket/prefix/."""
    bucket, _, prefix = location.removeprefix("s3://").removeprefix("s3a://").partition("/")
    return bucket, f"{prefix.rstrip('/')}/" if prefix.strip("/") else ""
