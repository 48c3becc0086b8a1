"""The API of executions. Source: Step Functions API Reference. State machines themselves are moto's."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from labcloud.api import ApiRequest, Operation, Scope
from labcloud.errors import AwsError
from labcloud.motobase.service_calls import check_parameters
from labcloud.motobase.stepfunctions import StoredMachine, machine_of
from labcloud.stepfunctions.engine import Execution
from labcloud.stepfunctions.machines import MachineChecks
from labcloud.stepfunctions.runner import Runner
from labcloud.stepfunctions.store import Executions

log = logging.getLogger("labcloud.stepfunctions")
FORBIDDEN = frozenset(' \t\n<>{}[]?*"#%\\^|~`$&,;:/')
LONGEST_SYNC_S = 330.0
"""Real seconds that StartSyncExecution waits: an express execution has five minutes of lab time."""
WRONG_TYPE = "This operation is not supported by this type of state machine"


class StepFunctions:
    """The service `stepfunctions`, as far as it is about executions."""

    name = "stepfunctions"

    def __init__(self, now: Callable[[], float], runner: Runner, executions: Executions, checks: MachineChecks) -> None:
        self._now = now
        self._runner = runner
        self._executions = executions
        handlers: Iterable[Callable[[ApiRequest], dict[str, Any]]] = (
            *(self.start_execution, self.start_sync_execution, self.stop_execution, self.describe_execution),
            *(self.list_executions, self.get_execution_history, self.describe_state_machine_for_execution),
            checks.validate_state_machine_definition,
        )
        self.operations: Mapping[str, Operation] = {
            "".join(word.title() for word in handler.__name__.split("_")): _checked(handler) for handler in handlers
        }

    # -- operations

    def start_execution(self, request: ApiRequest) -> dict[str, Any]:
        """StartExecution: the same name and input as a running execution's gives that one."""
        asked = request.parameters
        machine = machine_of(request.scope, asked["stateMachineArn"])
        execution = self.start(request.scope, machine, asked.get("input", "{}"), asked.get("name"))
        return {"executionArn": execution.arn, "startDate": _moment(execution.start_s)}

    def start_sync_execution(self, request: ApiRequest) -> dict[str, Any]:
        """StartSyncExecution of an express state machine: answers when it is over."""
        asked = request.parameters
        machine = machine_of(request.scope, asked["stateMachineArn"])
        if not machine.express:
            raise AwsError(WRONG_TYPE, code="StateMachineTypeNotSupported")
        execution = self.start(request.scope, machine, asked.get("input", "{}"), asked.get("name"))
        if not self._runner.wait_until_over(execution, LONGEST_SYNC_S) or execution.running:
            raise AwsError(f"{execution.arn} did not end in time", code="InternalFailure", status=500)
        details = {**_described(execution), "billingDetails": _billing(execution)}
        return {name: value for name, value in details.items() if name not in ("redriveCount", "redriveStatus")}

    def stop_execution(self, request: ApiRequest) -> dict[str, Any]:
        """StopExecution."""
        asked = request.parameters
        execution = self._executions.get(request.scope, asked["executionArn"])
        self._runner.stop(execution, asked.get("error"), asked.get("cause"))
        return {"stopDate": _moment(execution.stop_s)}

    def describe_execution(self, request: ApiRequest) -> dict[str, Any]:
        """DescribeExecution."""
        with self._runner.lock:
            return _described(self._executions.get(request.scope, request.parameters["executionArn"]))

    def list_executions(self, request: ApiRequest) -> dict[str, Any]:
        """ListExecutions of a state machine, a version or an alias, the newest first, in pages."""
        asked = request.parameters
        arn = asked.get("stateMachineArn")
        if arn is None:
            raise AwsError(
                "The local cloud does not serve map runs: name a stateMachineArn", code="ValidationException"
            )
        machine = machine_of(request.scope, arn)
        if machine.express:
            raise AwsError(WRONG_TYPE, code="StateMachineTypeNotSupported")
        found = [
            _summary(execution)
            for execution in self._executions.of_machine(machine.arn)
            if asked.get("statusFilter") in (None, execution.status)
            and arn in (machine.arn, execution.version_arn, execution.alias_arn)
        ]
        return _page("executions", found, asked)

    def get_execution_history(self, request: ApiRequest) -> dict[str, Any]:
        """GetExecutionHistory, in pages."""
        asked = request.parameters
        execution = self._executions.get(request.scope, asked["executionArn"])
        with self._runner.lock:
            events = [{**event, "timestamp": _moment(event["timestamp"])} for event in execution.events]
        if not asked.get("includeExecutionData", True):
            events = [_without_data(event) for event in events]
        return _page("events", events[::-1] if asked.get("reverseOrder") else events, asked)

    def describe_state_machine_for_execution(self, request: ApiRequest) -> dict[str, Any]:
        """DescribeStateMachineForExecution: as the state machine was when the execution began."""
        execution = self._executions.get(request.scope, request.parameters["executionArn"])
        return {
            "stateMachineArn": execution.machine_arn,
            "name": execution.machine_name,
            "definition": execution.definition,
            "roleArn": execution.role_arn,
            "updateDate": _moment(execution.start_s),
            "loggingConfiguration": dict(execution.logging),
            "tracingConfiguration": {"enabled": False},
            "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
        }

    # -- for neighbours

    def start(
        self, scope: Scope, machine: StoredMachine, text: str, name: str | None = None, *, wait: bool = False
    ) -> Execution:
        """Begins an execution. Raises AwsError. `wait`: returns when nothing is left to do but to wait for the clock."""
        name = name or str(uuid.uuid4())
        if FORBIDDEN.intersection(name) or not name.isprintable() or len(name) > 80:
            raise AwsError(f"Invalid Name: '{name}'", code="InvalidName")
        try:
            json.loads(text)
        except (ValueError, RecursionError) as error:
            message = f"Invalid State Machine Execution Input: '{error}'"
            raise AwsError(message, code="InvalidExecutionInput") from error
        execution = self._made(scope, machine, text, name)
        kept = self._executions.add(execution)
        if kept is not execution:
            if kept.running and kept.input == text:
                return kept
            raise AwsError(f"Execution Already Exists: '{kept.arn}'", code="ExecutionAlreadyExists")
        self._runner.start(execution, wait=wait)
        return execution

    def forget_machine(self, arn: str) -> None:
        """The state machine is deleted: what runs is ended, and nothing of it is told any more."""
        for execution in self._executions.of_machine(arn):
            self._runner.stop(execution, None, None)
            self._executions.drop(execution)

    def _made(self, scope: Scope, machine: StoredMachine, text: str, name: str) -> Execution:
        resource = f"execution:{machine.name}:{name}"
        if machine.express:
            resource = f"express:{machine.name}:{name}:{uuid.uuid4()}"
        return Execution(
            scope=scope,
            arn=scope.arn("states", resource),
            name=name,
            machine_arn=machine.arn,
            machine_name=machine.name,
            definition=machine.definition,
            role_arn=machine.role_arn,
            input=text,
            start_s=self._now(),
            express=machine.express,
            logging=machine.settings["loggingConfiguration"],
            version_arn=machine.version_arn,
            alias_arn=machine.alias_arn,
        )


