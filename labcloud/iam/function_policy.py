"""A Lambda function's resource policy: may this service, for this source, invoke the function?

Source: Lambda developer guide, "Using resource-based policies for Lambda".
"""

from __future__ import annotations

from labcloud.iam.context import Context
from labcloud.iam.decision import Cause, Decision, Missing
from labcloud.iam.evaluate import RESOURCE
from labcloud.iam.parser import Document, PolicyError, parse_policy
from labcloud.iam.policy import Policy, Statement

INVOKE = "lambda:InvokeFunction"


def invoke_allowed(
    policy_doc: Document | None,
    service_principal: str,
    source_arn: str | None = None,
    source_account: str | None = None,
    *,
    function_arn: str | None = None,
) -> Decision:
    """Decides an invocation by a service; with `function_arn` the statement must be for it (name, version or alias)."""
    function = _name_of(function_arn) if function_arn else "the function"
    if policy_doc is None:
        sentence = f"{function} has no permission for {service_principal}: it has no resource policy at all"
        return _refused(function_arn, Cause.NO_ALLOW, None, sentence)
    try:
        policy = parse_policy(policy_doc)
    except PolicyError as fault:
        return _refused(function_arn, Cause.NO_ALLOW, None, f"the resource policy of {function} is not valid: {fault}")
    context = Context({"aws:SourceArn": source_arn or (), "aws:SourceAccount": source_account or ()})
    matching = [
        statement
        for statement in (*policy.denies, *policy.allows)
        if _is_for(statement, service_principal, function_arn) and statement.conditions_hold(context)
    ]
    if not matching:
        whom = f"{service_principal} from {source_arn}" if source_arn else service_principal
        near_miss = _near_miss(policy, service_principal, function_arn, context)
        sentence = f"{function} has no permission for {whom}: {near_miss}"
        return _refused(function_arn, Cause.NO_ALLOW, None, sentence)
    decisive = matching[0]
    if decisive.effect == "Deny":
        sentence = f"{function} may not be invoked by {service_principal}: explicitly denied by {decisive.label}"
        return _refused(function_arn, Cause.EXPLICIT_DENY, decisive, sentence)
    sentence = f"{decisive.label} of {function}'s resource policy lets {service_principal} invoke it"
    return Decision(True, Cause.ALLOWED, RESOURCE, decisive.label, None, lambda: sentence)


def _is_for(statement: Statement, principal: str, function_arn: str | None) -> bool:
    return (
        statement.principals is not None
        and statement.principals.match(principal) is not None
        and statement.actions.match(INVOKE)
        and (function_arn is None or statement.match_resource(function_arn, Context()))
    )


def _near_miss(policy: Policy, principal: str, function_arn: str | None, context: Context) -> str:
    others: list[str] = []
    for statement in policy.allows:
        if statement.principals is None or not statement.principals.match(principal):
            others.extend(statement.principals.names() if statement.principals else ())
        elif not statement.actions.match(INVOKE):
            return f"{statement.label} permits it {', '.join(statement.actions.written)}, not {INVOKE}"
        elif function_arn and not statement.match_resource(function_arn, context) and statement.resources:
            return f"{statement.label} is for {', '.join(statement.resources.shown(context))}, not {function_arn}"
        else:
            return f"{statement.label}: {_unmet(statement, context)}"
    return (
        f"its permissions are for {' and '.join(dict.fromkeys(others))}" if others else "its resource policy is empty"
    )


def _unmet(statement: Statement, context: Context) -> str:
    condition = next(each for each in statement.conditions if not each.holds(context))
    given = " and ".join(context.values(condition.key)) or "none"
    called = {"aws:sourcearn": "source ARN", "aws:sourceaccount": "source account"}.get(condition.key.lower())
    if called:
        return f"the permission is for {called} {' or '.join(condition.values)}, not {given}"
    return condition.why_not(context)


def _name_of(function_arn: str) -> str:
    return f"function {function_arn.split(':', 6)[-1]}"


def _refused(function_arn: str | None, cause: Cause, statement: Statement | None, sentence: str) -> Decision:
    decided_by = statement.label if statement else None
    return Decision(False, cause, RESOURCE, decided_by, Missing(INVOKE, function_arn or "*"), lambda: sentence)
