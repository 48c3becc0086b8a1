"""Whether the policy of a queue or topic lets a service write to it. Source: IAM User Guide, "Policy evaluation logic"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labcloud.errors import AccessDenied
from labcloud.iam.resource_policy import service_refused


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
    more = {"aws:SourceOwner": source_owner} if source_owner else {}
    documents = [dict(document)] if document else []
    why = service_refused(documents, service, action, resource, source_arn, account_id, more)
    if why is not None:
        raise AccessDenied(why)
