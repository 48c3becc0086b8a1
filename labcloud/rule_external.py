"""IoT SQL's external functions against this cloud's services, with the permissions that AWS asks for.

Source: AWS IoT Core Developer Guide, "Functions". A refusal or a missing thing fails the rule (FunctionFailed).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from labcloud.api import Scope
from labcloud.awslambda.service import Functions
from labcloud.errors import AwsError
from labcloud.iotsql import FunctionFailed, to_json
from labcloud.motobase import lookups, tables
from labcloud.roles import Roles
from labcloud.rules.actions.dynamodbv2 import attribute_value
from labcloud.rules.dispatcher import Refused
from labcloud.shadows import ShadowError, Shadows

SERVED = frozenset({"aws_lambda", "get_dynamodb", "get_thing_shadow", "get_secret", "get_registry_data", "decode"})
LAMBDA_LIMIT_MS = 2000


class RuleExternal:
    """The External port of one account and region."""

    def __init__(self, scope: Scope, roles: Roles, functions: Functions, shadows: Shadows) -> None:
        self._scope = scope
        self._roles = roles
        self._functions = functions
        self._shadows = shadows

    def aws_lambda(self, function_arn: str, payload: Any) -> Any:
        """Invokes the function and waits for its answer, at most LAMBDA_LIMIT_MS."""
        body = to_json(payload).encode()
        source = self._scope.arn("iot", "rule/*")
        result = self._try(
            "aws_lambda", lambda: self._functions.call_by_service(self._scope, function_arn, body, source)
        )
        if result.function_error:
            raise FunctionFailed(f"aws_lambda: {function_arn} failed: {result.payload.decode(errors='replace')}")
        if result.duration_ms > LAMBDA_LIMIT_MS:
            raise FunctionFailed(f"aws_lambda: {function_arn} took {result.duration_ms:.0f} ms; the limit is 2000 ms")
        return json.loads(result.payload or b"null")

    def get_dynamodb(self, table: str, key: Mapping[str, Any], role_arn: str) -> Any:
        """The item with that key, as plain JSON."""
        self._require("get_dynamodb", role_arn, "dynamodb:GetItem", self._scope.arn("dynamodb", f"table/{table}"))
        typed = {name: attribute_value(value) for name, value in key.items()}
        place = self._scope.account_id, self._scope.region
        item = self._try("get_dynamodb", lambda: tables.get_item(*place, table, typed))
        if item is None:
            raise FunctionFailed(f"get_dynamodb: table {table} has no item with the key {dict(key)}")
        return {name: _plain(value) for name, value in item.items()}

    def get_thing_shadow(self, thing: str, shadow: str | None, role_arn: str) -> Any:
        """The shadow's document."""
        resource = self._scope.arn("iot", f"thing/{thing}" if shadow is None else f"thing/{thing}/{shadow}")
        self._require("get_thing_shadow", role_arn, "iot:GetThingShadow", resource)
        try:
            return self._shadows.get(self._scope, thing, shadow)
        except ShadowError as error:
            raise FunctionFailed(f"get_thing_shadow: {error.message}") from error

    def get_secret(self, secret_id: str, secret_type: str, key: str | None, role_arn: str) -> Any:
        """The secret's current value, or one key of a JSON secret."""
        resource = (
            secret_id if secret_id.startswith("arn:") else self._scope.arn("secretsmanager", f"secret:{secret_id}*")
        )
        for action in ("secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"):
            self._require("get_secret", role_arn, action, resource)
        place = self._scope.account_id, self._scope.region
        secret = self._try("get_secret", lambda: lookups.read_secret(*place, secret_id))
        value = secret.get(secret_type)
        if value is None:
            raise FunctionFailed(f"get_secret: {secret_id} has no {secret_type}")
        if key is None:
            return value
        try:
            return json.loads(value)[key]
        except (ValueError, KeyError, TypeError) as error:
            raise FunctionFailed(f"get_secret: {secret_id} is no JSON object with the key {key}") from error

    def get_registry_data(self, api: str, thing: str, role_arn: str) -> Any:
        """What DescribeThing or ListThingGroupsForThing answers."""
        self._require("get_registry_data", role_arn, f"iot:{api}", self._scope.arn("iot", f"thing/{thing}"))
        read: Callable[..., Any] = lookups.describe_thing if api == "DescribeThing" else lookups.groups_of_thing
        place = self._scope.account_id, self._scope.region
        return self._try("get_registry_data", lambda: read(*place, thing))

    def machinelearning_predict(self, model_id: str, role_arn: str, record: Mapping[str, Any]) -> Any:
        """Amazon Machine Learning is not served; rules that name it are refused when they are created."""
        raise FunctionFailed("machinelearning_predict is not served by the local cloud")

    def fetch_proto(self, bucket: str, key: str) -> bytes:
        """The descriptor set of decode(..., 'proto', ...) from S3."""
        content: bytes = self._try("decode", lambda: lookups.read_object(self._scope.account_id, bucket, key))
        return content

    def _require(self, function: str, role_arn: str, action: str, resource: str) -> None:
        try:
            self._roles.require(role_arn, "iot.amazonaws.com", action, resource, {})
        except Refused as refused:
            raise FunctionFailed(f"{function} refused: {refused.reason}") from refused

    def _try(self, function: str, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except AwsError as error:
            raise FunctionFailed(f"{function}: {error}") from error


def _plain(value: Mapping[str, Any]) -> Any:
    """DynamoDB's typed form as plain JSON."""
    [(kind, content)] = value.items()
    if kind == "N":
        return json.loads(content)
    if kind == "L":
        return [_plain(member) for member in content]
    if kind == "M":
        return {name: _plain(member) for name, member in content.items()}
    if kind == "NS":
        return [json.loads(member) for member in content]
    return None if kind == "NULL" else content
