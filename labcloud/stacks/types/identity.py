"""IAM: roles and policies. Source: CloudFormation, AWS::IAM::*."""

from __future__ import annotations

import json
from collections.abc import Mapping

from labcloud.stacks.types.base import Api, Made, Properties, ResourceType, words


def create_role(api: Api, name: str, properties: Properties) -> Made:
    """AWS::IAM::Role."""
    optional = {
        key: properties[key]
        for key in ("Path", "Description", "MaxSessionDuration", "PermissionsBoundary", "Tags")
        if key in properties
    }
    trust = json.dumps(properties["AssumeRolePolicyDocument"])
    role = api("iam", "CreateRole", RoleName=name, AssumeRolePolicyDocument=trust, **optional)["Role"]
    _put_policies(api, name, properties)
    return Made(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})


def update_role(api: Api, made: Made, before: Properties, now: Properties) -> Made:
    name = made.physical_id
    api("iam", "UpdateAssumeRolePolicy", RoleName=name, PolicyDocument=json.dumps(now["AssumeRolePolicyDocument"]))
    _take_policies(api, name, before)
    _put_policies(api, name, now)
    return made


def delete_role(api: Api, made: Made, properties: Properties) -> None:
    name = made.physical_id
    for policy in api("iam", "ListRolePolicies", RoleName=name)["PolicyNames"]:
        api("iam", "DeleteRolePolicy", RoleName=name, PolicyName=policy)
    for policy in api("iam", "ListAttachedRolePolicies", RoleName=name)["AttachedPolicies"]:
        api("iam", "DetachRolePolicy", RoleName=name, PolicyArn=policy["PolicyArn"])
    api("iam", "DeleteRole", RoleName=name)


def _put_policies(api: Api, name: str, properties: Properties) -> None:
    for policy in properties.get("Policies") or ():
        document = json.dumps(policy["PolicyDocument"])
        api("iam", "PutRolePolicy", RoleName=name, PolicyName=policy["PolicyName"], PolicyDocument=document)
    for arn in properties.get("ManagedPolicyArns") or ():
        api("iam", "AttachRolePolicy", RoleName=name, PolicyArn=arn)


def _take_policies(api: Api, name: str, properties: Properties) -> None:
    for policy in properties.get("Policies") or ():
        api("iam", "DeleteRolePolicy", RoleName=name, PolicyName=policy["PolicyName"])
    for arn in properties.get("ManagedPolicyArns") or ():
        api("iam", "DetachRolePolicy", RoleName=name, PolicyArn=arn)


def create_policy(api: Api, name: str, properties: Properties) -> Made:
    """AWS::IAM::Policy: an inline policy of roles."""
    for role in properties["Roles"]:
        document = json.dumps(properties["PolicyDocument"])
        api("iam", "PutRolePolicy", RoleName=role, PolicyName=name, PolicyDocument=document)
    return Made(name, {"Id": name})


def update_policy(api: Api, made: Made, before: Properties, now: Properties) -> Made:
    return create_policy(api, made.physical_id, now)


def delete_policy(api: Api, made: Made, properties: Properties) -> None:
    for role in properties["Roles"]:
        api("iam", "DeleteRolePolicy", RoleName=role, PolicyName=made.physical_id)


def create_managed_policy(api: Api, name: str, properties: Properties) -> Made:
    """AWS::IAM::ManagedPolicy."""
    optional = {key: properties[key] for key in ("Path", "Description") if key in properties}
    document = json.dumps(properties["PolicyDocument"])
    arn = api("iam", "CreatePolicy", PolicyName=name, PolicyDocument=document, **optional)["Policy"]["Arn"]
    for role in properties.get("Roles") or ():
        api("iam", "AttachRolePolicy", RoleName=role, PolicyArn=arn)
    return Made(arn, {"PolicyArn": arn})


def delete_managed_policy(api: Api, made: Made, properties: Properties) -> None:
    for role in properties.get("Roles") or ():
        api("iam", "DetachRolePolicy", RoleName=role, PolicyArn=made.physical_id)
    api("iam", "DeletePolicy", PolicyArn=made.physical_id)


IDENTITY: Mapping[str, ResourceType] = {
    "AWS::IAM::Role": ResourceType(
        create_role,
        delete_role,
        words(
            "RoleName AssumeRolePolicyDocument Policies ManagedPolicyArns Path Description MaxSessionDuration "
            "PermissionsBoundary Tags"
        ),
        "RoleName",
        update_role,
        words("AssumeRolePolicyDocument Policies ManagedPolicyArns"),
    ),
    "AWS::IAM::Policy": ResourceType(
        create_policy,
        delete_policy,
        words("PolicyName PolicyDocument Roles"),
        "PolicyName",
        update_policy,
        words("PolicyDocument"),
    ),
    "AWS::IAM::ManagedPolicy": ResourceType(
        create_managed_policy,
        delete_managed_policy,
        words("ManagedPolicyName PolicyDocument Roles Path Description"),
        "ManagedPolicyName",
    ),
}
