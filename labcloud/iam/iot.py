"""IoT policies: what a device's certificate may do over MQTT. `+` and `#` in an ARN are plain characters.

Source: AWS IoT Core developer guide, "AWS IoT Core policies" and its pages on policy variables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from labcloud.iam.context import Context, Value
from labcloud.iam.decision import Cause, Decision, Missing
from labcloud.iam.explain import explain_no_allow
from labcloud.iam.parser import Document, PolicyError, parse_policy
from labcloud.iam.policy import Named, Policy, Statement

LAYER = "IoT"


def decide_iot(
    policies: Sequence[tuple[str, Document | Policy]],
    action: str,
    resource_arn: str,
    context: Mapping[str, Value] | None = None,
    *,
    subject: str = "the certificate",
) -> Decision:
    """Decides one IoT action by the policies attached to a principal and its thing groups: a deny wins."""
    parsed, faults = _parsed(policies)
    given = Context(context)
    missing = Missing(action, resource_arn)
    for which in ("denies", "allows"):
        for name, policy in parsed:
            for statement in getattr(policy, which):
                if statement.applies(action, resource_arn, given):
                    return _decided(statement, f"{name} {statement.label}", missing, subject)

    def explain() -> str:
        return "; ".join([explain_no_allow(subject, action, resource_arn, given, parsed), *faults])

    return Decision(False, Cause.NO_ALLOW, LAYER, None, missing, explain)


def _decided(statement: Statement, by: str, wanted: Missing, subject: str) -> Decision:
    action, resource_arn = wanted
    if statement.effect == "Allow":
        return Decision(True, Cause.ALLOWED, LAYER, by, None, lambda: f"policy {by} allows {action} on {resource_arn}")
    return Decision(
        False,
        Cause.EXPLICIT_DENY,
        LAYER,
        by,
        wanted,
        lambda: f"{subject} may not do {action} on {resource_arn}: explicitly denied by policy {by}",
    )


def _parsed(policies: Sequence[tuple[str, Document | Policy]]) -> tuple[list[Named], list[str]]:
    parsed: list[Named] = []
    faults = []
    for name, document in policies:
        try:
            parsed.append((name, document if isinstance(document, Policy) else parse_policy(document, "iot")))
        except PolicyError as fault:
            faults.append(f"policy {name} is not valid: {fault}")
    return parsed, faults
