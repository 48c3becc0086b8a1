"""AWS's own wording of a refusal, as SDKs and the command line show it."""

from __future__ import annotations

from labcloud.iam.decision import Cause, Decision

_ARTICLE = {"identity-based": "an identity-based policy", "resource-based": "a resource-based policy"}


def access_denied_message(caller_arn: str, action: str, resource: str, decision: Decision) -> str:
    """Writes the AccessDenied message. Source: IAM User Guide, "Troubleshoot access denied error messages"."""
    refused = f"User: {caller_arn} is not authorized to perform: {action} on resource: {resource}"
    layer = decision.layer
    if decision.cause is Cause.EXPLICIT_DENY:
        kind = _ARTICLE.get(layer) or (f"a {layer}" if layer.endswith(("boundary", "policy")) else f"a {layer} policy")
        return f"{refused} with an explicit deny in {kind}"
    if decision.cause is Cause.TRUST:
        return f"{refused} because no resource-based policy allows the {action} action"
    kind = layer if layer.endswith(("boundary", "policy")) else f"{layer} policy"
    return f"{refused} because no {kind} allows the {action} action"
