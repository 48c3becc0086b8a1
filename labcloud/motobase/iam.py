"""IAM and STS on moto 5.2.5: AWS-managed policies on demand, sessions that can be told apart, and reads.

moto 5.2.5 knows AWS-managed policies only if it parses all 1,582 of them at start, finds a session by walking a list
that only grows, lets anybody assume roles that do not exist, calls every unknown key a user named "moto", deletes
policies that are still attached, and loses a role's description when UpdateRole does not repeat it.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.exceptions import ServiceException
from moto.core.utils import utcnow
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend, ManagedPolicy, Role, User, iam_backends
from moto.sts.models import AssumedRole, STSBackend, sts_backends

from labcloud.api import AccessKey, Caller
from labcloud.errors import AccessDenied, AwsError, NotAuthentic
from labcloud.motobase import hooks, iam_groups

PARTITION = "aws"
AWS_POLICY_PREFIX = f"arn:{PARTITION}:iam::aws:policy/"
AWS_KEY = re.compile("(AKIA|ASIA)[A-Z0-9]{16}")
UNKNOWN_KEY = "The security token included in the request is invalid."

USING_POLICIES = (
    "attach_role_policy",
    "attach_group_policy",
    "attach_user_policy",
    "detach_role_policy",
    "detach_group_policy",
    "detach_user_policy",
    "get_policy",
)
"""The backend's methods that look a managed policy up; all others go through get_policy."""

Policies = tuple[tuple[str, dict[str, Any]], ...]


class RolePolicies(NamedTuple):
    """Everything that decides what a role may do."""

    name: str
    arn: str
    trust: dict[str, Any]
    policies: Policies
    """(policy name, document): the inline ones, then the attached ones in their default versions."""
    boundary: dict[str, Any] | None


class UserPolicies(NamedTuple):
    """Everything that decides what an IAM user may do."""

    name: str
    arn: str
    policies: Policies
    """The user's own, then those of the user's groups."""


@dataclass(frozen=True)
class SessionCredentials:
    """What AssumeRole hands out."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expiration: dt.datetime
    arn: str


def install() -> None:
    """Puts the hooks in place."""
    if not hooks.first_time(__name__):
        return
    for name in USING_POLICIES:
        hooks.replace(IAMBackend, name, _knowing_aws_policies(name))
    hooks.replace(IAMBackend, "list_policies", list_policies)
    hooks.replace(IAMBackend, "delete_policy", delete_policy)
    hooks.replace(IAMBackend, "update_role", update_role)
    iam_groups.install()
    hooks.replace(STSBackend, "assume_role", assume_role)
    hooks.replace(STSBackend, "get_assumed_role_from_access_key", get_assumed_role_from_access_key)
    hooks.replace(STSBackend, "get_caller_identity", get_caller_identity)


# Reads for the rest of the cloud


def role_policies(account_id: str, role_arn: str) -> RolePolicies | None:
    """A role's trust, policies and boundary; None if there is no such role."""
    backend = _iam(account_id)
    role = _role(backend, role_arn)
    if role is None:
        return None
    trust = json.loads(role.assume_role_policy_document)
    return RolePolicies(role.name, role.arn, trust, _policies(role), _boundary(backend, role.permissions_boundary_arn))


def user_policies(account_id: str, user_arn: str) -> UserPolicies | None:
    """A user's policies (moto keeps no boundaries of users); None if there is no such user."""
    backend = _iam(account_id)
    for user in backend.users.values():
        if user.arn == user_arn:
            groups = [group for group in backend.groups.values() if user in group.users]
            of_groups = tuple(policy for group in groups for policy in _policies(group))
            return UserPolicies(user.name, user.arn, _policies(user) + of_groups)
    return None


def arn_of(account_id: str, kind: str, name: str) -> str | None:
    """The ARN of a role, user, group or instance profile with its path; None if there is none of that name."""
    backend = _iam(account_id)
    holders = {
        "role": backend.roles,
        "user": backend.users,
        "group": backend.groups,
        "instance-profile": backend.instance_profiles,
    }
    found = next((each for each in holders.get(kind, {}).values() if each.name == name), None)
    return found.arn if found else None


def principal_exists(account_id: str, arn: str) -> bool:
    """Whether a user or role that a policy names exists; other accounts and whole accounts are taken on trust."""
    parts = arn.split(":", 5)
    kind = parts[5].partition("/")[0] if len(parts) == 6 else ""
    if kind not in ("user", "role") or parts[4] != account_id:
        return True
    backend = _iam(account_id)
    holders = backend.users if kind == "user" else backend.roles
    return any(holder.arn == arn for holder in holders.values())


