"""Which permissions an AWS API request needs: actions, resources and condition keys. The tables are in `permissions/`.

Resources are for the partition `aws`. An operation that no table knows is needed on `*`, so that a statement that is
limited to an ARN does not allow it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from labcloud.iam.context import Value
from labcloud.iam.permissions import PREFIXES, TABLES
from labcloud.iam.permissions.table import Needed, Request, Resolve, Table
from labcloud.iam.permissions.timestream import TABLES_READ

_READING = ("Get", "List", "Describe", "Delete", "Search", "Assume", "BatchGet", "Query", "Scan")
"""Operations that begin so pass no role."""
_PASSED_TO = {
    ("iot", "CreateRoleAlias"): "credentials.iot.amazonaws.com",
    ("iot", "UpdateRoleAlias"): "credentials.iot.amazonaws.com",
}
TimestreamTables = Callable[[str], Sequence[tuple[str, str]]] | Sequence[tuple[str, str]]
"""A query's (database, table) pairs, or a function that reads them from its SQL."""


def permissions_of(
    service: str,
    operation: str,
    parameters: Mapping[str, Any],
    region: str,
    account_id: str,
    *,
    resolve: Resolve | None = None,
    timestream_tables: TimestreamTables | None = None,
) -> list[Needed]:
    """Returns every permission that the request needs; all of them must be allowed.

    `resolve(kind, name)` tells what only the account's state knows, or None. Kinds: `secret`, `role`, `user`, `group`,
    `instance-profile`, `key` (name or alias to ARN), `dynamodb hash key` (table to attribute), `workgroup of query`.
    """
    table = TABLES.get(service) or Table(PREFIXES.get(service, service), rows={})
    request = Request(operation, parameters, region, account_id, _resolver(resolve, timestream_tables))
    needed = [*table.needed(request), *_tagging(table, request), *_passed_roles(table, service, request)]
    common = {
        "aws:RequestedRegion": region,
        **_tag_context(parameters),
        **(table.context(request) if table.context else {}),
    }
    return list(
        {
            (each.action, each.resource, str(each.context)): Needed(
                each.action, each.resource, {**common, **each.context}
            )
            for each in needed
        }.values()
    )


def _resolver(resolve: Resolve | None, timestream_tables: TimestreamTables | None) -> Resolve:
    def lookup(kind: str, name: str) -> str | None:
        if kind == TABLES_READ:
            if timestream_tables is None:
                return None
            pairs = timestream_tables(name) if callable(timestream_tables) else timestream_tables
            return ",".join(f"{database}.{table}" for database, table in pairs)
        return resolve(kind, name) if resolve else None

    return lookup


def _tags(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Reads tags in all their shapes: a list of keys and values, a map, S3's query text."""
    for name in ("Tags", "tags"):
        written = parameters.get(name)
        if isinstance(written, Mapping):
            return {str(key): str(value) for key, value in written.items()}
        if isinstance(written, list | tuple):
            pairs = [item for item in written if isinstance(item, Mapping)]
            return {str(_either(item, "Key", "key")): str(_either(item, "Value", "value")) for item in pairs}
    return {}


def _either(item: Mapping[str, Any], first: str, second: str) -> Any:
    return item.get(first, item.get(second, ""))


def _tag_context(parameters: Mapping[str, Any]) -> dict[str, Value]:
    tags = _tags(parameters)
    named = parameters.get("TagKeys") or parameters.get("tagKeys") or ()
    keys = [*tags, *(key for key in named if isinstance(key, str))]
    context: dict[str, Value] = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    return {**context, "aws:TagKeys": keys} if keys else context


def _tagging(table: Table, request: Request) -> Iterator[Needed]:
    """Creating something with tags needs the permission to tag it too."""
    creates = request.operation.startswith(("Create", "Put", "Import"))
    if table.prefix == "iam" and creates and _tags(request.parameters):
        yield from (
            Needed(f"iam:Tag{request.operation.removeprefix('Create')}", each.resource)
            for each in table.needed(request)
        )
    elif creates and table.tag_action and _tags(request.parameters):
        yield from (Needed(table.tag_action, each.resource) for each in table.needed(request)[:1])


def _passed_roles(table: Table, service: str, request: Request) -> Iterator[Needed]:
    if request.operation.startswith(_READING):
        return
    receiver = _PASSED_TO.get((service, request.operation)) or table.passes_role_to
    context = {"iam:PassedToService": receiver or f"{table.prefix}.amazonaws.com"}
    for written in dict.fromkeys(_roles_in(request.parameters)):
        if written.startswith("arn:"):
            arn: str | None = written
        else:
            arn = request.resolve("role", written) or f"arn:aws:iam::{request.account_id}:role/{written}"
        yield Needed("iam:PassRole", str(arn), context)


def _roles_in(value: Any) -> Iterator[str]:
    """Finds the roles that parameters name: `Role`, `roleArn`, `RoleARN`, `ExecutionRoleArn` …, at any depth."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            lower = str(name).lower()
            if isinstance(inner, str) and inner and (lower == "role" or lower.endswith("rolearn")):
                yield inner
            else:
                yield from _roles_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _roles_in(inner)
