"""Action dynamoDBv2: each top-level member of the result becomes a column.

Source: AWS IoT Core Developer Guide, "DynamoDBv2".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from labcloud.api import Scope
from labcloud.rules.actions.base import Action, ActionFailed, Result
from labcloud.rules.deliveries import Need, Origin, Ports


@dataclass(slots=True)
class PutItem:
    """Stores the result's members as an item's attributes (action dynamoDBv2)."""

    table: str
    item: dict[str, Any]
    failed_action: ClassVar[str] = "DynamoDBv2Action"

    @property
    def resource(self) -> str:
        return self.table

    @property
    def summary(self) -> str:
        return f"PutItem into table {self.table}"

    def needs(self, scope: Scope) -> list[Need]:
        return [Need("dynamodb:PutItem", scope.arn("dynamodb", f"table/{self.table}"))]

    def send(self, origin: Origin, ports: Ports) -> None:
        ports.put_item(origin.scope, self.table, self.item)


def attribute_value(value: Any) -> dict[str, Any]:
    """A JSON value in DynamoDB's typed form; the type follows the JSON value.

    >>> attribute_value({"a": [1, "x", None, True]})
    {'M': {'a': {'L': [{'N': '1'}, {'S': 'x'}, {'NULL': True}, {'BOOL': True}]}}}
    """
    if isinstance(value, str):
        return {"S": value}
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, (int, float, Decimal)):
        return {"N": str(value)}
    if isinstance(value, list):
        return {"L": [attribute_value(member) for member in value]}
    return {"M": {str(key): attribute_value(member) for key, member in value.items()}}


def plan(parameters: Mapping[str, Any], result: Result, scope: Scope) -> PutItem:
    """One item from the result's members."""
    if not isinstance(result.value, dict):
        raise ActionFailed("The DynamoDBv2 action needs a JSON object as the rule's result.")
    item = {key: {"S": v} if type(v) is str else attribute_value(v) for key, v in result.value.items()}
    return PutItem(parameters["putItem"]["tableName"], item)


ACTION = Action(
    plan,
    PutItem.failed_action,
    required=("roleArn", "putItem.tableName"),
    known=("roleArn", "putItem"),
    quick=True,
)
