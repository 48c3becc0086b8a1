"""IoT SQL's external functions against this cloud's services, with the permissions that AWS asks for.

Source: AWS IoT Core Developer Guide, "Functions". A refusal or a missing thing fails the rule (FunctionFailed).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from labcloud.api import Scope
from labcloud.errors import AwsError, Refused
from labcloud.iam.resource_policy import service_refused
from labcloud.iotsql import UNDEFINED, FunctionFailed, parse_json, to_json
from labcloud.motobase import lookups, tables
from labcloud.remembered import Remembered
from labcloud.roles import Roles
from labcloud.rules.actions.dynamodbv2 import attribute_value
from labcloud.shadows import ShadowError, Shadows

if TYPE_CHECKING:
    from labcloud.awslambda.service import Functions

SERVED = frozenset({"aws_lambda", "get_dynamodb", "get_thing_shadow", "get_secret", "get_registry_data", "decode"})
LAMBDA_LIMIT_MS = 2000
LAMBDA_PATIENCE_S = 5.0
"""Real time until the rule goes on without an answer: the limit, and what a worker's start takes on a busy machine."""
KEPT_S = 15 * 60
"""Secrets and descriptor files are read again after at most so many seconds ("get_secret", "binary-payloads")."""
IOT = "iot.amazonaws.com"


class Neighbours(Protocol):
    """Whom the functions ask; each is looked up when a rule needs it."""

    @property
    def functions(self) -> Functions: ...

    @property
    def shadows(self) -> Shadows: ...


