"""Decides one request in one account: explicit deny, then resource or identity allow, then session and boundary.

Source: IAM User Guide, "Policy evaluation logic" and "Evaluating identity-based policies with resource-based
policies". Never decides across accounts and knows no organization policies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from labcloud.iam.context import Context, Value
from labcloud.iam.decision import Cause, Decision, Missing
from labcloud.iam.explain import explain_no_allow, subject_of
from labcloud.iam.policy import Named, Statement

IDENTITY, RESOURCE, BOUNDARY, SESSION = "identity-based", "resource-based", "permissions boundary", "session"
_UNBOUNDED = frozenset({"user", "session"})
"""Named this way by a resource policy, a principal is not held back by a boundary or session policy's silence."""


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """Who wants to do what on which resource; `context` has condition keys such as aws:SourceIp.

    Keys that follow from the principal, such as aws:username and aws:PrincipalArn, need not be in it.
    """

    principal_arn: str
    action: str
    resource: str
    context: Mapping[str, Value] = field(default_factory=dict)
    subject: str = ""
    """How messages call the principal, for example "role iot_role"; made from the ARN if empty."""

    @property
    def called(self) -> str:
        return self.subject or subject_of(self.principal_arn)


def evaluate(
    request: AccessRequest,
    identity_policies: Sequence[Named] = (),
    resource_policies: Sequence[Named] = (),
    boundary: Named | None = None,
    session_policies: Sequence[Named] | None = None,
) -> Decision:
    """Decides the request from the policies of its principal and its resource, all of one account."""
    context = Context(request.context, request.principal_arn)
    own = [
        (IDENTITY, identity_policies),
        (SESSION, session_policies or ()),
        (BOUNDARY, (boundary,) if boundary else ()),
    ]
    for layer, policies in own:
        found = _find(request, context, policies, "denies")
        if found:
            return _denied(request, layer, *found)
    granted: tuple[str, Statement] | None = None
    how: str | None = None
    if resource_policies:
        denied = _find_for_principal(request, context, resource_policies, "denies")
        if denied:
            return _denied(request, RESOURCE, denied[0], denied[1])
        granted, how = _resource_grant(request, context, resource_policies)
    layer = RESOURCE
    if granted is None:
        layer, granted = IDENTITY, _find(request, context, identity_policies, "allows")
        if granted is None:
            return _lacking(request, context, IDENTITY, identity_policies)
    if how not in _UNBOUNDED:
        for limit, policies in own[1:]:
            is_set = session_policies is not None if limit == SESSION else boundary is not None
            if is_set and not _find(request, context, policies, "allows"):
                return _lacking(request, context, limit, policies)
    return _allowed(request, layer, *granted)


def _find(
    request: AccessRequest, context: Context, policies: Sequence[Named], which: str
) -> tuple[str, Statement] | None:
    for name, policy in policies:
        for statement in getattr(policy, which):
            if statement.applies(request.action, request.resource, context):
                return name, statement
    return None


def _find_for_principal(
    request: AccessRequest, context: Context, policies: Sequence[Named], which: str
) -> tuple[str, Statement, str] | None:
    """Finds a statement for the principal; one that names it itself rather than its account goes first."""
    best = None
    for name, policy in policies:
        for statement in getattr(policy, which):
            how = statement.principals.match(request.principal_arn) if statement.principals else None
            if how and statement.applies(request.action, request.resource, context):
                if how != "account":
                    return name, statement, how
                best = best or (name, statement, how)
    return best


def _resource_grant(
    request: AccessRequest, context: Context, policies: Sequence[Named]
) -> tuple[tuple[str, Statement] | None, str | None]:
    """Looks for an allow; one to the whole account only delegates to the account's identity policies."""
    found = _find_for_principal(request, context, policies, "allows")
    if found is None or found[2] == "account":
        return None, None
    return (found[0], found[1]), found[2]


def _allowed(request: AccessRequest, layer: str, name: str, statement: Statement) -> Decision:
    return Decision(
        True,
        Cause.ALLOWED,
        layer,
        f"{name} {statement.label}",
        None,
        lambda: f"policy {name} {statement.label} allows {request.action} on {request.resource}",
    )


def _denied(request: AccessRequest, layer: str, name: str, statement: Statement, how: str = "") -> Decision:
    return Decision(
        False,
        Cause.EXPLICIT_DENY,
        layer,
        f"{name} {statement.label}",
        Missing(request.action, request.resource),
        lambda: (
            f"{request.called} may not do {request.action} on {request.resource}: "
            f"explicitly denied by policy {name} {statement.label}"
        ),
    )


def _lacking(request: AccessRequest, context: Context, layer: str, policies: Sequence[Named]) -> Decision:
    limit = "" if layer == IDENTITY else f" because of its {layer if layer == BOUNDARY else 'session policy'}"
    return Decision(
        False,
        Cause.NO_ALLOW,
        layer,
        None if layer == IDENTITY else ", ".join(name for name, _ in policies) or None,
        Missing(request.action, request.resource),
        lambda: explain_no_allow(request.called, request.action, request.resource, context, policies, limit),
    )
