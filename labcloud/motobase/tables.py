"""Writes items into moto 5.2's DynamoDB in-process, with the key checks that PutItem makes."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import (
    validate_put_has_empty_attrs,
    validate_put_has_empty_keys,
    validate_put_has_gsi_keys_set_to_none,
)

from labcloud.errors import AwsError
from labcloud.motobase.items import put_plain
from labcloud.motobase.refusals import as_aws_errors

MOST_DIGITS = 38
"""Of a number (Developer Guide, "Supported data types and naming rules in Amazon DynamoDB"); moto takes any."""


def put_item(account_id: str, region: str, table_name: str, item: dict[str, Any]) -> None:
    """Stores an item. Raises AwsError as PutItem does: no such table, key missing, key of another type."""
    known = _known_table(account_id, region, table_name)
    if known is not None and put_plain(known, item):
        return
    _check_digits(item)
    backend = dynamodb_backends[account_id][region]
    with as_aws_errors():
        table = backend.get_table(table_name)
        for key in table.schema:
            _check_key(key["AttributeName"], table.attr, item)
        validate_put_has_empty_keys(item, table)
        validate_put_has_empty_attrs(item, table)
        validate_put_has_gsi_keys_set_to_none(item, table)
        backend.put_item(table_name, item, overwrite=True)


def update_item(account_id: str, region: str, table_name: str, key: dict[str, Any], changes: dict[str, Any]) -> None:
    """Sets attributes of the item with that key, which is made if it is not there. Raises AwsError."""
    names = {f"#n{number}": name for number, name in enumerate(changes)}
    values = {f":v{number}": value for number, value in enumerate(changes.values())}
    expression = "SET " + ", ".join(f"#n{number} = :v{number}" for number in range(len(changes)))
    backend = dynamodb_backends[account_id][region]
    with as_aws_errors():
        _check_whole_key(backend.get_table(table_name), key)
        backend.update_item(table_name, key, expression, names, values)


def delete_item(account_id: str, region: str, table_name: str, key: dict[str, Any]) -> None:
    """Deletes the item with that key, if there is one. Raises AwsError."""
    backend = dynamodb_backends[account_id][region]
    with as_aws_errors():
        _check_whole_key(backend.get_table(table_name), key)
        backend.delete_item(table_name, key)


def get_item(account_id: str, region: str, table_name: str, key: dict[str, Any]) -> dict[str, Any] | None:
    """The item with that key in DynamoDB's typed form, or None. Raises AwsError: no such table, not its key."""
    backend = dynamodb_backends[account_id][region]
    with as_aws_errors():
        _check_whole_key(backend.get_table(table_name), key)
        found = backend.get_item(table_name, key)
    return found.to_json()["Attributes"] if found else None


def _known_table(account_id: str, region: str, name: str) -> Table | None:
    """A table that was used before, found without waking anything up."""
    regions = dict.get(dynamodb_backends, account_id)
    backend = dict.get(regions, region) if regions is not None else None
    table: Table | None = backend.tables.get(name) if backend is not None else None
    return table


def _check_digits(item: dict[str, Any]) -> None:
    for text in _numbers({"M": item}):
        try:
            digits = "".join(map(str, Decimal(text).as_tuple().digits))
        except InvalidOperation:
            continue  # moto says so
        if len(digits.strip("0")) > MOST_DIGITS:
            message = f"Attempting to store more than {MOST_DIGITS} significant digits in a Number"
            raise AwsError(message, code="ValidationException")


def _numbers(typed: dict[str, Any]) -> Iterator[str]:
    """Every number in a value, however deep."""
    [(kind, value)] = typed.items()
    if kind == "N":
        yield value
    elif kind in ("M", "L"):
        for member in value.values() if kind == "M" else value:
            yield from _numbers(member)


def _check_whole_key(table: Any, key: dict[str, Any]) -> None:
    wanted = {part["AttributeName"] for part in table.schema}
    if set(key) != wanted:
        raise AwsError("The provided key element does not match the schema", code="ValidationException")
    for name in wanted:
        _check_key(name, table.attr, key)


def _check_key(name: str, attributes: list[dict[str, str]], item: dict[str, Any]) -> None:
    prefix = "One or more parameter values were invalid: "
    if name not in item:
        raise AwsError(f"{prefix}Missing the key {name} in the item", code="ValidationException")
    expected = next(a["AttributeType"] for a in attributes if a["AttributeName"] == name)
    [actual] = item[name]
    if actual != expected:
        message = f"{prefix}Type mismatch for key {name} expected: {expected} actual: {actual}"
        raise AwsError(message, code="ValidationException")