def access_key(access_key_id: str) -> AccessKey:
    """Whom a key stands for: a role's session, an IAM user, or (any word that AWS's keys do not look like) the
    account's administrator, whatever the secret is.

    Raises NotAuthentic for keys in AWS's form that this cloud does not know (any more), are Inactive or have expired.
    """
    for account_id in list(iam_backends):
        backend = _iam(account_id)
        if access_key_id in backend.access_keys:
            session = _session(account_id, access_key_id)
            if session is not None:
                caller = Caller(account_id, session.arn, access_key_id, session.role_arn, session.policy or "")
                return AccessKey(caller, session.secret_access_key, session.session_token)
            user = backend.get_user_from_access_key_id(access_key_id)
            if user is not None:
                secret = _active_secret(user, access_key_id)
                return AccessKey(Caller(account_id, user.arn, access_key_id), secret)
    if AWS_KEY.fullmatch(access_key_id):
        raise NotAuthentic(UNKNOWN_KEY)
    return AccessKey(Caller(DEFAULT_ACCOUNT_ID, f"arn:{PARTITION}:iam::{DEFAULT_ACCOUNT_ID}:root", access_key_id))


def caller_of(access_key_id: str) -> Caller:
    """Who signs with this key. Raises NotAuthentic."""
    return access_key(access_key_id).caller


def unique_id(caller: Caller) -> str:
    """The UserId that GetCallerIdentity answers: of a role's session, of an IAM user, or the account's own."""
    backend = _iam(caller.account_id)
    if caller.role_arn is not None and (session := _session(caller.account_id, caller.access_key_id)) is not None:
        return str(session.user_id)
    user = backend.get_user_from_access_key_id(caller.access_key_id) if not caller.is_administrator else None
    return caller.account_id if user is None else str(user.id)


def session_credentials(
    account_id: str, role_arn: str, session_name: str, duration_s: int = 3600, region: str = "us-east-1"
) -> SessionCredentials:
    """Credentials of a new session of the role, for a service that has assumed it (trust is the caller's concern)."""
    session = sts_backends[account_id][PARTITION].assume_role(
        region_name=region,
        role_session_name=session_name,
        role_arn=role_arn,
        policy="",
        duration=duration_s,
        external_id="",
    )
    return SessionCredentials(
        access_key_id=session.access_key_id,
        secret_access_key=session.secret_access_key,
        session_token=session.session_token,
        expiration=session.expiration.replace(tzinfo=dt.UTC),
        arn=session.arn,
    )


def _active_secret(user: User, access_key_id: str) -> str:
    key = next(key for key in user.access_keys if key.access_key_id == access_key_id)
    if key.status != "Active":
        raise NotAuthentic(UNKNOWN_KEY)
    return str(key.secret_access_key)


# Hooks: AWS-managed policies


def aws_managed_policy(arn: str, account_id: str) -> AWSManagedPolicy | None:
    """The AWS-managed policy of that ARN, cut out of moto's one large JSON text; None if AWS has no such policy."""
    if not arn.startswith(AWS_POLICY_PREFIX):
        return None
    name = arn.rsplit("/", 1)[1]
    marker = f'\n "{name}":'
    found = aws_managed_policies_data.find(marker)
    if found < 0 or not name:
        return None
    data, _ = json.JSONDecoder().raw_decode(aws_managed_policies_data, found + len(marker))
    policy = AWSManagedPolicy.from_data(name, account_id, PARTITION, data)
    return policy if policy.arn == arn else None


def list_policies(
    self: IAMBackend, marker: str | None, max_items: int, only_attached: bool, path_prefix: str, scope: str
) -> Any:
    """A list with AWS's own policies needs all of them."""
    if scope != "Local" and not only_attached:
        for name, data in json.loads(aws_managed_policies_data).items():
            _keep(self, AWSManagedPolicy.from_data(name, self.account_id, self.region_name, data))
    return hooks.stock(IAMBackend, "list_policies")(self, marker, max_items, only_attached, path_prefix, scope)


def delete_policy(self: IAMBackend, policy_arn: str) -> None:
    """A policy that is attached stays."""
    policy = self.get_policy(policy_arn)
    holders = (*self.roles.values(), *self.users.values(), *self.groups.values())
    if any(policy.arn in holder.managed_policies for holder in holders):
        message = "Cannot delete a policy attached to entities."
        raise AwsError(message, code="DeleteConflict", status=409)
    hooks.stock(IAMBackend, "delete_policy")(self, policy_arn)


