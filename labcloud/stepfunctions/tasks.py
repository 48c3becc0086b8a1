"""Does tasks: API calls of this cloud in the name of the state machine's role, as anybody else would make them.

Sources: Step Functions Developer Guide, pages of the single integrations (what each adds to parameters and results).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from labcloud.api import Scope
from labcloud.errors import AwsError
from labcloud.motobase import sdk_shapes
from labcloud.motobase.service_calls import request_id_of
from labcloud.stepfunctions.engine import Call, Done, Execution, Failed, Outcome
from labcloud.stepfunctions.language.failures import RUNTIME
from labcloud.stepfunctions.language.jsontext import to_json
from labcloud.stepfunctions.language.resources import Target, cause_text, error_name

OperationOf = Callable[[str, str], tuple[str, str] | None]
"""(service, operation) for an SDK's names, if somebody here answers it."""
WhyNotAssumed = Callable[[str, Mapping[str, Any]], str | None]
"""why_not_assumed(role ARN, context): None if Step Functions may assume the role."""
CANNOT_ASSUME = (
    "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the "
    "provided role."
)
UNKNOWN_LAMBDA = "The cause could not be determined because Lambda did not return an error type."


class ApiCalls(Protocol):
    """Calls an operation as a role. Raises AwsError."""

    def call(self, scope: Scope, role_arn: str, service: str, operation: str, parameters: Mapping[str, Any]) -> Any: ...


class Tasks:
    """Also what checks have to know of the API (Calls)."""

    def __init__(self, calls: ApiCalls, operation_of: OperationOf, why_not_assumed: WhyNotAssumed) -> None:
        self._calls = calls
        self._why_not_assumed = why_not_assumed
        self.operation_of = operation_of
        self.fields_of = sdk_shapes.fields_of

    def perform(self, execution: Execution, call: Call) -> Outcome:
        """The task's result or its error."""
        target, scope = call.target, execution.scope
        context = {"aws:SourceArn": execution.machine_arn, "aws:SourceAccount": scope.account_id}
        why = self._why_not_assumed(execution.role_arn, context)
        if why is not None:
            return Failed("States.TaskFailed", f"{CANNOT_ASSUME} ({why})")
        found = self.operation_of(target.service, target.action)
        if found is None:
            return Failed(RUNTIME, f"the local cloud does not serve {target.service} {target.action} as a task")
        given = _given(execution, call)
        faults = list(sdk_shapes.type_faults(*found, given)) if isinstance(given, dict) else ["they are no object"]
        if faults:
            listed = f"The Parameters '{to_json(call.parameters)}' could not be used to start the Task: "
            return Failed(RUNTIME, f"{listed}[{', '.join(faults)}]")
        try:
            request = _request(target, found, given)
            answer = self._calls.call(_scope_of(target, scope), execution.role_arn, *found, request)
        except AwsError as error:
            return _failed(target, found[0], error)
        return _lambda_outcome(target, answer) if found == ("lambda", "Invoke") else _outcome(target, found, answer)


def _scope_of(target: Target, scope: Scope) -> Scope:
    """A function is called where it is."""
    return Scope(scope.account_id, target.function_arn.split(":")[3]) if target.function_arn else scope


def _given(execution: Execution, call: Call) -> Any:
    """The parameters with what an integration adds."""
    target, given = call.target, call.parameters
    if target.function_arn:
        return {"FunctionName": target.function_arn, "Payload": given}
    if target.resource_type == "events" and isinstance(given, dict) and isinstance(given.get("Entries"), list):
        own = [execution.machine_arn, execution.arn]
        entries = [
            {**entry, "Resources": [*(entry.get("Resources") or []), *own]} if isinstance(entry, dict) else entry
            for entry in given["Entries"]
        ]
        return {**given, "Entries": entries}
    if target.resource_type == "states" and isinstance(given, dict):
        return {"Input": {}, **given}
    return given


def _request(target: Target, found: tuple[str, str], given: Mapping[str, Any]) -> dict[str, Any]:
    request = sdk_shapes.to_request(*found, given)
    if found == ("lambda", "Invoke") and "Payload" in given:
        request["Payload"] = _payload(given["Payload"], is_json=target.function_arn is not None)
    return request


def _payload(value: Any, *, is_json: bool) -> bytes:
    """A text that holds JSON is the event itself, unless the state's input is the event (`is_json`)."""
    if isinstance(value, str) and not is_json:
        try:
            json.loads(value)
            return value.encode()
        except ValueError:
            pass
    return to_json(value).encode()


def _lambda_outcome(target: Target, answer: Mapping[str, Any]) -> Outcome:
    payload = answer["Payload"].read().decode()
    if answer.get("FunctionError"):
        document = _json_or_text(payload)
        error = document.get("errorType") if isinstance(document, dict) else None
        if not error:
            return Failed("Lambda.Unknown", f"{UNKNOWN_LAMBDA} Returned payload: {payload}")
        return Failed(error, payload)
    value = _json_or_text(payload) if payload else None
    if target.function_arn:
        return Done(value)
    members = {"ExecutedVersion": answer.get("ExecutedVersion"), "Payload": value}
    members = {name: each for name, each in members.items() if each is not None or name == "Payload"}
    details = sdk_shapes.http_details(answer) if target.optimised else {}
    return Done({**members, **details, "StatusCode": answer["StatusCode"]})


def _json_or_text(payload: str) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return payload


def _outcome(target: Target, found: tuple[str, str], answer: Mapping[str, Any]) -> Outcome:
    result = sdk_shapes.to_result(*found, answer)
    if target.resource_type == "events" and result.get("FailedEntryCount"):
        return Failed("EventBridge.FailedEntry", to_json(result))
    return Done({**result, **sdk_shapes.http_details(answer)} if target.optimised else result)


def _failed(target: Target, service: str, error: AwsError) -> Failed:
    service_id = sdk_shapes.service_id_of(service)
    name = error_name(target, error.code, sdk_shapes.modelled_error(service, error.code), service_id)
    return Failed(name, cause_text(target, error.message, error.code, error.status, request_id_of(error), service_id))
