"""State machine definitions are checked when they come in.

moto 5.2.5 lacks ValidateStateMachineDefinition and ListStateMachineVersions (the Terraform provider asks both) and
takes any text as a definition. Checked here is a machine's shape: JSON, states, their types and where they lead.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from moto.core.responses import ActionResult
from moto.stepfunctions.models import StateMachine, StepFunctionBackend
from moto.stepfunctions.responses import StepFunctionResponse

from labcloud.errors import AwsError
from labcloud.motobase import hooks

STATE_TYPES = ("Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map")
ENDS_BY_ITSELF = ("Succeed", "Fail", "Choice")

Fault = tuple[str, str, str]
"""(code of the diagnostic, message, location as a JSON pointer)."""


def install() -> None:
    """Puts the hooks in place."""
    if not hooks.first_time(__name__):
        return
    hooks.add(StepFunctionResponse, "validate_state_machine_definition", validate_state_machine_definition)
    hooks.add(StepFunctionResponse, "list_state_machine_versions", list_state_machine_versions)
    hooks.replace(StepFunctionBackend, "create_state_machine", create_state_machine)
    hooks.replace(StepFunctionBackend, "update_state_machine", update_state_machine)


def validate_state_machine_definition(self: StepFunctionResponse) -> ActionResult:
    """OK or FAIL, with a diagnostic for each fault."""
    faults = faults_of_definition(self._get_param("definition"))
    diagnostics = [
        {"severity": "ERROR", "code": code, "message": message, "location": location}
        for code, message, location in faults
    ]
    result = "FAIL" if diagnostics else "OK"
    return ActionResult({"result": result, "diagnostics": diagnostics, "truncated": False})


def list_state_machine_versions(self: StepFunctionResponse) -> ActionResult:
    """The published versions, the newest first."""
    machine = self.stepfunction_backend.describe_state_machine(self._get_param("stateMachineArn"))
    versions = [
        {"stateMachineVersionArn": version.arn, "creationDate": version.creation_date}
        for version in machine.versions.values()
    ]
    return ActionResult({"stateMachineVersions": versions[::-1]})


def create_state_machine(self: StepFunctionBackend, name: str, definition: str, **named: Any) -> StateMachine:
    """Refuses a definition with faults."""
    _require_sound(definition)
    return hooks.stock(StepFunctionBackend, "create_state_machine")(self, name, definition, **named)


def update_state_machine(
    self: StepFunctionBackend, arn: str, definition: str | None = None, **named: Any
) -> StateMachine:
    """Refuses a definition with faults."""
    if definition is not None:
        _require_sound(definition)
    return hooks.stock(StepFunctionBackend, "update_state_machine")(self, arn, definition=definition, **named)


def faults_of_definition(definition: str) -> list[Fault]:
    """What is wrong with a definition in the Amazon States Language."""
    try:
        machine = json.loads(definition)
    except ValueError as error:
        return [("INVALID_JSON_DESCRIPTION", f"Invalid JSON: {error}", "")]
    return list(_faults_of_machine(machine, ""))


def _faults_of_machine(machine: Any, where: str) -> Iterator[Fault]:
    states = machine.get("States") if isinstance(machine, dict) else None
    if not isinstance(states, dict) or not states:
        yield "SCHEMA_VALIDATION_FAILED", "States must be an object with at least one state", f"{where}/States"
        return
    if machine.get("StartAt") not in states:
        yield "MISSING_TRANSITION_TARGET", f"StartAt names no state: {machine.get('StartAt')}", f"{where}/StartAt"
    for name, state in states.items():
        yield from _faults_of_state(state, states, f"{where}/States/{name}")


def _faults_of_state(state: Any, states: dict[str, Any], where: str) -> Iterator[Fault]:
    kind = state.get("Type") if isinstance(state, dict) else None
    if kind not in STATE_TYPES:
        yield "SCHEMA_VALIDATION_FAILED", f"Type is not one of {', '.join(STATE_TYPES)}: {kind}", f"{where}/Type"
        return
    if kind not in ENDS_BY_ITSELF and ("Next" in state) == (state.get("End") is True):
        yield "SCHEMA_VALIDATION_FAILED", "A state has either Next or End: true", where
    if kind == "Task" and not isinstance(state.get("Resource"), str):
        yield "SCHEMA_VALIDATION_FAILED", "A Task has a Resource", f"{where}/Resource"
    for target in _targets(state):
        if target not in states:
            yield "MISSING_TRANSITION_TARGET", f"No state has the name {target}", where
    branches = state.get("Branches", []) if kind == "Parallel" else []
    inner = state.get("ItemProcessor", state.get("Iterator")) if kind == "Map" else None
    for number, machine in enumerate([*branches, *([inner] if kind == "Map" else [])]):
        yield from _faults_of_machine(machine, f"{where}/{number}")


def _targets(state: dict[str, Any]) -> Iterator[str]:
    for holder in (state, *state.get("Choices", []), *state.get("Catch", [])):
        if "Next" in holder:
            yield holder["Next"]
    if "Default" in state:
        yield state["Default"]


def _require_sound(definition: str) -> None:
    faults = faults_of_definition(definition)
    if faults:
        listed = "; ".join(f"{code}: {message} at {location}" for code, message, location in faults)
        raise AwsError(f"Invalid State Machine Definition: '{listed}'", code="InvalidDefinition")
