"""Action lambda: the result becomes the event of an asynchronous invocation.

Source: AWS IoT Core Developer Guide, "Lambda". Binary results are not taken: encode them in the SQL.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labcloud.api import Scope
from labcloud.rules.actions.base import Action, ActionFailed, Result
from labcloud.rules.deliveries import Need, Origin, Ports


@dataclass(frozen=True)
class InvokeFunction:
    """Invokes a function asynchronously with the result as its event (action lambda)."""

    function_arn: str
    payload: bytes
    failed_action = "LambdaAction"

    @property
    def resource(self) -> str:
        return self.function_arn

    @property
    def summary(self) -> str:
        return f"Invoke of function {self.function_arn.split(':function:')[-1]}"

    def needs(self, scope: Scope) -> list[Need]:
        return []  # the function's resource policy decides

    def send(self, origin: Origin, ports: Ports) -> None:
        ports.invoke_function(origin.scope, self.function_arn, self.payload, origin.rule_arn)


def plan(parameters: Mapping[str, Any], result: Result, scope: Scope) -> InvokeFunction:
    """One invocation."""
    try:
        json.loads(result.payload)
    except ValueError as error:
        raise ActionFailed("The Lambda action needs a JSON result; encode a binary payload in the SQL.") from error
    return InvokeFunction(parameters["functionArn"], result.payload)


ACTION = Action(plan, InvokeFunction.failed_action, required=("functionArn",), literal=(), known=("functionArn",))
