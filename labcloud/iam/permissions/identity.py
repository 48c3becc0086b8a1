"""IAM and STS. A path in a role's ARN is known only to the account: see `resolve`.

Source: Service Authorization Reference, "AWS Identity and Access Management (IAM)" and "AWS Security Token Service".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from labcloud.iam.context import Value
from labcloud.iam.permissions.table import Needed, Request, Table

_PARAMETERS = {
    "role": "RoleName",
    "user": "UserName",
    "group": "GroupName",
    "instance-profile": "InstanceProfileName",
}


def iam_arn(request: Request, kind: str) -> str:
    """Makes the ARN of a role, user, group or instance profile with its path."""
    name = request.text(_PARAMETERS[kind])
    known = request.resolve(kind, name)
    if known:
        return known
    path = request.text("Path", "/") if request.operation.startswith("Create") else "/"
    return f"arn:aws:iam::{request.account_id}:{kind}{path}{name or '*'}"


def _on(kind: str) -> Callable[[Request], list[Needed]]:
    return lambda request: [Needed(f"iam:{request.operation}", iam_arn(request, kind))]


def _new_policy(request: Request) -> list[Needed]:
    path = request.text("Path", "/")
    return [Needed("iam:CreatePolicy", f"arn:aws:iam::{request.account_id}:policy{path}{request.text('PolicyName')}")]


def _role_into_profile(request: Request) -> list[Needed]:
    return [
        Needed("iam:AddRoleToInstanceProfile", iam_arn(request, "instance-profile")),
        Needed("iam:PassRole", iam_arn(request, "role"), {"iam:PassedToService": "ec2.amazonaws.com"}),
    ]


def _service_role(request: Request) -> list[Needed]:
    service = request.text("AWSServiceName")
    arn = f"arn:aws:iam::{request.account_id}:role/aws-service-role/{service}/*"
    return [Needed("iam:CreateServiceLinkedRole", arn, {"iam:AWSServiceName": service})]


def _context(request: Request) -> Mapping[str, Value]:
    pairs = {"iam:PolicyARN": "PolicyArn", "iam:PermissionsBoundary": "PermissionsBoundary"}
    return {key: request.text(name) for key, name in pairs.items() if request.text(name)}


_BY_KIND = {
    "role": (
        "CreateRole GetRole UpdateRole DeleteRole UpdateAssumeRolePolicy UpdateRoleDescription PutRolePolicy "
        "GetRolePolicy DeleteRolePolicy ListRolePolicies AttachRolePolicy DetachRolePolicy ListAttachedRolePolicies "
        "PutRolePermissionsBoundary DeleteRolePermissionsBoundary TagRole UntagRole ListRoleTags "
        "ListInstanceProfilesForRole DeleteServiceLinkedRole"
    ),
    "user": (
        "CreateUser GetUser UpdateUser DeleteUser PutUserPolicy GetUserPolicy DeleteUserPolicy ListUserPolicies "
        "AttachUserPolicy DetachUserPolicy ListAttachedUserPolicies PutUserPermissionsBoundary "
        "DeleteUserPermissionsBoundary CreateAccessKey UpdateAccessKey DeleteAccessKey ListAccessKeys "
        "CreateLoginProfile GetLoginProfile UpdateLoginProfile DeleteLoginProfile ListGroupsForUser TagUser "
        "UntagUser ListUserTags ListMFADevices ListSigningCertificates ListSSHPublicKeys "
        "ListServiceSpecificCredentials"
    ),
    "group": (
        "CreateGroup GetGroup UpdateGroup DeleteGroup PutGroupPolicy GetGroupPolicy DeleteGroupPolicy "
        "ListGroupPolicies AttachGroupPolicy DetachGroupPolicy ListAttachedGroupPolicies AddUserToGroup "
        "RemoveUserFromGroup"
    ),
    "instance-profile": (
        "CreateInstanceProfile GetInstanceProfile DeleteInstanceProfile RemoveRoleFromInstanceProfile "
        "TagInstanceProfile UntagInstanceProfile ListInstanceProfileTags"
    ),
}

IAM = Table(
    prefix="iam",
    rows={
        "{PolicyArn}": (
            "GetPolicy DeletePolicy CreatePolicyVersion GetPolicyVersion DeletePolicyVersion ListPolicyVersions "
            "SetDefaultPolicyVersion ListEntitiesForPolicy TagPolicy UntagPolicy ListPolicyTags"
        ),
        "{OpenIDConnectProviderArn}": (
            "GetOpenIDConnectProvider DeleteOpenIDConnectProvider UpdateOpenIDConnectProviderThumbprint "
            "AddClientIDToOpenIDConnectProvider RemoveClientIDFromOpenIDConnectProvider "
            "TagOpenIDConnectProvider UntagOpenIDConnectProvider"
        ),
        "arn:aws:iam::{@account}:oidc-provider/*": "CreateOpenIDConnectProvider",
        "arn:aws:iam::{@account}:role/": "ListRoles",
        "arn:aws:iam::{@account}:user/": "ListUsers",
        "arn:aws:iam::{@account}:group/": "ListGroups",
        "arn:aws:iam::{@account}:instance-profile/": "ListInstanceProfiles",
        "*": "ListPolicies ListAccountAliases GetAccountSummary ListOpenIDConnectProviders GetAccountAuthorizationDetails",
    },
    special={
        **{name: _on(kind) for kind, names in _BY_KIND.items() for name in names.split()},
        "CreatePolicy": _new_policy,
        "AddRoleToInstanceProfile": _role_into_profile,
        "CreateServiceLinkedRole": _service_role,
    },
    context=_context,
)

STS = Table(
    prefix="sts",
    rows={"{RoleArn}": "AssumeRole", "*": "DecodeAuthorizationMessage GetFederationToken GetAccessKeyInfo"},
    free=frozenset({"GetCallerIdentity", "GetSessionToken", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"}),
)
