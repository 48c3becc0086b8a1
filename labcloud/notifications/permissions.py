"""Whether the policy of a queue or topic lets a service write to it. Source: IAM User Guide, "Policy evaluation logic"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labcloud.errors import AccessDenied
from labcloud.iam import AccessRequest, PolicyError, evaluate, parse_policy


def require_permission(
    document: Mapping[str, Any] | None,
    service: str,
    action: str,
    resource: str,
    source_arn: str,
    account_id: str,
    *,
    source_owner: str | None = None,
) -> None:
    """Raises AccessDenied with the reason unless the resource's policy allows the service for this source.

    `source_owner`: the account in whose name a service acts too (CloudWatch alarms), so that a topic's default policy,
    which asks for aws:SourceOwner, lets it in.
    """
    if not document or not document.get("Statement"):
        raise AccessDenied(f"{resource} has no policy that lets {service} do {action}")
    context = {"aws:SourceArn": source_arn, "aws:SourceAccount": account_id}
    principals = [service]
    if source_owner:
        context["aws:SourceOwner"] = source_owner
        principals.append(f"arn:aws:iam::{source_owner}:root")
    try:
        policies = [("of the resource", parse_policy(document))]
    except PolicyError as error:
        raise AccessDenied(f"the policy of {resource} is not valid: {error}") from error
    requests = [AccessRequest(principal, action, resource, context, service) for principal in principals]
    decisions = [evaluate(request, resource_policies=policies) for request in requests]
    if not any(decision.allowed for decision in decisions):
        raise AccessDenied(decisions[0].reason)
