"""DynamoDB and its streams. Source: Service Authorization Reference, "Amazon DynamoDB"."""

from __future__ import annotations

import re
from collections.abc import Mapping

from labcloud.iam.context import Value
from labcloud.iam.permissions.table import Needed, Request, Table, expand

_TRANSACT = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}
_PARTIQL = re.compile(
    r"""\s*(?:(select)\b.*?\bfrom|(insert)\s+into|(update)|(delete)\s+from)\s+"?([\w.:/-]+)"?(?:\."?([\w.-]+)"?)?""",
    re.IGNORECASE | re.DOTALL,
)


def _table(request: Request, name: str) -> str:
    return name if name.startswith("arn:") else request.arn("dynamodb", f"table/{name}")


def _read(request: Request) -> list[Needed]:
    """Query and Scan of an index need the permission on the index only."""
    index = "/index/{IndexName}" if request.text("IndexName") else ""
    resources = expand("table/{TableName}" + index, request, "dynamodb")
    return [Needed(f"dynamodb:{request.operation}", resource) for resource in resources]


def _batch(request: Request) -> list[Needed]:
    tables = request.parameters.get("RequestItems") or {}
    return [Needed(f"dynamodb:{request.operation}", _table(request, name)) for name in tables]


def _transaction(request: Request) -> list[Needed]:
    needed = [
        Needed(f"dynamodb:{_TRANSACT[kind]}", _table(request, part["TableName"]), _leading_key(request, part))
        for item in request.parameters.get("TransactItems") or ()
        for kind, part in item.items()
        if kind in _TRANSACT and isinstance(part, Mapping) and "TableName" in part
    ]
    return list({(each.action, each.resource, str(each.context)): each for each in needed}.values())


def _partiql(request: Request) -> list[Needed]:
    one = [request.text("Statement")] if request.text("Statement") else []
    listed = request.parameters.get("Statements") or request.parameters.get("TransactStatements") or ()
    needed = []
    for text in [*one, *(item["Statement"] for item in listed)]:
        found = _PARTIQL.match(text)
        if not found:
            needed.append(Needed("dynamodb:PartiQLSelect", "*"))
            continue
        verb = next(word for word in found.groups()[:4] if word)
        index = f"/index/{found[6]}" if found[6] else ""
        needed.append(Needed(f"dynamodb:PartiQL{verb.capitalize()}", _table(request, found[5]) + index))
    return needed


def _leading_key(request: Request, part: Mapping[str, object]) -> Mapping[str, Value]:
    hash_key = request.resolve("dynamodb hash key", str(part.get("TableName", "")))
    keys = part.get("Key") or part.get("Item")
    value = keys.get(hash_key) if hash_key and isinstance(keys, Mapping) else None
    return {"dynamodb:LeadingKeys": [str(next(iter(value.values())))]} if isinstance(value, Mapping) and value else {}


def _context(request: Request) -> Mapping[str, Value]:
    given = request.parameters
    context = dict(_leading_key(request, given))
    names: set[str] = set(given.get("AttributesToGet") or ()) | set(
        (given.get("ExpressionAttributeNames") or {}).values()
    )
    for holder in ("Item", "Key"):
        names |= set(given.get(holder) or ())
    if names:
        context["dynamodb:Attributes"] = sorted(names)
    for key in ("Select", "ReturnValues", "ReturnConsumedCapacity"):
        if request.text(key):
            context[f"dynamodb:{key}"] = request.text(key)
    return context


DYNAMODB = Table(
    prefix="dynamodb",
    rows={
        "table/{TableName}": (
            "GetItem PutItem UpdateItem DeleteItem CreateTable DescribeTable UpdateTable DeleteTable "
            "DescribeTimeToLive UpdateTimeToLive DescribeContinuousBackups UpdateContinuousBackups CreateBackup "
            "DescribeKinesisStreamingDestination EnableKinesisStreamingDestination DisableKinesisStreamingDestination "
            "UpdateKinesisStreamingDestination DescribeTableReplicaAutoScaling UpdateTableReplicaAutoScaling "
            "DescribeContributorInsights UpdateContributorInsights"
        ),
        "{TableArn}": "ExportTableToPointInTime",
        "{BackupArn}": "DescribeBackup DeleteBackup",
        "{ExportArn}": "DescribeExport",
        "{ResourceArn}": "TagResource UntagResource ListTagsOfResource GetResourcePolicy PutResourcePolicy DeleteResourcePolicy",
        "table/{TargetTableName}": "RestoreTableFromBackup RestoreTableToPointInTime",
        "table/{TableCreationParameters.TableName}": "ImportTable",
        "*": "ListTables ListBackups ListExports ListImports ListContributorInsights ListGlobalTables DescribeLimits DescribeEndpoints",
    },
    special={
        "Query": _read,
        "Scan": _read,
        "BatchGetItem": _batch,
        "BatchWriteItem": _batch,
        "TransactGetItems": _transaction,
        "TransactWriteItems": _transaction,
        "ExecuteStatement": _partiql,
        "BatchExecuteStatement": _partiql,
        "ExecuteTransaction": _partiql,
    },
    tag_action="dynamodb:TagResource",
    context=_context,
)


def _records(request: Request) -> list[Needed]:
    """A shard iterator begins with the ARN of its stream."""
    stream = request.text("ShardIterator").partition("|")[0]
    return [Needed("dynamodb:GetRecords", stream if stream.startswith("arn:") else request.arn("dynamodb", "table/*"))]


STREAMS = Table(
    prefix="dynamodb",
    rows={"{StreamArn}": "DescribeStream GetShardIterator", "*": "ListStreams"},
    special={"GetRecords": _records},
)
