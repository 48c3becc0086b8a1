"""Lambda: functions, permissions, versions, aliases, event sources. Source: CloudFormation, AWS::Lambda::*."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

from labcloud.stacks.types.base import Api, Made, Properties, ResourceType, without, words

SETTINGS = words(
    "Runtime Handler Role Timeout MemorySize Description Environment Layers EphemeralStorage TracingConfig"
)


def create_function(api: Api, name: str, properties: Properties) -> Made:
    """AWS::Lambda::Function."""
    given = without(properties, "FunctionName", "Code", "ReservedConcurrentExecutions")
    given["Tags"] = {tag["Key"]: tag["Value"] for tag in properties.get("Tags") or ()}
    made = api("lambda", "CreateFunction", FunctionName=name, Code=_code(properties["Code"]), **_numbers(given))
    _reserve(api, name, properties)
    return Made(name, {"Arn": made["FunctionArn"]})


def update_function(api: Api, made: Made, before: Properties, now: Properties) -> Made:
    if before["Code"] != now["Code"]:
        api("lambda", "UpdateFunctionCode", FunctionName=made.physical_id, **_code(now["Code"]))
    settings = {key: value for key, value in now.items() if key in SETTINGS}
    api("lambda", "UpdateFunctionConfiguration", FunctionName=made.physical_id, **_numbers(settings))
    _reserve(api, made.physical_id, now)
    return made


def delete_function(api: Api, made: Made, properties: Properties) -> None:
    api("lambda", "DeleteFunction", FunctionName=made.physical_id)


def _reserve(api: Api, name: str, properties: Properties) -> None:
    if (reserved := properties.get("ReservedConcurrentExecutions")) is not None:
        api("lambda", "PutFunctionConcurrency", FunctionName=name, ReservedConcurrentExecutions=int(reserved))


def _numbers(settings: Properties) -> Properties:
    """Templates may write numbers as texts."""
    return {key: int(value) if key in ("Timeout", "MemorySize") else value for key, value in settings.items()}


def _code(code: Mapping[str, Any]) -> dict[str, Any]:
    """ZipFile is the text of index.py."""
    if "ZipFile" not in code:
        return dict(code)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("index.py", (1980, 1, 1, 0, 0, 0)), code["ZipFile"])
    return {"ZipFile": packed.getvalue()}


def create_permission(api: Api, name: str, properties: Properties) -> Made:
    """AWS::Lambda::Permission."""
    api("lambda", "AddPermission", StatementId=name, **properties)
    return Made(name, {"Id": name})


def delete_permission(api: Api, made: Made, properties: Properties) -> None:
    api("lambda", "RemovePermission", FunctionName=properties["FunctionName"], StatementId=made.physical_id)


def create_version(api: Api, name: str, properties: Properties) -> Made:
    """AWS::Lambda::Version."""
    made = api("lambda", "PublishVersion", **properties)
    return Made(made["FunctionArn"], {"Version": made["Version"], "FunctionArn": made["FunctionArn"]})


def delete_version(api: Api, made: Made, properties: Properties) -> None:
    api("lambda", "DeleteFunction", FunctionName=made.physical_id)


def create_alias(api: Api, name: str, properties: Properties) -> Made:
    """AWS::Lambda::Alias."""
    arn = api("lambda", "CreateAlias", **properties)["AliasArn"]
    return Made(arn, {"AliasArn": arn})


def update_alias(api: Api, made: Made, before: Properties, now: Properties) -> Made:
    api("lambda", "UpdateAlias", **now)
    return made


def delete_alias(api: Api, made: Made, properties: Properties) -> None:
    api("lambda", "DeleteAlias", FunctionName=properties["FunctionName"], Name=properties["Name"])


def create_mapping(api: Api, name: str, properties: Properties) -> Made:
    """AWS::Lambda::EventSourceMapping."""
    made = api("lambda", "CreateEventSourceMapping", **properties)
    return Made(made["UUID"], {"Id": made["UUID"], "EventSourceMappingArn": made["EventSourceMappingArn"]})


def update_mapping(api: Api, made: Made, before: Properties, now: Properties) -> Made:
    changed = without(now, "EventSourceArn", "StartingPosition", "StartingPositionTimestamp")
    api("lambda", "UpdateEventSourceMapping", UUID=made.physical_id, **changed)
    return made


def delete_mapping(api: Api, made: Made, properties: Properties) -> None:
    api("lambda", "DeleteEventSourceMapping", UUID=made.physical_id)


def create_invoke_config(api: Api, name: str, properties: Properties) -> Made:
    """AWS::Lambda::EventInvokeConfig."""
    api("lambda", "PutFunctionEventInvokeConfig", **properties)
    return Made(f"{properties['FunctionName']}|{properties['Qualifier']}")


def update_invoke_config(api: Api, made: Made, before: Properties, now: Properties) -> Made:
    return create_invoke_config(api, "", now)


def delete_invoke_config(api: Api, made: Made, properties: Properties) -> None:
    names = {key: properties[key] for key in ("FunctionName", "Qualifier")}
    api("lambda", "DeleteFunctionEventInvokeConfig", **names)


_MAPPING = words(
    "BatchSize MaximumBatchingWindowInSeconds FilterCriteria FunctionResponseTypes Enabled MaximumRetryAttempts "
    "MaximumRecordAgeInSeconds BisectBatchOnFunctionError DestinationConfig FunctionName ScalingConfig"
)
FUNCTIONS: Mapping[str, ResourceType] = {
    "AWS::Lambda::Function": ResourceType(
        create_function,
        delete_function,
        SETTINGS | words("FunctionName Code Tags Architectures PackageType ReservedConcurrentExecutions"),
        "FunctionName",
        update_function,
        SETTINGS | words("Code ReservedConcurrentExecutions"),
    ),
    "AWS::Lambda::Permission": ResourceType(
        create_permission, delete_permission, words("FunctionName Action Principal SourceArn SourceAccount")
    ),
    "AWS::Lambda::Version": ResourceType(create_version, delete_version, words("FunctionName Description CodeSha256")),
    "AWS::Lambda::Alias": ResourceType(
        create_alias,
        delete_alias,
        words("FunctionName Name FunctionVersion Description RoutingConfig"),
        None,
        update_alias,
        words("FunctionVersion Description RoutingConfig"),
    ),
    "AWS::Lambda::EventSourceMapping": ResourceType(
        create_mapping,
        delete_mapping,
        _MAPPING | words("EventSourceArn StartingPosition StartingPositionTimestamp"),
        None,
        update_mapping,
        _MAPPING,
    ),
    "AWS::Lambda::EventInvokeConfig": ResourceType(
        create_invoke_config,
        delete_invoke_config,
        words("FunctionName Qualifier MaximumRetryAttempts MaximumEventAgeInSeconds DestinationConfig"),
        None,
        update_invoke_config,
        words("MaximumRetryAttempts MaximumEventAgeInSeconds DestinationConfig"),
    ),
}
