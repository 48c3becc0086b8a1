"""Writes items into moto 5.2's DynamoDB in-process, with the key checks that PutItem makes."""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import ServiceException
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.responses import (
    validate_put_has_empty_attrs,
    validate_put_has_empty_keys,
    validate_put_has_gsi_keys_set_to_none,
)

from labcloud.errors import AwsError


def put_item(account_id: str, region: str, table_name: str, item: dict[str, Any]) -> None:
    """Stores an item. Raises AwsError as PutItem does: no such table, key missing, key of another type."""
    backend = dynamodb_backends[account_id][region]
    try:
        table = backend.get_table(table_name)
        for key in table.schema:
            _check_key(key["AttributeName"], table.attr, item)
        validate_put_has_empty_keys(item, table)
        validate_put_has_empty_attrs(item, table)
        validate_put_has_gsi_keys_set_to_none(item, table)
        backend.put_item(table_name, item, overwrite=True)
    except ServiceException as error:
        raise AwsError(str(error.message), code=error.code) from error


def get_item(account_id: str, region: str, table_name: str, key: dict[str, Any]) -> dict[str, Any] | None:
    """The item with that key in DynamoDB's typed form, or None. Raises AwsError if there is no such table."""
    try:
        found = dynamodb_backends[account_id][region].get_item(table_name, key)
    except ServiceException as error:
        raise AwsError(str(error.message), code=error.code) from error
    return found.to_json()["Attributes"] if found else None


def _check_key(name: str, attributes: list[dict[str, str]], item: dict[str, Any]) -> None:
    prefix = "One or more parameter values were invalid: "
    if name not in item:
        raise AwsError(f"{prefix}Missing the key {name} in the item", code="ValidationException")
    expected = next(a["AttributeType"] for a in attributes if a["AttributeName"] == name)
    [actual] = item[name]
    if actual != expected:
        message = f"{prefix}Type mismatch for key {name} expected: {expected} actual: {actual}"
        raise AwsError(message, code="ValidationException")
