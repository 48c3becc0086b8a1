"""What roles and users may do: services that act through a role (rules, functions), sessions of roles, IAM users."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from labcloud.api import ApiRequest, Caller, Scope
from labcloud.errors import AccessDenied, Refused
from labcloud.iam import (
    AccessRequest,
    Cause,
    Decision,
    PolicyError,
    RolePolicies,
    UserPolicies,
    access_denied_message,
    decide_for_role,
    evaluate,
    may_assume,
    parse_policy,
    trusts,
)
from labcloud.iam.permissions.table import Resolve
from labcloud.iam.policy import Named, Policy
from labcloud.iam.requests import permissions_of

ReadRole = Callable[[str], RolePolicies | None]
"""From a role's ARN to its policies; None: there is no such role."""
ReadUser = Callable[[str], UserPolicies | None]
"""From a user's ARN to the policies; None: there is no such user."""
ResolveIn = Callable[[Scope], Resolve]
"""What only an account's state knows of names, by account and region."""
ASSUME = "sts:AssumeRole"

MOST_REMEMBERED = 10_000

Asked = tuple[Any, ...]
"""A service's request through a role. No policy looks at the time, so what was allowed stays so until IAM changes."""

TablesOf = Callable[[str], Sequence[tuple[str, str]]]
"""From a Timestream query to the (database, table) pairs that it reads; raises AwsError for a query that cannot be read."""


