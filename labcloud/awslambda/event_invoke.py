"""Function event invoke configurations: retries, maximum age and destinations of asynchronous invocations.

Source: Lambda API Reference, PutFunctionEventInvokeConfig; Developer Guide, "Capturing records of Lambda asynchronous
invocations". moto keeps one for a function only and never uses it; these are kept for each qualifier.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from labcloud.api import ApiRequest, Operation, Scope
from labcloud.awslambda.errors import InvalidParameterValue
from labcloud.errors import AwsError
from labcloud.motobase.functions import StoredFunction, function_of
from labcloud.outlets import service_of

CALLS = {"sqs": "SendMessage", "sns": "Publish", "lambda": "InvokeFunction", "events": "PutEvents"}
"""Destinations and the call that reaches them."""

MayCall = Callable[[str, str, str], bool]
"""may_call(role ARN, action, resource)"""
Key = tuple[Scope, str, str]


@dataclass(frozen=True)
class EventInvokeConfig:
    """What holds for asynchronous invocations of one qualifier of a function."""

    retries: int | None = None
    max_age_s: int | None = None
    on_success: str | None = None
    on_failure: str | None = None
    modified_s: float = field(default=0.0, compare=False)


class EventInvokeConfigs:
    """The five operations, and the configuration of an invocation. Thread-safe."""

    def __init__(self, now: Callable[[], float], may_call: MayCall) -> None:
        self._now = now
        self._may_call = may_call
        self._lock = threading.Lock()
        self._kept: dict[Key, EventInvokeConfig] = {}
        self.operations: Mapping[str, Operation] = {
            "PutFunctionEventInvokeConfig": self.put,
            "UpdateFunctionEventInvokeConfig": self.update,
            "GetFunctionEventInvokeConfig": self.get,
            "DeleteFunctionEventInvokeConfig": self.delete,
            "ListFunctionEventInvokeConfigs": self.list_all,
        }

    def of(self, scope: Scope, name: str, qualifier: str) -> EventInvokeConfig:
        """For an invocation of a function's qualifier."""
        return self._kept.get((scope, name, qualifier)) or EventInvokeConfig()

    def forget(self, scope: Scope, name: str) -> None:
        """The function is gone."""
        with self._lock:
            for key in [key for key in self._kept if key[:2] == (scope, name)]:
                del self._kept[key]

    def state(self) -> list[tuple[Any, ...]]:
        """What must survive a restart."""
        with self._lock:
            return [(*key, config) for key, config in self._kept.items()]

    def restore(self, state: list[tuple[Any, ...]]) -> None:
        """Takes over what `state` gave."""
        with self._lock:
            self._kept.update({(scope, name, qualifier): config for scope, name, qualifier, config in state})

    def put(self, request: ApiRequest) -> dict[str, Any]:
        """PutFunctionEventInvokeConfig: what is not given has its default again."""
        return self._store(request, EventInvokeConfig())

    def update(self, request: ApiRequest) -> dict[str, Any]:
        """UpdateFunctionEventInvokeConfig: what is not given stays."""
        return self._store(request, self._existing(request)[1])

    def get(self, request: ApiRequest) -> dict[str, Any]:
        """GetFunctionEventInvokeConfig."""
        return _described(*self._existing(request))

    def delete(self, request: ApiRequest) -> dict[str, Any]:
        """DeleteFunctionEventInvokeConfig."""
        key, _ = self._existing(request)
        with self._lock:
            self._kept.pop(key, None)
        return {}

    def list_all(self, request: ApiRequest) -> dict[str, Any]:
        """ListFunctionEventInvokeConfigs."""
        name = self._function(request).name
        with self._lock:
            found = [(key, config) for key, config in self._kept.items() if key[:2] == (request.scope, name)]
        return {"FunctionEventInvokeConfigs": [_described(*one) for one in found]}

    def _store(self, request: ApiRequest, before: EventInvokeConfig) -> dict[str, Any]:
        asked, function = request.parameters, self._function(request)
        destinations = asked.get("DestinationConfig")
        success, failure = before.on_success, before.on_failure
        if destinations is not None:
            success = (destinations.get("OnSuccess") or {}).get("Destination") or None
            failure = (destinations.get("OnFailure") or {}).get("Destination") or None
        for arn in (success, failure):
            if arn is not None:
                self._check(function, arn)
        config = EventInvokeConfig(
            retries=_within("maximumRetryAttempts", asked.get("MaximumRetryAttempts", before.retries), 0, 2),
            max_age_s=_within(
                "maximumEventAgeInSeconds", asked.get("MaximumEventAgeInSeconds", before.max_age_s), 60, 21_600
            ),
            on_success=success,
            on_failure=failure,
            modified_s=self._now(),
        )
        key = (request.scope, function.name, function.qualifier)
        with self._lock:
            self._kept[key] = config
        return _described(key, config)

    def _check(self, function: StoredFunction, arn: str) -> None:
        service = service_of(arn)
        if service not in CALLS:
            raise InvalidParameterValue(
                f"The local cloud does not serve {arn} as a destination; it serves {', '.join(CALLS)}."
            )
        if service == "lambda" and arn.split(":")[:7] == function.arn.split(":")[:7]:
            raise InvalidParameterValue("The destination of a function cannot be the function itself.")
        if not self._may_call(function.role_arn, f"{service}:{CALLS[service]}", arn):
            raise InvalidParameterValue(
                f"The function's execution role does not have permissions to call {CALLS[service]} on {arn}"
            )

    def _function(self, request: ApiRequest) -> StoredFunction:
        asked = request.parameters
        return function_of(request.account_id, request.region, asked["FunctionName"], asked.get("Qualifier"))

    def _existing(self, request: ApiRequest) -> tuple[Key, EventInvokeConfig]:
        function = self._function(request)
        key = (request.scope, function.name, function.qualifier)
        with self._lock:
            found = self._kept.get(key)
        if found is None:
            message = f"The function {_arn(key)} doesn't have an EventInvokeConfig"
            raise AwsError(message, code="ResourceNotFoundException", status=404)
        return key, found


def _within(name: str, value: int | None, low: int, high: int) -> int | None:
    if value is None or low <= value <= high:
        return value
    why = f"greater than or equal to {low}" if value < low else f"less than or equal to {high}"
    raise AwsError(
        f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: Member must have value {why}",
        code="ValidationException",
    )


def _arn(key: Key) -> str:
    scope, name, qualifier = key
    return scope.arn("lambda", f"function:{name}:{qualifier}")


def _described(key: Key, config: EventInvokeConfig) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "FunctionArn": _arn(key),
        "LastModified": datetime.fromtimestamp(config.modified_s, UTC),
        "DestinationConfig": {
            "OnSuccess": {"Destination": config.on_success} if config.on_success else {},
            "OnFailure": {"Destination": config.on_failure} if config.on_failure else {},
        },
    }
    if config.retries is not None:
        answer["MaximumRetryAttempts"] = config.retries
    if config.max_age_s is not None:
        answer["MaximumEventAgeInSeconds"] = config.max_age_s
    return answer
