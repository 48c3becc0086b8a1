"""aws_lambda, get_dynamodb, get_registry_data, get_secret, get_thing_shadow, machinelearning_predict.

They go through the external port of the environment. An argument that is Undefined (or of the wrong type) makes them
fail, as a call to the service with it would: the documented get_dynamodb with a missing key value fails.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from ..errors import FunctionFailed
from ..jsontext import from_outside, to_json
from ..message import Context
from ..values import UNDEFINED, Value, type_name
from .registry import V2015, V2016, function

MOST_CALLS = {"get_dynamodb": 1, "get_registry_data": 1, "decode": 2}
"""How often a statement or template may call them (decode: in the protobuf form)."""


def overuse(calls: Sequence[str]) -> str:
    """Which function these calls use too often, in a sentence; it ends the rule without actions, get_or_default or not."""
    for name, allowed in MOST_CALLS.items():
        if calls.count(name) > allowed:
            return f"{name} may be called {allowed} time{'s' * (allowed > 1)} at most, not {calls.count(name)} times"
    return ""


def _outside(context: Context, value: Any) -> Value:
    return from_outside(value, whole_numbers_are_ints=context.version != V2015)


def _text(function_name: str, parameter: str, value: Value) -> str:
    if type(value) is str and value:
        return value
    raise FunctionFailed(f"{function_name} failed: {parameter} is {type_name(value)}, and must be a String")


@function(in_context=True, external=True, star="document")
def aws_lambda(context: Context, function_arn: Value, payload: Value) -> Value:
    """The function's answer. AWS gives it 2000 ms; the port keeps the time."""
    arn = _text("aws_lambda", "functionArn", function_arn)
    if payload is UNDEFINED or type(payload) is bytes:
        raise FunctionFailed("aws_lambda failed: the input is not JSON")
    return _outside(context, context.environment.external.aws_lambda(arn, payload))


@function(since=V2016, in_context=True, external=True)
def get_dynamodb(context: Context, table: Value, name: Value, value: Value, *more: Value) -> Value:
    """The item with a partition key, or with a partition and a sort key; the role's ARN comes last."""
    if len(more) not in (1, 3):
        return UNDEFINED
    keys = [(name, value), more[:2]] if len(more) == 3 else [(name, value)]
    key: dict[str, Value] = {}
    for key_name, key_value in keys:
        if type(key_value) not in (str, int, Decimal):
            raise FunctionFailed(f"get_dynamodb failed: the value of key {key_name} is {type_name(key_value)}")
        key[_text("get_dynamodb", "the name of a key", key_name)] = key_value
    table_name, role = _text("get_dynamodb", "tableName", table), _text("get_dynamodb", "roleArn", more[-1])
    return _outside(context, context.environment.external.get_dynamodb(table_name, key, role))


@function(since=V2016, in_context=True, external=True)
def get_registry_data(context: Context, api: Value, thing: Value, role_arn: Value) -> Value:
    """What DescribeThing or ListThingGroupsForThing answers."""
    name, role = _text("get_registry_data", "thingName", thing), _text("get_registry_data", "roleArn", role_arn)
    return _outside(context, context.environment.external.get_registry_data(api, name, role))


@function(since=V2016, in_context=True, external=True)
def get_secret(context: Context, secret_id: Value, secret_type: Value, *more: Value) -> Value:
    """A secret's current value, or one key of a JSON secret; the role's ARN comes last."""
    if len(more) not in (1, 2):
        return UNDEFINED
    key = _text("get_secret", "key", more[0]) if len(more) == 2 else None
    if secret_type not in ("SecretString", "SecretBinary"):
        raise FunctionFailed("get_secret failed: secretType is SecretString or SecretBinary")
    if key is not None and secret_type == "SecretBinary":
        raise FunctionFailed("get_secret failed: a SecretBinary has no keys")
    name, role = _text("get_secret", "secretId", secret_id), _text("get_secret", "roleArn", more[-1])
    return _outside(context, context.environment.external.get_secret(name, secret_type, key, role))


@function(since=V2016, in_context=True, external=True)
def get_thing_shadow(context: Context, thing: Value, *more: Value) -> Value:
    """The classic shadow of a thing, or a named one; the role's ARN comes last."""
    if len(more) not in (1, 2):
        return UNDEFINED
    shadow = _text("get_thing_shadow", "shadowName", more[0]) if len(more) == 2 else None
    name, role = _text("get_thing_shadow", "thingName", thing), _text("get_thing_shadow", "roleArn", more[-1])
    return _outside(context, context.environment.external.get_thing_shadow(name, shadow, role))


@function(in_context=True, external=True, star="document")
def machinelearning_predict(context: Context, model: Value, role_arn: Value, record: Value) -> Value:
    """A prediction; the record is flattened: Arrays and Objects in it become their JSON text."""
    name, role = (
        _text("machinelearning_predict", "modelId", model),
        _text("machinelearning_predict", "roleArn", role_arn),
    )
    if type(record) is not dict:
        raise FunctionFailed(
            f"machinelearning_predict failed: the record is {type_name(record)}, and must be an Object"
        )
    flat = {key: to_json(value) if type(value) in (dict, list) else value for key, value in record.items()}
    return _outside(context, context.environment.external.machinelearning_predict(name, role, flat))
