"""Action stepFunctions: the result becomes the input of a state machine's execution.

Source: AWS IoT Core Developer Guide, "Step Functions". The execution's name is the prefix and a UUID.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labcloud.api import Scope
from labcloud.rules.actions.base import Action, Result, text_of
from labcloud.rules.deliveries import Need, Origin, Ports


@dataclass(frozen=True)
class StartExecution:
    """Starts an execution with the result as its input (action stepFunctions)."""

    machine: str
    name: str
    input: str
    failed_action = "StepFunctionsAction"

    @property
    def resource(self) -> str:
        return self.machine

    @property
    def summary(self) -> str:
        return f"StartExecution of state machine {self.machine} as {self.name}"

    def needs(self, scope: Scope) -> list[Need]:
        return [Need("states:StartExecution", _arn(scope, self.machine))]

    def send(self, origin: Origin, ports: Ports) -> None:
        ports.start_execution(origin.scope, _arn(origin.scope, self.machine), self.input, self.name)


def _arn(scope: Scope, machine: str) -> str:
    return scope.arn("states", f"stateMachine:{machine}")


def plan(parameters: Mapping[str, Any], result: Result, scope: Scope) -> StartExecution:
    """One execution."""
    name = f"{parameters.get('executionNamePrefix') or ''}{uuid.uuid4()}"
    return StartExecution(parameters["stateMachineName"], name, text_of(result, "Step Functions"))


ACTION = Action(
    plan,
    StartExecution.failed_action,
    required=("roleArn", "stateMachineName"),
    known=("roleArn", "stateMachineName", "executionNamePrefix"),
)
