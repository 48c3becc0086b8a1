"""UNLOAD (SELECT …) TO 's3://bucket/folder' WITH (option = value, …): a query's rows go to S3 instead of the caller.

Source: Timestream developer guide, "UNLOAD concepts", "Limits for UNLOAD", "Best practices for UNLOAD". What is not said
there is decided here: where partitions have no value they are named as Hive names them.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from labcloud.errors import AwsError
from labcloud.timestream.errors import QueryError, ValidationException
from labcloud.timestream.run import Rows, batches
from labcloud.timestream.sql import nodes as n
from labcloud.timestream.sql import types as t
from labcloud.timestream.sql.render import column_info, renderer
from labcloud.timestream.sql.types import Type
from labcloud.timestream.unload_files import CsvFile, ParquetFile, ResultFile

MOST_PARTITIONS = 100
LARGEST_FILE = 256 * 1024 * 1024
"""Bytes: AWS's files have up to 78 GB, but here an object is in memory while it is written."""
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
COLUMNS = (("rows", t.BIGINT), ("metadataFile", t.VARCHAR), ("manifestFile", t.VARCHAR))
_LOCATION = re.compile(r"s3://([^/]+)/(.+)", re.DOTALL)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)(MB|GB)")
_MB = 1024 * 1024

PutObject = Callable[[dict[str, Any]], None]
"""put_object(parameters of S3's PutObject), as the caller of the query. Raises AwsError."""


@dataclass(frozen=True)
class Options:
    """What stands behind WITH."""

    partitioned_by: tuple[str, ...] = ()
    format: str = "CSV"
    compression: str = "GZIP"
    encryption: str = "SSE_S3"
    kms_key: str = ""
    field_delimiter: str = ","
    escaped_by: str = "\\"
    include_header: str = "false"
    max_file_size: int = 78 * 1024 * _MB


CHOICES = {
    "format": ("CSV", "PARQUET"),
    "compression": ("GZIP", "NONE"),
    "encryption": ("SSE_S3", "SSE_KMS"),
    "include_header": ("true", "false"),
}


def read_options(statement: n.Unload) -> Options:
    """Raises QueryError with the option's place."""
    found: dict[str, Any] = {}
    for option in statement.options:
        name, value = option.name.lower(), option.value
        if name not in Options.__dataclass_fields__:
            known = ", ".join(Options.__dataclass_fields__)
            raise QueryError(option.at, f"'{option.name}' is no option of UNLOAD: {known}")
        if name in found:
            raise QueryError(option.at, f"{name} is given twice")
        if (name == "partitioned_by") != isinstance(value, tuple):
            raise QueryError(option.at, f"{name} takes {'ARRAY[column, …]' if name == 'partitioned_by' else 'a text'}")
        found[name] = _checked(name, value, option.at)
    options = Options(**found)
    if options.kms_key and options.encryption != "SSE_KMS":
        raise QueryError(statement.at, "kms_key needs encryption = 'SSE_KMS'")
    if len({options.field_delimiter, options.escaped_by, '"'}) < 3:
        raise QueryError(statement.at, "field_delimiter, escaped_by and the quote must differ from each other")
    return options


def _checked(name: str, value: Any, at: n.Position) -> Any:
    if name in CHOICES:
        chosen = [choice for choice in CHOICES[name] if choice.lower() == value.lower()]
        if not chosen:
            raise QueryError(at, f"{name} must be {' or '.join(CHOICES[name])}, not '{value}'")
        return chosen[0]
    if name in ("field_delimiter", "escaped_by") and (len(value) != 1 or not value.isascii()):
        raise QueryError(at, f"{name} must be a single ASCII character, not '{value}'")
    if name == "max_file_size":
        match = _SIZE.fullmatch(value)
        size = float(match[1]) * {"MB": 1, "GB": 1024}[match[2]] if match else 0
        if not 16 <= size <= 78 * 1024:
            raise QueryError(at, f"max_file_size must be between 16MB and 78GB, not '{value}'")
        return int(size * _MB)
    return value