def update_role(self: IAMBackend, role_name: str, role_description: str | None, max_session_duration: Any) -> Role:
    """What is not named stays."""
    kept = self.get_role(role_name).description if role_description is None else role_description
    role: Role = hooks.stock(IAMBackend, "update_role")(self, role_name, kept, max_session_duration)
    return role


def _knowing_aws_policies(name: str) -> Any:
    def use(self: IAMBackend, policy_arn: str, *arguments: Any, **named: Any) -> Any:
        if policy_arn not in self.managed_policies:
            policy = aws_managed_policy(policy_arn, self.account_id)
            if policy is not None:
                _keep(self, policy)
        return hooks.stock(IAMBackend, name)(self, policy_arn, *arguments, **named)

    return use


def _keep(backend: IAMBackend, policy: AWSManagedPolicy) -> None:
    if policy.arn not in backend.managed_policies:
        backend.managed_policies[policy.arn] = policy
        backend.aws_managed_policies.append(policy)


# Hooks: sessions


def assume_role(
    self: STSBackend,
    region_name: str,
    role_session_name: str,
    role_arn: str,
    policy: str,
    duration: int,
    external_id: str,
) -> AssumedRole:
    """A session of a role that exists, for no longer than the role allows."""
    account_id = role_arn.split(":")[4] if role_arn.count(":") >= 5 else self.account_id
    role = _role(_iam(account_id), role_arn)
    if role is None:
        who = f"arn:{PARTITION}:iam::{self.account_id}:root"
        message = f"User: {who} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
        raise AccessDenied(message, code="AccessDenied")
    if duration > int(role.max_session_duration or 3600):
        message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        raise AwsError(message, code="ValidationError")
    _forget_expired(sts_backends[account_id][PARTITION])
    stock = hooks.stock(STSBackend, "assume_role")
    session = stock(self, region_name, role_session_name, role_arn, policy, duration, external_id)
    _sessions(sts_backends[account_id][PARTITION])[session.access_key_id] = session
    return session


def get_assumed_role_from_access_key(self: STSBackend, access_key_id: str) -> AssumedRole | None:
    """Looked up instead of searched for."""
    return _sessions(self).get(access_key_id)


def get_caller_identity(self: STSBackend, access_key_id: str, region: str) -> tuple[str, str, str]:
    """(user id, ARN, account id), as `caller_of` says."""
    caller = caller_of(access_key_id)
    if caller.role_arn is not None:
        return self.get_assumed_role_from_access_key(access_key_id).user_id, caller.arn, caller.account_id  # type: ignore[union-attr]
    user = _iam(caller.account_id).get_user_from_access_key_id(access_key_id)
    return (user.id if user else caller.account_id), caller.arn, caller.account_id


def _sessions(backend: STSBackend) -> dict[str, AssumedRole]:
    if not hasattr(backend, "lab_sessions"):
        backend.lab_sessions = {session.access_key_id: session for session in backend.assumed_roles}
    return backend.lab_sessions


def _session(account_id: str, access_key_id: str) -> AssumedRole | None:
    session = _sessions(sts_backends[account_id][PARTITION]).get(access_key_id)
    if session is not None and session.expiration < utcnow():
        raise NotAuthentic("The security token included in the request is expired", code="ExpiredTokenException")
    return session


def _forget_expired(backend: STSBackend) -> None:
    """Sessions that ended more than an hour ago: until then their keys are told to be expired."""
    limit = utcnow() - dt.timedelta(hours=1)
    for key in [key for key, session in _sessions(backend).items() if session.expiration < limit]:
        session = backend.lab_sessions.pop(key)
        backend.assumed_roles.remove(session)
        _iam(backend.account_id).access_keys.pop(key, None)


def _iam(account_id: str) -> IAMBackend:
    return iam_backends[account_id][PARTITION]


def _role(backend: IAMBackend, role_arn: str) -> Role | None:
    name = role_arn.rsplit("/", 1)[-1]
    return next((role for role in backend.roles.values() if role.name == name and role.arn == role_arn), None)


def _policies(holder: Any) -> Policies:
    inline = [(name, json.loads(document)) for name, document in holder.policies.items()]
    attached = [(policy.name, _document(policy)) for policy in holder.managed_policies.values()]
    return (*inline, *attached)


def _document(policy: ManagedPolicy) -> dict[str, Any]:
    default = next(version for version in policy.versions if version.is_default)
    return json.loads(default.document)


def _boundary(backend: IAMBackend, arn: str | None) -> dict[str, Any] | None:
    """A boundary that no longer exists allows nothing."""
    if not arn:
        return None
    try:
        return _document(backend.get_policy(arn))
    except ServiceException:
        return {"Version": "2012-10-17", "Statement": []}
