"""What roles may do: for services that act through a role (rules, functions) and for callers who have assumed one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from labcloud.api import ApiRequest, Caller
from labcloud.errors import AccessDenied, Refused
from labcloud.iam import AccessRequest, Decision, RolePolicies, access_denied_message, decide_for_role, evaluate, trusts
from labcloud.iam.requests import permissions_of

ReadRole = Callable[[str], RolePolicies | None]
"""From a role's ARN to its policies; None: there is no such role."""

MOST_REMEMBERED = 10_000

Asked = tuple[Any, ...]
"""A service's request through a role. No policy looks at the time, so what was allowed stays so until IAM changes."""

TablesOf = Callable[[str], Sequence[tuple[str, str]]]
"""From a Timestream query to the (database, table) pairs that it reads; raises AwsError for a query that cannot be read."""


class Roles:
    """Decides by the roles' policies as they are at this moment; documents are parsed once until `forget`."""

    def __init__(self, read_role: ReadRole, tables_of: TablesOf) -> None:
        self._read_role = read_role
        self._tables_of = tables_of
        self._known: dict[str, RolePolicies | None] = {}
        self._allowed: set[Asked] = set()

    def forget(self) -> None:
        """IAM has changed: read the roles anew."""
        self._known, self._allowed = {}, set()

    def decide(
        self, role_arn: str, service: str, action: str, resource: str, context: Mapping[str, Any]
    ) -> tuple[Decision | None, str]:
        """A service's request through a role: the decision and the reason. No decision: the role does not exist."""
        role = self._role(role_arn)
        if role is None:
            return None, f"role {role_arn or '(none given)'} does not exist"
        decision = decide_for_role(role, service, action, resource, context)
        return decision, "" if decision.allowed else decision.reason

    def require(self, role_arn: str, service: str, action: str, resource: str, context: Mapping[str, Any]) -> None:
        """Raises Refused, with the reason and AWS's own message, unless the role may do it for the service."""
        allowed = self._allowed  # of the policies as they are now: what is decided meanwhile goes with them
        asked = (role_arn, service, action, resource, *((key, str(value)) for key, value in context.items()))
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
        """Raises AccessDenied with AWS's message unless the caller's role allows what the request asks.

        The account's administrator (any key pair that the cloud did not issue) may do everything.
        """
        caller = request.caller
        if caller.role_arn is None:
            return
        role = self._role(caller.role_arn)
        if role is None:
            raise AccessDenied(
                f"The role {caller.role_arn} does not exist any more.", code="UnrecognizedClientException", status=403
            )
        needed = permissions_of(
            request.service,
            request.operation,
            request.parameters,
            request.region,
            request.account_id,
            timestream_tables=self._tables_of,
        )
        for need in needed:
            decision = _evaluate(role, need.action, need.resource, need.context)
            if not decision.allowed:
                raise AccessDenied(access_denied_message(caller.arn, need.action, need.resource, decision))

    def why_not(self, caller: Caller, action: str, resource: str, context: Mapping[str, Any]) -> str | None:
        """None: the caller may do this one action; else the reason. For what does not come as an API request."""
        if caller.role_arn is None:
            return None
        role = self._role(caller.role_arn)
        if role is None:
            return f"role {caller.role_arn} does not exist"
        decision = _evaluate(role, action, resource, context)
        return None if decision.allowed else decision.reason

    def _role(self, role_arn: str) -> RolePolicies | None:
        known = self._known  # not the one that comes with a change while the role is read
        if role_arn not in known:
            known[role_arn] = self._read_role(role_arn)
        return known[role_arn]


def _evaluate(role: RolePolicies, action: str, resource: str, context: Mapping[str, Any]) -> Decision:
    asked = AccessRequest(role.arn, action, resource, context, f"role {role.name}")
    return evaluate(asked, role.policies, boundary=role.limit)


def _session_arn(role_arn: str) -> str:
    account_id, name = role_arn.split(":")[4] if role_arn.count(":") >= 5 else "", role_arn.rsplit("/", 1)[-1]
    return f"arn:aws:sts::{account_id}:assumed-role/{name}/iot"
