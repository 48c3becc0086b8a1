"""Action dynamoDB: the whole result becomes one column beside the keys that the rule names.

Source: AWS IoT Core Developer Guide, "DynamoDB". The guide asks only for dynamodb:PutItem; UPDATE and DELETE here ask
for what they do, as DynamoDB itself would.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from labcloud.api import Scope
from labcloud.rules.actions.base import Action, ActionFailed, Result, chosen, invalid
from labcloud.rules.actions.dynamodbv2 import attribute_value
from labcloud.rules.deliveries import Need, Origin, Ports

OPERATIONS = ("INSERT", "UPDATE", "DELETE")
KEY_TYPES = ("STRING", "NUMBER")
PERMISSIONS = {"INSERT": "dynamodb:PutItem", "UPDATE": "dynamodb:UpdateItem", "DELETE": "dynamodb:DeleteItem"}
DEFAULT_PAYLOAD_FIELD = "payload"


@dataclass(frozen=True)
class ChangeItem:
    """Puts, updates or deletes the item with the given key (action dynamoDB)."""

    operation: str
    table: str
    key: dict[str, Any]
    columns: dict[str, Any]
    failed_action = "DynamoAction"

    @property
    def resource(self) -> str:
        return self.table

    @property
    def summary(self) -> str:
        return f"{PERMISSIONS[self.operation].split(':')[1]} in table {self.table}"

    def needs(self, scope: Scope) -> list[Need]:
        return [Need(PERMISSIONS[self.operation], scope.arn("dynamodb", f"table/{self.table}"))]

    def send(self, origin: Origin, ports: Ports) -> None:
        if self.operation == "INSERT":
            ports.put_item(origin.scope, self.table, {**self.columns, **self.key})
        elif self.operation == "UPDATE":
            ports.update_item(origin.scope, self.table, self.key, self.columns)
        else:
            ports.delete_item(origin.scope, self.table, self.key)


def column_of(payload: bytes) -> dict[str, Any]:
    """The payload's column: typed by its JSON, or binary if it is none.

    >>> column_of(b'{"a": 1.50}'), column_of(b'\\xff')
    ({'M': {'a': {'N': '1.50'}}}, {'B': '/w=='})
    """
    try:
        return attribute_value(json.loads(payload, parse_float=Decimal))
    except ValueError:
        return {"B": base64.b64encode(payload).decode()}


def plan(parameters: Mapping[str, Any], result: Result, scope: Scope) -> ChangeItem:
    """One change of one item."""
    operation = chosen("DynamoDB", "operation", parameters.get("operation") or "INSERT", OPERATIONS)
    key = {parameters["hashKeyField"]: _key(parameters, "hashKey")}
    if parameters.get("rangeKeyField"):
        key[parameters["rangeKeyField"]] = _key(parameters, "rangeKey")
    columns = {parameters.get("payloadField") or DEFAULT_PAYLOAD_FIELD: column_of(result.payload)}
    return ChangeItem(operation, parameters["tableName"], key, columns)


def _key(parameters: Mapping[str, Any], kind: str) -> dict[str, str]:
    key_type = chosen("DynamoDB", f"{kind}Type", parameters.get(f"{kind}Type") or "STRING", KEY_TYPES)
    value = str(parameters[f"{kind}Value"])
    if key_type == "STRING":
        return {"S": value}
    try:
        Decimal(value)
    except InvalidOperation as error:
        raise ActionFailed(f"The DynamoDB action's {kind}Value '{value}' is not a number.") from error
    return {"N": value}


def check(parameters: Mapping[str, Any]) -> None:
    """A range key has a field and a value."""
    if bool(parameters.get("rangeKeyField")) != bool(parameters.get("rangeKeyValue")):
        raise invalid("Action dynamoDB: rangeKeyField and rangeKeyValue go together.")


ACTION = Action(
    plan,
    ChangeItem.failed_action,
    required=("roleArn", "tableName", "hashKeyField", "hashKeyValue"),
    known=(
        *("roleArn", "tableName", "operation", "payloadField"),
        *("hashKeyField", "hashKeyType", "hashKeyValue", "rangeKeyField", "rangeKeyType", "rangeKeyValue"),
    ),
    choices={"operation": OPERATIONS, "hashKeyType": KEY_TYPES, "rangeKeyType": KEY_TYPES},
    check=check,
    quick=True,
)