class RuleExternal:
    """The External port of one account and region, and of one rule of it. `remembered` outlives it."""

    def __init__(
        self, scope: Scope, roles: Roles, neighbours: Neighbours, remembered: Remembered, rule_arn: str = ""
    ) -> None:
        self._scope = scope
        self._rule_arn = rule_arn
        self._place = scope.account_id, scope.region
        self._roles = roles
        self._neighbours = neighbours
        self._remembered = remembered

    def for_rule(self, rule_arn: str) -> RuleExternal:
        return RuleExternal(self._scope, self._roles, self._neighbours, self._remembered, rule_arn)

    def aws_lambda(self, function_arn: str, payload: Any) -> Any:
        """Invokes the function and waits for its answer, which may take LAMBDA_LIMIT_MS."""
        too_slow = FunctionFailed(f"aws_lambda: {function_arn} took too long; the limit is {LAMBDA_LIMIT_MS} ms")
        body = to_json(payload).encode("utf-8", "replace")
        try:
            with _failing("aws_lambda"):
                result = self._neighbours.functions.call_by_service(
                    self._scope, function_arn, body, self._rule_arn, LAMBDA_PATIENCE_S
                )
        except TimeoutError:
            raise too_slow from None
        if result.function_error:
            raise FunctionFailed(f"aws_lambda: {function_arn} failed: {result.payload.decode(errors='replace')}")
        if result.duration_ms > LAMBDA_LIMIT_MS:
            raise too_slow
        answer = parse_json(result.payload or b"null", whole_numbers_are_ints=False)
        if answer is UNDEFINED:
            raise FunctionFailed(f"aws_lambda: the answer of {function_arn} is not JSON, or nested too deeply")
        return answer

    def get_dynamodb(self, table: str, key: Mapping[str, Any], role_arn: str) -> Any:
        """The item with that key, as plain JSON."""
        self._require("get_dynamodb", role_arn, "dynamodb:GetItem", self._scope.arn("dynamodb", f"table/{table}"))
        typed = {name: attribute_value(value) for name, value in key.items()}
        with _failing("get_dynamodb"):
            item = tables.get_item(*self._place, table, typed)
        if item is None:
            raise FunctionFailed(f"get_dynamodb: table {table} has no item with the key {dict(key)}")
        return {name: _plain(value) for name, value in item.items()}

    def get_thing_shadow(self, thing: str, shadow: str | None, role_arn: str) -> Any:
        """The shadow's document."""
        resource = self._scope.arn("iot", f"thing/{thing}" if shadow is None else f"thing/{thing}/{shadow}")
        self._require("get_thing_shadow", role_arn, "iot:GetThingShadow", resource)
        try:
            return self._neighbours.shadows.get(self._scope, thing, shadow)
        except ShadowError as error:
            raise FunctionFailed(f"get_thing_shadow: {error.message}") from error

    def get_secret(self, secret_id: str, secret_type: str, key: str | None, role_arn: str) -> Any:
        """The secret's current value: text, or an Object where the text is one; or one key of that."""
        with _failing("get_secret"):
            arn = lookups.secret_arn(*self._place, secret_id)
        for action in ("secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"):
            self._require("get_secret", role_arn, action, arn)
        with _failing("get_secret"):
            secret = self._remembered.get(("secret", arn), lambda: lookups.read_secret(*self._place, secret_id))
        value = secret.get(secret_type)
        if value is None:
            raise FunctionFailed(f"get_secret: {secret_id} has no {secret_type}")
        pairs = parse_json(value, whole_numbers_are_ints=False) if secret_type == "SecretString" else None
        if not isinstance(pairs, dict):
            pairs = None
        if key is None:
            return value if pairs is None else pairs
        if pairs is None or key not in pairs:
            raise FunctionFailed(f"get_secret: {secret_id} is no JSON object with the key {key}")
        return pairs[key]

    def get_registry_data(self, api: str, thing: str, role_arn: str) -> Any:
        """What DescribeThing or ListThingGroupsForThing answers."""
        self._require("get_registry_data", role_arn, f"iot:{api}", self._scope.arn("iot", f"thing/{thing}"))
        read: Callable[..., Any] = lookups.describe_thing if api == "DescribeThing" else lookups.groups_of_thing
        with _failing("get_registry_data"):
            return read(*self._place, thing)

    def machinelearning_predict(self, model_id: str, role_arn: str, record: Mapping[str, Any]) -> Any:
        """Amazon Machine Learning is not served; rules that name it are refused when they are created."""
        raise FunctionFailed("machinelearning_predict is not served by the local cloud")

    def fetch_proto(self, bucket: str, key: str) -> bytes:
        """The descriptor set of decode(..., 'proto', ...) from S3, if the bucket's policy lets AWS IoT read it."""
        account_id, resource = self._scope.account_id, f"arn:aws:s3:::{bucket}/{key}"
        policy = lookups.bucket_policy(bucket, account_id)
        if why := service_refused(policy, IOT, "s3:GetObject", resource, self._rule_arn, account_id):
            raise FunctionFailed(f"decode refused: {why}")
        with _failing("decode"):
            return self._remembered.get(
                ("object", account_id, resource), lambda: lookups.read_object(account_id, bucket, key)
            )

    def _require(self, function: str, role_arn: str, action: str, resource: str) -> None:
        try:
            context = {"aws:SourceArn": self._rule_arn, "aws:SourceAccount": self._scope.account_id}
            self._roles.require(role_arn, IOT, action, resource, context)
        except Refused as refused:
            raise FunctionFailed(f"{function} refused: {refused.reason}") from refused


@contextmanager
def _failing(function: str) -> Iterator[None]:
    """What a service refuses inside it fails the rule."""
    try:
        yield
    except AwsError as error:
        raise FunctionFailed(f"{function}: {error}") from error


def _plain(value: Mapping[str, Any]) -> Any:
    """DynamoDB's typed form as plain JSON; numbers keep their digits."""
    [(kind, content)] = value.items()
    if kind == "N":
        return _number(content)
    if kind == "L":
        return [_plain(member) for member in content]
    if kind == "M":
        return {name: _plain(member) for name, member in content.items()}
    if kind == "NS":
        return [_number(member) for member in content]
    if kind == "B":
        return _base64(content)
    if kind == "BS":
        return [_base64(member) for member in content]
    return None if kind == "NULL" else content


def _number(text: str) -> int | Decimal:
    return int(text) if text.lstrip("-").isdigit() else Decimal(text)


def _base64(content: bytes | str) -> str:
    return content if isinstance(content, str) else base64.b64encode(content).decode()
