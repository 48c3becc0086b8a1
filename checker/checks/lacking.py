"""Which AWS services a target turned out to lack when Terraform deployed: what builds on them is skipped, not failed. Pure.

The kit's own cloud has no excuse: there a gap is our error (see session.py). This is for AWS in regions or accounts without
a service, and for other people's clouds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from checker.target import Target
from checker.terraform import TerraformFailed

NOT_SERVED = ("NotImplementedException", "StatusCode: 501")
LACKING = (*NOT_SERVED, "UnknownError", "UnknownOperation", "UnsupportedOperation", "InvalidAction", "no such host")
CLOSED = "only existing Timestream"
OPERATION = re.compile(r"operation error ([\w ]+): \w+,")
SERVICES = {
    "IoT": "iot",
    "DynamoDB": "dynamodb",
    "Timestream Write": "timestream",
    "Timestream Query": "timestream",
    "Lambda": "lambda",
    "EventBridge": "events",
    "CloudWatch Logs": "logs",
    "IAM": "iam",
    "QuickSight": "quicksight",
}
"""The names of AWS's SDK for Go, which the provider shows, and those in part.toml."""


@dataclass(frozen=True)
class Lacking:
    """The services that are not there, in part.toml's names, and the sentence that says so."""

    services: frozenset[str]
    because: str


def find_lacking(failure: TerraformFailed, target: Target) -> Lacking | None:
    """What a failed apply says about services that the target lacks; None: the failure has other causes."""
    if target.name == "local":
        return None
    texts = [f"{diagnostic.summary} {diagnostic.detail}" for diagnostic in failure.diagnostics]
    telling = [text for text in texts if any(sign in text for sign in (*LACKING, CLOSED))]
    names = {name for text in telling for name in OPERATION.findall(text) if name in SERVICES}
    if not names:
        return None
    shown = ", ".join(sorted(names))
    return Lacking(frozenset(SERVICES[name] for name in names), f"{target.name} does not serve {shown}")
