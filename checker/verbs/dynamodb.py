"""DynamoDB: a table's key, and the items that are, or are not, in it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

from checker.checks.expectation import NotAvailable
from checker.errors import LabError
from checker.target import Target
from checker.verbs.aws import all_pages, aws_answers, found_or_none
from checker.verbs.wait import poll

ITEM_WITHIN_S = 8.0
ITEM_WITHIN_S_ON_AWS = 30.0
SETTLED_S = 0.3
"""Enough after the cloud has said that everything is done."""


@dataclass(frozen=True)
class Table:
    """A table and its key, for example {"id": "S"}."""

    name: str
    arn: str
    hash_key: str
    hash_key_type: str
    range_key: str | None

    @property
    def key(self) -> str:
        """The key as text."""
        if self.range_key:
            return f"hash key {self.hash_key} ({self.hash_key_type}), range key {self.range_key}"
        return f"hash key {self.hash_key} ({self.hash_key_type})"


class DynamoDbVerbs:
    """Looks into tables."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._within_s = ITEM_WITHIN_S_ON_AWS if target.is_aws else ITEM_WITHIN_S

    def table(self, name: str) -> Table | None:
        """The table of this name, or None."""
        found = found_or_none(self._target.client("dynamodb").describe_table, TableName=name)
        if found is None:
            return None
        keys = {key["KeyType"]: key["AttributeName"] for key in found["Table"]["KeySchema"]}
        types = {a["AttributeName"]: a["AttributeType"] for a in found["Table"]["AttributeDefinitions"]}
        return Table(name, found["Table"]["TableArn"], keys["HASH"], types[keys["HASH"]], keys.get("RANGE"))

    def describe(self, name: str) -> str:
        """The key of the table of this name as text, or which tables there are instead."""
        if table := self.table(name):
            return table.key
        others = all_pages(self._target.client("dynamodb"), "list_tables", "TableNames")
        return f"no table of this name; the tables are: {', '.join(others) or 'none'}"

    def items(self, name: str, reading_id: str) -> list[dict[str, Any]]:
        """The items whose column `id` is the reading's, whatever the table's key is."""
        table = self.table(name)
        if table is None:
            return []
        client = self._target.client("dynamodb")
        if table.key == "hash key id (S)":
            found = client.get_item(TableName=name, Key={"id": {"S": reading_id}}, ConsistentRead=True)
            raw = [found["Item"]] if "Item" in found else []
        else:
            raw = all_pages(
                client, "scan", "Items", TableName=name, FilterExpression="#id = :id", ConsistentRead=True,
                ExpressionAttributeNames={"#id": "id"}, ExpressionAttributeValues={":id": {"S": reading_id}},
            )  # fmt: skip
        return [{column: plain(value) for column, value in item.items()} for item in raw]

    def delete_items(self, name: str, reading_ids: Iterable[str]) -> None:
        """Deletes the items of readings; a table that is not there or has another key keeps what it has."""
        with contextlib.suppress(ClientError, NotAvailable, LabError), aws_answers():
            table = self.table(name)
            for reading_id in reading_ids if table and table.key == "hash key id (S)" else ():
                self._target.client("dynamodb").delete_item(TableName=name, Key={"id": {"S": reading_id}})

    def wait_for_items(self, name: str, reading_id: str, within_s: float | None = None) -> list[dict[str, Any]]:
        """The items of a reading, as soon as there is one; an empty list after the deadline."""
        settled = self._target.settle()
        return poll(
            lambda: self.items(name, reading_id), within_s=within_s or (SETTLED_S if settled else self._within_s)
        )


def plain(value: dict[str, Any]) -> Any:
    """A DynamoDB value as Python has it; numbers become int or float."""
    return _plain(TypeDeserializer().deserialize(value))


def _plain(found: Any) -> Any:
    if isinstance(found, dict):
        return {name: _plain(value) for name, value in found.items()}
    if isinstance(found, list):
        return [_plain(value) for value in found]
    if isinstance(found, Decimal):
        return int(found) if found == found.to_integral_value() else float(found)
    return found
