"""Step Functions. Source: CloudFormation's page of AWS::StepFunctions::StateMachine."""

from __future__ import annotations

import json
from collections.abc import Mapping

from labcloud.stacks.types.base import Api, Made, Properties, ResourceType, words


def create_state_machine(api: Api, name: str, properties: Properties) -> Made:
    """AWS::StepFunctions::StateMachine."""
    given = {"type": properties["StateMachineType"]} if "StateMachineType" in properties else {}
    tags = [{"key": tag["Key"], "value": tag["Value"]} for tag in properties.get("Tags") or ()]
    definition = _definition(properties)
    arn = api(
        "stepfunctions",
        "CreateStateMachine",
        name=name,
        definition=definition,
        roleArn=properties["RoleArn"],
        tags=tags,
        **given,
    )["stateMachineArn"]
    return Made(arn, {"Arn": arn, "Name": name})


def update_state_machine(api: Api, made: Made, before: Properties, now: Properties) -> Made:
    api(
        "stepfunctions",
        "UpdateStateMachine",
        stateMachineArn=made.physical_id,
        definition=_definition(now),
        roleArn=now["RoleArn"],
    )
    return made


def delete_state_machine(api: Api, made: Made, properties: Properties) -> None:
    api("stepfunctions", "DeleteStateMachine", stateMachineArn=made.physical_id)


def _definition(properties: Properties) -> str:
    """A text or an object; ${names} in it are filled in from DefinitionSubstitutions."""
    written = properties.get("DefinitionString")
    text = json.dumps(properties.get("Definition")) if written is None else str(written)
    for name, value in (properties.get("DefinitionSubstitutions") or {}).items():
        text = text.replace(f"${{{name}}}", str(value))
    return text


_MUTABLE = words("DefinitionString Definition DefinitionSubstitutions RoleArn")
STATES: Mapping[str, ResourceType] = {
    "AWS::StepFunctions::StateMachine": ResourceType(
        create_state_machine,
        delete_state_machine,
        _MUTABLE | words("StateMachineName StateMachineType Tags"),
        "StateMachineName",
        update_state_machine,
        _MUTABLE,
    )
}
