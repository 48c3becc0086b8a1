"""Glue's catalogue and S3's objects in moto 5.2, as Athena reads and writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from moto.athena.models import athena_backends
from moto.glue.models import glue_backends
from moto.s3.models import s3_backends

from labcloud.api import Scope
from labcloud.errors import AwsError
from labcloud.motobase import on_demand
from labcloud.motobase.refusals import as_aws_errors


@dataclass(frozen=True)
class StoredTable:
    """A table with its partitions, all in the API's form."""

    database: str
    name: str
    definition: Mapping[str, Any]
    partitions: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class ObjectFacts:
    """An S3 object without its bytes."""

    key: str
    size: int


@dataclass(frozen=True)
class WorkGroupFacts:
    """What a work group says about queries."""

    name: str
    enabled: bool
    configuration: Mapping[str, Any]


# -- the catalogue


def databases(scope: Scope) -> list[str]:
    return sorted(_glue(scope).databases)


def table_names(scope: Scope, database: str) -> list[str]:
    """Raises AwsError EntityNotFoundException for a database that does not exist."""
    with as_aws_errors():
        return sorted(table.name for table in _glue(scope).get_tables(database, None))


def table(scope: Scope, database: str, name: str) -> StoredTable | None:
    """A table; None if there is none."""
    found = _glue(scope).databases.get(database)
    stored = found.tables.get(name) if found else None
    if stored is None:
        return None
    partitions = tuple(partition.as_dict() for partition in stored.partitions.values())
    return StoredTable(database, name, stored.get_version(str(stored._current_version)), partitions)


def create_database(scope: Scope, name: str, location: str | None) -> None:
    """Raises AwsError AlreadyExistsException."""
    with as_aws_errors():
        _glue(scope).create_database(name, {"Name": name, **({"LocationUri": location} if location else {})}, [])


def drop_database(scope: Scope, name: str) -> None:
    with as_aws_errors():
        _glue(scope).delete_database(name)


def create_table(scope: Scope, database: str, name: str, definition: Mapping[str, Any]) -> None:
    """Raises AwsError AlreadyExistsException, EntityNotFoundException."""
    with as_aws_errors():
        _glue(scope).create_table(database, name, dict(definition))


def drop_table(scope: Scope, database: str, name: str) -> None:
    with as_aws_errors():
        _glue(scope).delete_table(database, name)


def add_partition(scope: Scope, database: str, name: str, partition: Mapping[str, Any]) -> None:
    """Raises AwsError AlreadyExistsException."""
    with as_aws_errors():
        _glue(scope).get_table(database, name).create_partition(dict(partition))


def drop_partition(scope: Scope, database: str, name: str, values: list[str]) -> None:
    """Raises AwsError EntityNotFoundException."""
    with as_aws_errors():
        _glue(scope).get_table(database, name).delete_partition(values)


# -- objects


def has_bucket(scope: Scope, bucket: str) -> bool:
    return bucket in s3_backends[scope.account_id]["aws"].buckets


def objects_below(scope: Scope, bucket: str, prefix: str) -> Iterator[ObjectFacts]:
    """The newest objects whose keys begin with the prefix, in the order of their keys. Raises AwsError NoSuchBucket."""
    backend = s3_backends[scope.account_id]["aws"]
    if bucket not in backend.buckets:
        raise AwsError(f"The specified bucket does not exist: {bucket}", code="NoSuchBucket", status=404)
    for key in sorted(backend.buckets[bucket].keys):
        if key.startswith(prefix):
            found = backend.get_object(bucket, key)
            if found is not None:
                yield ObjectFacts(key, int(found.size))


# -- work groups


def work_group(scope: Scope, name: str) -> WorkGroupFacts | None:
    """None: there is no such work group."""
    on_demand.install_for("athena")
    group = athena_backends[scope.account_id][scope.region].work_groups.get(name)
    return None if group is None else WorkGroupFacts(name, group.state != "DISABLED", group.configuration or {})


def _glue(scope: Scope) -> Any:
    on_demand.install_for("glue")
    return glue_backends[scope.account_id][scope.region]
