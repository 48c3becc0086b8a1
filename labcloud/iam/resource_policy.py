"""A resource's policy (queue, topic, log group): may this AWS service, for this source, do this to the resource?

Source: IAM User Guide, "AWS JSON policy elements: Principal": "*" and {"AWS": "*"} are everyone, services included.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from labcloud.iam.context import Context, Value
from labcloud.iam.parser import Document, PolicyError, parse_policy
from labcloud.iam.policy import Statement


def service_refused(
    documents: Iterable[Document],
    service: str,
    action: str,
    resource: str,
    source_arn: str,
    source_account: str,
    more: Mapping[str, Value] | None = None,
) -> str | None:
    """None: a statement lets the service do it and none denies it; else the sentence that says why not.

    `more`: further condition keys of the request.
    """
    keys = {"aws:SourceArn": source_arn, "aws:SourceAccount": source_account, "aws:PrincipalServiceName": service}
    context = Context({**keys, **(more or {}), "aws:PrincipalIsAWSService": True})
    statements: list[Statement] = []
    for document in documents:
        try:
            statements += parse_policy(document).statements
        except PolicyError as fault:
            return f"the policy of {resource} is not valid: {fault}"
    if not statements:
        return f"{resource} has no policy that lets {service} do {action}"
    fitting = [s for s in statements if _is_for(s, service) and s.applies(action, resource, context)]
    denial = next((s for s in fitting if s.effect == "Deny"), None)
    if denial is not None:
        return f"{denial.label} of the policy of {resource} denies {service} {action}"
    if fitting:
        return None
    return f"the policy of {resource} does not let {service} do {action} for {source_arn}: {_near_miss(statements, service, action, context)}"


def _is_for(statement: Statement, service: str) -> bool:
    principals = statement.principals
    if principals is None:
        return False
    everyone = "*" in principals.by_kind.get("AWS", ())
    return everyone != principals.excluded if everyone else principals.match(service) is not None


def _near_miss(statements: list[Statement], service: str, action: str, context: Context) -> str:
    for statement in statements:
        if statement.effect != "Allow" or not _is_for(statement, service):
            continue
        if not statement.actions.match(action):
            return f"{statement.label} allows it {', '.join(statement.actions.written)}"
        unmet = next((condition for condition in statement.conditions if not condition.holds(context)), None)
        return f"{statement.label}: {unmet.why_not(context)}" if unmet else f"{statement.label} is for another resource"
    return "no statement names it"
