"""State machines of moto 5.2: moto keeps them, with versions and aliases; they are executed by labcloud/stepfunctions.

moto 5.2.5 lacks ListStateMachineVersions (the Terraform provider asks it).
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.core.responses import ActionResult
from moto.stepfunctions.models import StateMachine, StateMachineAlias, stepfunctions_backends
from moto.stepfunctions.responses import StepFunctionResponse

from labcloud.api import Scope
from labcloud.errors import AwsError
from labcloud.motobase import hooks
from labcloud.motobase.refusals import as_aws_errors


@dataclass(frozen=True)
class StoredMachine:
    """A state machine as an execution needs it; the ARNs of a version and an alias if it was asked for through them."""

    arn: str
    name: str
    definition: str
    role_arn: str
    express: bool
    settings: Mapping[str, Any]
    """loggingConfiguration, tracingConfiguration and encryptionConfiguration."""
    version_arn: str | None = None
    alias_arn: str | None = None


def install() -> None:
    """Puts the hooks in place."""
    if hooks.first_time(__name__):
        hooks.add(StepFunctionResponse, "list_state_machine_versions", list_state_machine_versions)


def list_state_machine_versions(self: StepFunctionResponse) -> ActionResult:
    """The published versions, the newest first."""
    machine = self.stepfunction_backend.describe_state_machine(self._get_param("stateMachineArn"))
    versions = [
        {"stateMachineVersionArn": version.arn, "creationDate": version.creation_date}
        for version in machine.versions.values()
    ]
    return ActionResult({"stateMachineVersions": versions[::-1]})


def machine_of(scope: Scope, arn: str) -> StoredMachine:
    """By the ARN of a machine, a version or an alias, which chooses a version. Raises AwsError StateMachineDoesNotExist."""
    backend = stepfunctions_backends[scope.account_id][scope.region]
    base, _, qualifier = arn.rpartition(":")
    if base.count(":") >= 6 and not qualifier.isnumeric():
        with as_aws_errors():
            alias = backend.describe_state_machine_alias(arn)
        version_arn = _chosen(alias)
        return _as_data(machine_of_version(scope, version_arn), version_arn, arn)
    found = machine_of_version(scope, arn)
    return _as_data(found, arn if base.count(":") >= 6 else None, None)


def machine_of_version(scope: Scope, arn: str) -> StateMachine:
    """moto's machine or version. Raises AwsError StateMachineDoesNotExist, InvalidArn."""
    backend = stepfunctions_backends[scope.account_id][scope.region]
    with as_aws_errors():
        found = backend.describe_state_machine(arn)
    if found is None:
        raise AwsError(f"State Machine Does Not Exist: '{arn}'", code="StateMachineDoesNotExist")
    return found


def existing(scope: Scope, name: str) -> StoredMachine | None:
    """The machine of a name, if there is one."""
    for machine in stepfunctions_backends[scope.account_id][scope.region].state_machines:
        if machine.name == name:
            return _as_data(machine, None, None)
    return None


def _chosen(alias: StateMachineAlias) -> str:
    routes = alias.routing_configuration
    (route,) = random.choices(routes, weights=[route["weight"] for route in routes])
    return str(route["stateMachineVersionArn"])


def _as_data(machine: Any, version_arn: str | None, alias_arn: str | None) -> StoredMachine:
    return StoredMachine(
        arn=getattr(machine, "source_arn", machine.arn),
        name=machine.name,
        definition=machine.definition,
        role_arn=machine.roleArn,
        express=machine.type == "EXPRESS",
        settings={
            "loggingConfiguration": machine.loggingConfiguration,
            "tracingConfiguration": machine.tracingConfiguration,
            "encryptionConfiguration": machine.encryptionConfiguration,
        },
        version_arn=version_arn,
        alias_arn=alias_arn,
    )
