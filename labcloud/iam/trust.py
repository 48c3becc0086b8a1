"""Roles: who may assume one (its trust policy), and what a service that acts through it may do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from labcloud.iam.context import Context, Value
from labcloud.iam.decision import Cause, Decision, Missing
from labcloud.iam.documents import Documents
from labcloud.iam.evaluate import AccessRequest, evaluate
from labcloud.iam.parser import Document, PolicyError, parse_policy
from labcloud.iam.policy import Policy, Statement

ASSUME = "sts:AssumeRole"
TRUST = "trust policy"


@dataclass(frozen=True)
class RolePolicies(Documents):
    """A role with its documents; keep the object to have them compiled once."""

    name: str
    arn: str
    trust: Document
    identity: Sequence[tuple[str, Document]] = ()
    """Inline and attached policies, each with its name."""
    boundary: tuple[str, Document] | None = None
    faults: list[str] = field(default_factory=list, compare=False)

    @cached_property
    def trusted(self) -> Document | Policy:
        """The trust policy, parsed; the document itself if that cannot be done: `trusts` says why."""
        try:
            return parse_policy(self.trust)
        except PolicyError:
            return self.trust


def decide_for_role(
    role: RolePolicies, service: str, action: str, resource: str, context: Mapping[str, Value] | None = None
) -> Decision:
    """Decides what a service does through a role: may it assume the role, and may the role do this?"""
    assumed = trusts(role.trusted, service, context, role_name=role.name, role_arn=role.arn)
    if not assumed.allowed:
        return assumed
    request = AccessRequest(role.arn, action, resource, context or {}, f"role {role.name}")
    decision = evaluate(request, role.policies, boundary=role.limit)
    if decision.allowed or not role.faults:
        return decision
    why = decision.explain
    return Decision(
        False,
        decision.cause,
        decision.layer,
        decision.decided_by,
        decision.missing,
        lambda: f"{why()}; {'; '.join(role.faults)}",
    )


def may_assume(
    trust_policy: Document | Policy, role_arn: str, caller_arn: str, context: Mapping[str, Value]
) -> str | None:
    """How a role's trust policy lets a user or a role's session assume it: `account` only if the caller's own policies
    allow it too, another word by itself; None: it does not.

    Source: IAM User Guide, "Evaluating identity-based policies with resource-based policies" (trust policies).
    """
    try:
        policy = trust_policy if isinstance(trust_policy, Policy) else parse_policy(trust_policy)
    except PolicyError:
        return None
    given = Context(context, caller_arn)
    named = [
        (statement, how)
        for statement in (*policy.denies, *policy.allows)
        if (how := _names(statement, caller_arn)) and statement.applies(ASSUME, role_arn, given)
    ]
    if not named or named[0][0].effect == "Deny":
        return None
    ways = [how for _, how in named]
    return next((how for how in ways if how != "account"), "account")


def trusts(
    trust_policy: Document | Policy,
    principal: str,
    context: Mapping[str, Value] | None = None,
    *,
    action: str = ASSUME,
    role_name: str = "",
    role_arn: str = "*",
) -> Decision:
    """Decides whether a service (iot.amazonaws.com) or an ARN may assume the role that has this trust policy."""
    role = f"role {role_name}" if role_name else "the role"
    refused = f"{role} cannot be assumed by {principal}"
    try:
        policy = trust_policy if isinstance(trust_policy, Policy) else parse_policy(trust_policy)
    except PolicyError as fault:
        sentence = f"{refused}: its trust policy is not valid: {fault}"
        return _refused(None, role_arn, action, Cause.TRUST, sentence)
    given = Context(context)
    matching = [
        statement
        for statement in (*policy.denies, *policy.allows)
        if _names(statement, principal) and statement.applies(action, role_arn, given)
    ]
    if not matching:
        sentence = f"{refused}: {_whom_instead(policy, principal, action, given)}"
        return _refused(None, role_arn, action, Cause.TRUST, sentence)
    decisive = matching[0]
    if decisive.effect == "Deny":
        sentence = f"{refused}: its trust policy denies it explicitly in {decisive.label}"
        return _refused(decisive, role_arn, action, Cause.EXPLICIT_DENY, sentence)
    sentence = f"{role} trusts {principal} in {decisive.label}"
    return Decision(True, Cause.ALLOWED, TRUST, f"{TRUST} {decisive.label}", None, lambda: sentence)


def _names(statement: Statement, principal: str) -> str | None:
    return statement.principals.match(principal) if statement.principals else None


def _whom_instead(policy: Policy, principal: str, action: str, context: Context) -> str:
    trusted: list[str] = []
    for statement in policy.allows:
        if not _names(statement, principal):
            if statement.principals and not statement.principals.excluded:
                trusted.extend(name for name in statement.principals.names() if name not in trusted)
            continue
        if not statement.actions.match(action):
            return f"it trusts it for {', '.join(statement.actions.written)}, not for {action}"
        for condition in statement.conditions:
            if not condition.holds(context):
                return f"{condition.why_not(context)}"
    return f"it trusts {' and '.join(trusted)}" if trusted else "it trusts nobody"


def _refused(statement: Statement | None, role_arn: str, action: str, cause: Cause, sentence: str) -> Decision:
    decided_by = f"{TRUST} {statement.label}" if statement else TRUST
    return Decision(False, cause, TRUST, decided_by, Missing(action, role_arn), lambda: sentence)