class Unload:
    """One statement: made before the query runs, so that what cannot work is refused at once."""

    def __init__(
        self, statement: n.Unload, query_id: str, names: Sequence[str], types: Sequence[Type], put: PutObject
    ) -> None:
        match = _LOCATION.fullmatch(statement.destination)
        if match is None:
            raise QueryError(statement.at, f"TO takes 's3://bucket/folder', not '{statement.destination}'")
        self._bucket, self._folder = match[1], match[2].strip("/")
        self._options = read_options(statement)
        self._stem = f"{query_id}_"
        self._put_object = put
        self._names, self._types = names, types
        self._kept = len(names) - len(self._options.partitioned_by)
        self._check_columns(statement.at)
        self._partition_texts = [renderer(type_) for type_ in types[self._kept :]]
        self._open: dict[tuple[str, ...], ResultFile] = {}
        self._written: list[dict[str, Any]] = []

    def write(self, rows: Rows) -> list[tuple[Any, ...]]:
        """Writes all rows, then metadata and manifest; the answer's row. Raises AwsError."""
        for fetched in batches(rows):
            for row in fetched:
                self._add(row)
        for partition in list(self._open):
            self._close(partition)
        metadata = {
            "ColumnInfo": [column_info(name, type_) for name, type_ in zip(self._names, self._types, strict=True)],
            "Author": {"Name": "Amazon Timestream", "MetadataFileVersion": "1.0"},
        }
        total = sum(each["file_metadata"]["row_count"] for each in self._written)
        unique = uuid.uuid4().hex
        places = [
            self._put_json(unique, "metadata", metadata),
            self._put_json(unique, "manifest", self._manifest(total)),
        ]
        return [(total, *places)]

    def _check_columns(self, at: n.Position) -> None:
        partitions = self._options.partitioned_by
        for name in partitions:
            if name not in self._names:
                raise QueryError(at, f"Column '{name}' does not exist")
        if tuple(self._names[self._kept :]) != partitions:
            raise QueryError(
                at, "the columns of partitioned_by must be the last columns of the query, in the same order"
            )
        if self._kept < 1:
            raise QueryError(at, "UNLOAD needs at least one column that is no partition")
        for name, type_ in zip(self._names, self._types, strict=True):
            if type_ in (t.TIME, t.UNKNOWN):
                raise QueryError(at, f"UNLOAD does not support the type {type_} of column '{name}'")
            if self._names.count(name) > 1:
                raise QueryError(at, f"Column '{name}' is there twice: give it another name with AS")

    def _add(self, row: Sequence[Any]) -> None:
        partition = tuple(
            str(text(value).get("ScalarValue", NO_VALUE))
            for text, value in zip(self._partition_texts, row[self._kept :], strict=True)
        )
        file = self._open.get(partition)
        if file is None:
            file = self._open[partition] = self._new_file(partition)
        file.add(row[: self._kept])
        if file.size >= min(self._options.max_file_size, LARGEST_FILE):
            self._close(partition)
            self._open[partition] = self._new_file(partition)

    def _new_file(self, partition: tuple[str, ...]) -> ResultFile:
        if partition not in self._open and len(self._open) >= MOST_PARTITIONS:
            raise ValidationException(f"UNLOAD cannot export more than {MOST_PARTITIONS} partitions.")
        if not all(value.isascii() for value in partition):
            raise ValidationException(f"The values of partitions can have only ASCII characters, not {partition}.")
        options, names, types = self._options, self._names[: self._kept], self._types[: self._kept]
        packed = options.compression == "GZIP"
        if options.format == "PARQUET":
            return ParquetFile(names, types, packed=packed)
        return CsvFile(
            names, types, delimiter=options.field_delimiter, escape=options.escaped_by,
            header=options.include_header == "true", packed=packed,
        )  # fmt: skip

    def _close(self, partition: tuple[str, ...]) -> None:
        file = self._open.pop(partition)
        if not file.rows:
            return
        folders = [f"{name}={value}" for name, value in zip(self._options.partitioned_by, partition, strict=True)]
        name = f"{self._stem}{uuid.uuid4().hex}.{file.ending}"
        body = file.finish()
        place = self._put("/".join((self._folder, "results", *folders, name)), body, "application/octet-stream")
        told = {"content_length_in_bytes": len(body), "row_count": file.rows}
        self._written.append({"url": place, "file_metadata": told})

    def _manifest(self, total: int) -> dict[str, Any]:
        return {
            "result_files": self._written,
            "query_metadata": {
                "content_length_in_bytes": sum(e["file_metadata"]["content_length_in_bytes"] for e in self._written),
                "total_row_count": total,
                "result_format": self._options.format,
                "result_version": "Amazon Timestream version 1.0.0",
            },
            "author": {"name": "Amazon Timestream", "manifest_file_version": "1.0"},
        }

    def _put_json(self, unique: str, what: str, document: dict[str, Any]) -> str:
        key = f"{self._folder}/{self._stem}{unique}_{what}.json"
        return self._put(key, json.dumps(document, indent=2).encode(), "application/json")

    def _put(self, key: str, body: bytes, content_type: str) -> str:
        encryption: dict[str, str] = {"ServerSideEncryption": "AES256"}
        if self._options.encryption == "SSE_KMS":
            encryption = {"ServerSideEncryption": "aws:kms"}
            if self._options.kms_key:
                encryption["SSEKMSKeyId"] = self._options.kms_key
        given = {"Bucket": self._bucket, "Key": key, "Body": body, "ContentType": content_type, **encryption}
        try:
            self._put_object(given)
        except AwsError as error:
            text = f"UNLOAD cannot write to s3://{self._bucket}/{self._folder}: {error.message}"
            raise ValidationException(text) from error
        return f"s3://{self._bucket}/{key}"
