"""The operations of timestream-write: databases, tables, tags and WriteRecords."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from labcloud.api import ApiRequest, Operation
from labcloud.timestream.catalog import Database, Table
from labcloud.timestream.errors import (
    ConflictException,
    RejectedRecordsException,
    ResourceNotFoundException,
    ServiceQuotaExceededException,
    ValidationException,
)
from labcloud.timestream.records import parse_records
from labcloud.timestream.store import Store

MAX_DATABASES, MAX_TABLES, MAX_TAGS = 500, 50_000, 200
MEMORY_HOURS, MAGNETIC_DAYS = (1, 8766), (1, 73_000)
DEFAULT_RETENTION = {"MemoryStoreRetentionPeriodInHours": 6, "MagneticStoreRetentionPeriodInDays": 73_000}
PAGE = 20
_NAME = re.compile(r"[a-zA-Z0-9_.-]{3,256}")
R = TypeVar("R", Database, Table)


class TimestreamWrite:
    """Serves the control plane and WriteRecords."""

    name = "timestream-write"

    def __init__(
        self, store_of: Callable[[str, str], Store], now: Callable[[], float], describe_endpoints: Operation
    ) -> None:
        self._store_of = store_of
        self._now = now
        self.operations: Mapping[str, Operation] = {
            "CreateDatabase": self.create_database,
            "DescribeDatabase": self.describe_database,
            "UpdateDatabase": self.update_database,
            "DeleteDatabase": self.delete_database,
            "ListDatabases": self.list_databases,
            "CreateTable": self.create_table,
            "DescribeTable": self.describe_table,
            "UpdateTable": self.update_table,
            "DeleteTable": self.delete_table,
            "ListTables": self.list_tables,
            "WriteRecords": self.write_records,
            "DescribeEndpoints": describe_endpoints,
            "TagResource": self.tag_resource,
            "UntagResource": self.untag_resource,
            "ListTagsForResource": self.list_tags_for_resource,
        }

    def _store(self, request: ApiRequest) -> Store:
        return self._store_of(request.account_id, request.region)

    # -- databases

    def create_database(self, request: ApiRequest) -> dict[str, Any]:
        given, store = request.parameters, self._store(request)
        name = _checked_name(given["DatabaseName"])
        with store.lock:
            databases = store.catalog.databases
            if name in databases:
                raise ConflictException(f"A database with the name {name} already exists.")
            if len(databases) >= MAX_DATABASES:
                raise ServiceQuotaExceededException(f"The account has {MAX_DATABASES} databases already.")
            arn = request.scope.arn("timestream", f"database/{name}")
            now = self._now()
            key = _kms_key_arn(given.get("KmsKeyId"), request)
            databases[name] = Database(name, arn, key, now, now, _tags(given))
            store.save_catalog()
            return {"Database": _database_member(databases[name])}

    def describe_database(self, request: ApiRequest) -> dict[str, Any]:
        store = self._store(request)
        with store.lock:
            return {"Database": _database_member(find_database(store, request.parameters["DatabaseName"]))}

    def update_database(self, request: ApiRequest) -> dict[str, Any]:
        store = self._store(request)
        with store.lock:
            database = find_database(store, request.parameters["DatabaseName"])
            database.kms_key_id = _kms_key_arn(request.parameters["KmsKeyId"], request)
            database.updated_s = self._now()
            store.save_catalog()
            return {"Database": _database_member(database)}

    def delete_database(self, request: ApiRequest) -> dict[str, Any]:
        store = self._store(request)
        with store.lock:
            database = find_database(store, request.parameters["DatabaseName"])
            if database.tables:
                raise ValidationException(
                    f"The database {database.name} cannot be deleted because it contains tables. Delete them first."
                )
            del store.catalog.databases[database.name]
            store.save_catalog()
        return {}

    def list_databases(self, request: ApiRequest) -> dict[str, Any]:
        store = self._store(request)
        with store.lock:
            listed, token = _page(sorted(store.catalog.databases.values(), key=lambda d: d.name), request.parameters)
            return {"Databases": [_database_member(database) for database in listed], **token}

    # -- tables

    def create_table(self, request: ApiRequest) -> dict[str, Any]:
        given, store = request.parameters, self._store(request)
        name = _checked_name(given["TableName"])
        with store.lock:
            database = find_database(store, given["DatabaseName"])
            if name in database.tables:
                raise ConflictException(f"A table with the name {name} already exists in the database {database.name}.")
            if len(store.catalog.tables()) >= MAX_TABLES:
                raise ServiceQuotaExceededException(f"The account has {MAX_TABLES} tables already.")
            memory, magnetic = _retention(given.get("RetentionProperties") or DEFAULT_RETENTION)
            now = self._now()
            database.tables[name] = Table(
                database.name, name, f"{database.arn}/table/{name}", store.catalog.take_number(), now, now, memory,
                magnetic, _magnetic_writes(given), _schema(given), _tags(given),
            )  # fmt: skip
            store.save_catalog()
            return {"Table": _table_member(database.tables[name])}

    def describe_table(self, request: ApiRequest) -> dict[str, Any]:
        store = self._store(request)
        with store.lock:
            return {"Table": _table_member(find_table(store, request.parameters))}

    def update_table(self, request: ApiRequest) -> dict[str, Any]:
        given, store = request.parameters, self._store(request)
        with store.lock:
            table = find_table(store, given)
            if "RetentionProperties" in given:
                table.memory_hours, table.magnetic_days = _retention(given["RetentionProperties"])
            if "MagneticStoreWriteProperties" in given:
                table.magnetic_writes = _magnetic_writes(given)
            if "Schema" in given:
                table.schema = _updated_schema(table, _schema(given))
                store.schema_changed(table)
            table.updated_s = self._now()
            store.save_catalog()
            return {"Table": _table_member(table)}

    def delete_table(self, request: ApiRequest) -> dict[str, Any]:
        store = self._store(request)
        with store.lock:
            table = find_table(store, request.parameters)
            del store.catalog.databases[table.database].tables[table.name]
            store.save_catalog()
            store.drop_rows(table)
        return {}

    def list_tables(self, request: ApiRequest) -> dict[str, Any]:
        given, store = request.parameters, self._store(request)
        with store.lock:
            name = given.get("DatabaseName")
            tables = list(find_database(store, name).tables.values()) if name else store.catalog.tables()
            listed, token = _page(sorted(tables, key=lambda t: (t.database, t.name)), given)
            return {"Tables": [_table_member(table) for table in listed], **token}

    # -- records

    def write_records(self, request: ApiRequest) -> dict[str, Any]:
        given = request.parameters
        store = self._store(request)
        return {"RecordsIngested": ingest(store, given, given["Records"], given.get("CommonAttributes"))}

    # -- tags

    def tag_resource(self, request: ApiRequest) -> dict[str, Any]:
        store = self._store(request)
        with store.lock:
            resource = _resource(store, request.parameters["ResourceARN"])
            tags = {**resource.tags, **_tags(request.parameters)}
            if len(tags) > MAX_TAGS:
                raise ServiceQuotaExceededException(f"A resource has at most {MAX_TAGS} tags.")
            resource.tags = tags
            store.save_catalog()
        return {}

    def untag_resource(self, request: ApiRequest) -> dict[str, Any]:
        store = self._store(request)
        with store.lock:
            resource = _resource(store, request.parameters["ResourceARN"])
            for key in request.parameters["TagKeys"]:
                resource.tags.pop(key, None)
            store.save_catalog()
        return {}

    def list_tags_for_resource(self, request: ApiRequest) -> dict[str, Any]:
        store = self._store(request)
        with store.lock:
            resource = _resource(store, request.parameters["ResourceARN"])
            return {"Tags": [{"Key": key, "Value": value} for key, value in resource.tags.items()]}


def ingest(
    store: Store, where: Mapping[str, Any], records: Sequence[Mapping[str, Any]], common: Mapping[str, Any] | None
) -> dict[str, int]:
    """Writes records into a table; RejectedRecordsException names those that were not, the others are written."""
    points = parse_records(records, common)
    with store.lock:
        memory, magnetic, rejected = store.write(find_table(store, where), points)
    if rejected:
        raise RejectedRecordsException([rejection.as_member(index) for index, rejection in rejected.items()])
    return {"Total": memory + magnetic, "MemoryStore": memory, "MagneticStore": magnetic}


def find_database(store: Store, name: str) -> Database:
    database = store.catalog.databases.get(name)
    if database is None:
        raise ResourceNotFoundException(f"The database {name} does not exist.")
    return database


def find_table(store: Store, where: Mapping[str, Any]) -> Table:
    """The table named by DatabaseName and TableName."""
    table = find_database(store, where["DatabaseName"]).tables.get(where["TableName"])
    if table is None:
        raise ResourceNotFoundException(f"The table {where['TableName']} does not exist.")
    return table


def _resource(store: Store, arn: str) -> Database | Table:
    resources: Iterator[Database | Table] = iter((*store.catalog.databases.values(), *store.catalog.tables()))
    for resource in resources:
        if resource.arn == arn:
            return resource
    raise ResourceNotFoundException(f"The resource with the ARN {arn} does not exist.")


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValidationException(
            f"Invalid name: {name}. Names have 3 to 256 characters out of letters, digits and _ . -"
        )
    return name


def _kms_key_arn(key: str | None, request: ApiRequest) -> str:
    """The key's ARN; the service's own key by default. API reference, CreateDatabase: id, ARN or alias."""
    if key is None:
        key = "alias/aws/timestream"
    if key.startswith("arn:"):
        return key
    return request.scope.arn("kms", key if key.startswith("alias/") else f"key/{key}")


def _tags(given: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in given.get("Tags") or ()}


def _retention(given: Mapping[str, Any]) -> tuple[int, int]:
    memory, magnetic = given["MemoryStoreRetentionPeriodInHours"], given["MagneticStoreRetentionPeriodInDays"]
    for name, value, (low, high) in (
        ("MemoryStoreRetentionPeriodInHours", memory, MEMORY_HOURS),
        ("MagneticStoreRetentionPeriodInDays", magnetic, MAGNETIC_DAYS),
    ):
        if not low <= value <= high:
            raise ValidationException(f"{name} must be between {low} and {high}, not {value}.")
    return memory, magnetic


def _magnetic_writes(given: Mapping[str, Any]) -> dict[str, Any]:
    return dict(given.get("MagneticStoreWriteProperties") or {"EnableMagneticStoreWrites": False})


def _schema(given: Mapping[str, Any]) -> dict[str, Any]:
    """Developer guide, "Customer-defined partition keys": one key, by default the measure name."""
    keys = (given.get("Schema") or {}).get("CompositePartitionKey") or [{"Type": "MEASURE"}]
    if len(keys) != 1:
        raise ValidationException("CompositePartitionKey has exactly one key.")
    if keys[0]["Type"] == "DIMENSION" and not keys[0].get("Name"):
        raise ValidationException("A partition key of type DIMENSION needs a name.")
    if keys[0]["Type"] == "MEASURE" and (keys[0].get("Name") or keys[0].get("EnforcementInRecord")):
        raise ValidationException("A partition key of type MEASURE takes neither a name nor an enforcement level.")
    return {"CompositePartitionKey": [dict(key) for key in keys]}


def _updated_schema(table: Table, schema: dict[str, Any]) -> dict[str, Any]:
    """Only the enforcement level of the key may change after creation."""
    old, new = table.schema["CompositePartitionKey"][0], schema["CompositePartitionKey"][0]
    if (old["Type"], old.get("Name")) != (new["Type"], new.get("Name")):
        raise ValidationException("The partition key of a table cannot be changed after its creation.")
    return schema


def _page(items: list[R], given: Mapping[str, Any]) -> tuple[list[R], dict[str, str]]:
    """A page of a listing; the token is the position of the next item."""
    token, size = given.get("NextToken") or "0", given.get("MaxResults") or PAGE
    if not token.isdecimal() or not 1 <= size <= PAGE:
        raise ValidationException(f"Invalid NextToken, or MaxResults is not between 1 and {PAGE}.")
    start = int(token)
    following = {"NextToken": str(start + size)} if start + size < len(items) else {}
    return items[start : start + size], following


def _database_member(database: Database) -> dict[str, Any]:
    return {
        "Arn": database.arn, "DatabaseName": database.name, "TableCount": len(database.tables),
        "KmsKeyId": database.kms_key_id, "CreationTime": database.created_s, "LastUpdatedTime": database.updated_s,
    }  # fmt: skip


def _table_member(table: Table) -> dict[str, Any]:
    return {
        "Arn": table.arn,
        "DatabaseName": table.database,
        "TableName": table.name,
        "TableStatus": "ACTIVE",
        "RetentionProperties": {
            "MemoryStoreRetentionPeriodInHours": table.memory_hours,
            "MagneticStoreRetentionPeriodInDays": table.magnetic_days,
        },
        "CreationTime": table.created_s,
        "LastUpdatedTime": table.updated_s,
        "MagneticStoreWriteProperties": table.magnetic_writes,
        "Schema": table.schema,
    }