class Roles:
    """Decides by the policies as they are at this moment; documents are parsed once until `forget`."""

    def __init__(self, read_role: ReadRole, read_user: ReadUser, tables_of: TablesOf, resolve_in: ResolveIn) -> None:
        self._read_role = read_role
        self._read_user = read_user
        self._tables_of = tables_of
        self._resolve_in = resolve_in
        self._known: dict[str, RolePolicies | None] = {}
        self._users: dict[str, UserPolicies | None] = {}
        self._allowed: set[Asked] = set()

    def forget(self) -> None:
        """IAM has changed: read roles and users anew."""
        self._known, self._users, self._allowed = {}, {}, set()

    def decide(
        self, role_arn: str, service: str, action: str, resource: str, context: Mapping[str, Any]
    ) -> tuple[Decision | None, str]:
        """A service's request through a role: the decision and the reason. No decision: the role does not exist."""
        role = self._role(role_arn)
        if role is None:
            return None, f"role {role_arn or '(none given)'} does not exist"
        decision = decide_for_role(role, service, action, resource, context)
        return decision, "" if decision.allowed else decision.reason

    def require(self, role_arn: str, service: str, action: str, resource: str, context: Mapping[str, str]) -> None:
        """Raises Refused, with the reason and AWS's own message, unless the role may do it for the service."""
        allowed = self._allowed  # of the policies as they are now: what is decided meanwhile goes with them
        asked = (role_arn, service, action, resource, *context, *context.values())
        if asked in allowed:
            return
        decision, reason = self.decide(role_arn, service, action, resource, context)
        if decision is not None and decision.allowed:
            if len(allowed) < MOST_REMEMBERED:
                allowed.add(asked)
            return
        if decision is None:
            raise Refused(reason, f"Unable to assume role {role_arn}: {reason}", "sts:AssumeRole")
        missing = decision.missing.action if decision.missing else action
        message = access_denied_message(_session_arn(role_arn), missing, resource, decision)
        raise Refused(reason, message, missing)

    def why_not_assumed(self, role_arn: str, service: str, context: Mapping[str, Any]) -> str | None:
        """None: the service may assume the role; else the reason."""
        role = self._role(role_arn)
        if role is None:
            return f"role {role_arn or '(none given)'} does not exist"
        decision = trusts(role.trusted, service, context, role_name=role.name, role_arn=role.arn)
        return None if decision.allowed else decision.reason

    def authorise(self, request: ApiRequest) -> None:
        """Raises AccessDenied with AWS's message unless the caller's policies allow what the request asks.

        The account's administrator (any word that is no access key) may do everything but assume roles that
        trust somebody else.
        """
        if (request.service, request.operation) == ("sts", "AssumeRole"):
            self._authorise_assuming(request)
            return
        caller = request.caller
        if caller.is_administrator:
            return
        holder = self._holder(caller)
        needed = permissions_of(
            request.service,
            request.operation,
            request.parameters,
            request.region,
            request.account_id,
            resolve=self._resolve_in(request.scope),
            timestream_tables=self._tables_of,
        )
        for need in needed:
            decision = _evaluate(holder, caller, need.action, need.resource, need.context)
            if not decision.allowed:
                raise AccessDenied(access_denied_message(caller.arn, need.action, need.resource, decision))

    def _authorise_assuming(self, request: ApiRequest) -> None:
        """The role's trust policy has to let the caller in; where it names only the account, the caller's own too."""
        caller, role_arn = request.caller, str(request.parameters.get("RoleArn", ""))
        role = self._role(role_arn)
        given = {"ExternalId": "sts:ExternalId", "RoleSessionName": "sts:RoleSessionName"}
        context = {key: request.parameters[name] for name, key in given.items() if name in request.parameters}
        how = may_assume(role.trusted, role_arn, caller.arn, context) if role else None
        if how is not None and caller.is_administrator:
            return
        if how is not None:
            decision = _evaluate(self._holder(caller), caller, ASSUME, role_arn, context)
            if decision.allowed or (how != "account" and decision.cause is not Cause.EXPLICIT_DENY):
                return
        raise AccessDenied(f"User: {caller.arn} is not authorized to perform: {ASSUME} on resource: {role_arn}")

    def why_not(self, caller: Caller, action: str, resource: str, context: Mapping[str, Any]) -> str | None:
        """None: the caller may do this one action; else the reason. For what does not come as an API request."""
        if caller.is_administrator:
            return None
        try:
            decision = _evaluate(self._holder(caller), caller, action, resource, context)
        except AccessDenied as gone:
            return gone.message
        return None if decision.allowed else decision.reason

    def _holder(self, caller: Caller) -> RolePolicies | UserPolicies:
        """Whose policies decide. Raises AccessDenied if they are gone."""
        if caller.role_arn is not None:
            holder: RolePolicies | UserPolicies | None = self._role(caller.role_arn)
        else:
            known = self._users  # not the ones that come with a change while the user is read
            if caller.arn not in known:
                known[caller.arn] = self._read_user(caller.arn)
            holder = known[caller.arn]
        if holder is None:
            kind, arn = ("role", caller.role_arn) if caller.role_arn else ("user", caller.arn)
            raise AccessDenied(
                f"The {kind} {arn} does not exist any more.", code="UnrecognizedClientException", status=403
            )
        return holder

    def _role(self, role_arn: str) -> RolePolicies | None:
        known = self._known  # not the one that comes with a change while the role is read
        if role_arn not in known:
            known[role_arn] = self._read_role(role_arn)
        return known[role_arn]


def _evaluate(
    holder: RolePolicies | UserPolicies, caller: Caller, action: str, resource: str, context: Mapping[str, Any]
) -> Decision:
    kind, principal = ("role", holder.arn) if caller.role_arn else ("user", caller.arn)
    asked = AccessRequest(principal, action, resource, context, f"{kind} {holder.name}")
    session = [_session_limit(caller.session_policy)] if caller.session_policy else None
    return evaluate(asked, holder.policies, boundary=holder.limit, session_policies=session)


@lru_cache(maxsize=256)
def _session_limit(document: str) -> Named:
    """One that cannot be read allows nothing."""
    try:
        return "session policy", parse_policy(document)
    except PolicyError:
        return "session policy", Policy("2012-10-17", (), (), ())


def _session_arn(role_arn: str) -> str:
    account_id, name = role_arn.split(":")[4] if role_arn.count(":") >= 5 else "", role_arn.rsplit("/", 1)[-1]
    return f"arn:aws:sts::{account_id}:assumed-role/{name}/iot"
