"""What CreateStateMachine and UpdateStateMachine take and refuse; moto keeps what passes.

Source: Step Functions API Reference. Sentences are AWS's where they are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from labcloud.api import ApiRequest
from labcloud.errors import AccessDenied, AwsError, NotServed
from labcloud.motobase import log_groups
from labcloud.motobase.stepfunctions import StoredMachine, existing, machine_of
from labcloud.stepfunctions.checks import Calls, Fault, faults_of_definition
from labcloud.stepfunctions.logs import PERMISSIONS, group_of
from labcloud.stepfunctions.tasks import CANNOT_ASSUME

Trusts = Callable[[str, Mapping[str, Any]], str | None]
"""trusts(role ARN, context): None if Step Functions may assume the role."""

WhyNot = Callable[[str, str, str], str | None]
"""why_not(role ARN, action, resource): None if Step Functions may do it through the role."""


class MachineChecks:
    """Asked before moto is."""

    def __init__(self, calls: Calls, why_not_assumed: Trusts, why_not: WhyNot) -> None:
        self._calls = calls
        self._why_not = why_not
        self._why_not_assumed = why_not_assumed

    def create_state_machine(self, request: ApiRequest) -> None:
        """CreateStateMachine. The same machine once more is no error, another one of the name is."""
        asked = request.parameters
        self._check_definition(asked["definition"])
        _check_settings(asked)
        self._check_role(request, asked["roleArn"])
        self._check_logging(request, asked.get("loggingConfiguration"), asked["roleArn"])
        found = existing(request.scope, asked["name"])
        if found is not None and not _is_same(found, asked):
            raise AwsError(f"State Machine Already Exists: '{found.arn}'", code="StateMachineAlreadyExists")

    def update_state_machine(self, request: ApiRequest) -> None:
        """UpdateStateMachine."""
        asked = request.parameters
        machine = machine_of(request.scope, asked["stateMachineArn"])
        if asked.get("definition") is not None:
            self._check_definition(asked["definition"])
        _check_settings(asked)
        if asked.get("roleArn"):
            self._check_role(request, asked["roleArn"])
        logging = asked.get("loggingConfiguration") or machine.settings["loggingConfiguration"]
        self._check_logging(request, logging, asked.get("roleArn") or machine.role_arn)

    def validate_state_machine_definition(self, request: ApiRequest) -> dict[str, Any]:
        """ValidateStateMachineDefinition: OK or FAIL, with a diagnostic for each fault."""
        asked = request.parameters
        found = faults_of_definition(asked["definition"], self._calls)
        most = asked.get("maxResults") or 100
        diagnostics = [
            {"severity": "ERROR", "code": fault.code, "message": fault.message, "location": fault.location}
            for fault in found[:most]
        ]
        return {
            "result": "FAIL" if found else "OK",
            "diagnostics": diagnostics,
            "truncated": len(found) > most,
        }

    def _check_definition(self, definition: str) -> None:
        faults = faults_of_definition(definition, self._calls)
        if not faults:
            return
        wrong = [fault for fault in faults if fault.served]
        if not wrong:
            raise NotServed(f"State machine definition: {_listed(faults)}")
        raise AwsError(f"Invalid State Machine Definition: '{_listed(faults)}'", code="InvalidDefinition")

    def _check_role(self, request: ApiRequest, role_arn: str) -> None:
        context = {"aws:SourceAccount": request.account_id}
        why = self._why_not_assumed(role_arn, context)
        if why is not None:
            raise AccessDenied(f"{CANNOT_ASSUME} ({why})", status=400)

    def _check_logging(self, request: ApiRequest, logging: Mapping[str, Any] | None, role_arn: str) -> None:
        if not logging or logging.get("level", "OFF") == "OFF":
            return
        if len(logging.get("destinations") or ()) != 1:
            raise _invalid_logging("Must specify exactly one Log Destination.")
        group = group_of(logging)
        if group is None:
            raise _invalid_logging("The Log Destination is not the ARN of a log group with :* at its end.")
        if not log_groups.has_group(request.account_id, request.region, group):
            raise _invalid_logging(f"The log group {group} does not exist.")
        for action in PERMISSIONS:
            why = self._why_not(role_arn, action, "*")
            if why is not None:
                text = "The state machine IAM Role is not authorized to access the Log Destination"
                raise AccessDenied(f"{text} ({why})", status=400)


def _invalid_logging(message: str) -> AwsError:
    return AwsError(f"Invalid Logging Configuration: {message}", code="InvalidLoggingConfiguration")


def _listed(faults: Iterable[Fault]) -> str:
    return ", ".join(f"{fault.code}: {fault.message} at {fault.location}" for fault in faults)


def _check_settings(asked: Mapping[str, Any]) -> None:
    """What the local cloud would keep and not obey."""
    if (asked.get("tracingConfiguration") or {}).get("enabled"):
        raise NotServed("The local cloud does not serve tracing of state machines with X-Ray.")
    kind = (asked.get("encryptionConfiguration") or {}).get("type", "AWS_OWNED_KEY")
    if kind != "AWS_OWNED_KEY":
        raise NotServed(f"The local cloud does not serve the encryption of state machines with {kind}.")


def _is_same(found: StoredMachine, asked: Mapping[str, Any]) -> bool:
    return (
        found.definition == asked["definition"]
        and found.role_arn == asked["roleArn"]
        and found.express == (asked.get("type") == "EXPRESS")
    )