def _checked(handler: Callable[[ApiRequest], dict[str, Any]]) -> Operation:
    """Parameters are looked at as AWS's front door does; names have an error of their own."""
    operation = "".join(word.title() for word in handler.__name__.split("_"))

    def call(request: ApiRequest) -> dict[str, Any]:
        asked = {name: value for name, value in request.parameters.items() if name != "name"}
        check_parameters("stepfunctions", operation, asked)
        return handler(request)

    return call


def _summary(execution: Execution) -> dict[str, Any]:
    summary = {
        "executionArn": execution.arn,
        "stateMachineArn": execution.machine_arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": _moment(execution.start_s),
        "redriveCount": 0,
        "stateMachineVersionArn": execution.version_arn,
        "stateMachineAliasArn": execution.alias_arn,
        "stopDate": None if execution.stop_s is None else _moment(execution.stop_s),
    }
    return {name: value for name, value in summary.items() if value is not None}


def _described(execution: Execution) -> dict[str, Any]:
    whole = {"included": True}
    described: dict[str, Any] = {
        **_summary(execution),
        "input": execution.input,
        "inputDetails": whole,
        "redriveStatus": "NOT_REDRIVABLE",
    }
    if execution.output is not None:
        described |= {"output": execution.output, "outputDetails": whole}
    for name, value in (("error", execution.error), ("cause", execution.cause)):
        if value is not None:
            described[name] = value
    return described


def _billing(execution: Execution) -> dict[str, int]:
    """Nothing is billed: the duration as AWS would round it, the smallest memory."""
    duration_ms = round(((execution.stop_s or 0) - execution.start_s) * 1000)
    return {"billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": -(-duration_ms // 100) * 100}


def _without_data(event: dict[str, Any]) -> dict[str, Any]:
    left_out = ("input", "output", "parameters", "inputDetails", "outputDetails")
    return {
        key: {name: inner for name, inner in value.items() if name not in left_out}
        if isinstance(value, dict)
        else value
        for key, value in event.items()
    }


def _page(member: str, found: list[dict[str, Any]], asked: Mapping[str, Any]) -> dict[str, Any]:
    token, size = str(asked.get("nextToken") or "0"), int(asked.get("maxResults") or 100)
    if not token.isdigit():
        raise AwsError(f"Invalid Token: '{token}'", code="InvalidToken")
    start = int(token)
    answer: dict[str, Any] = {member: found[start : start + size]}
    return {**answer, "nextToken": str(start + size)} if len(found) > start + size else answer


def _moment(epoch_s: float | None) -> datetime:
    return datetime.fromtimestamp(epoch_s or 0.0, UTC)
