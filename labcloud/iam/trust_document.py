"""Whether IAM takes a role's trust policy. Pure but for `exists`, which tells of users and roles of the account.

That a principal does not exist is not said in AWS's words: see doc/decisions/006.
Source: IAM User Guide, "Troubleshoot IAM policies", "IAM JSON policy elements: Principal"; the sentences as users of
AWS report them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from labcloud.iam.known_services import is_known_service
from labcloud.iam.parser import PolicyError, parse_policy
from labcloud.iam.policy import Statement

ACTIONS = (
    *("sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity"),
    *("sts:tagsession", "sts:setsourceidentity", "sts:setcontext", "sts:*"),
)


def complaint_about_trust(document: str, exists: Callable[[str], bool]) -> str | None:
    """IAM's sentence about the first fault; None if it takes the document."""
    try:
        written = json.loads(document)
    except ValueError:
        return "This policy contains invalid Json"
    try:
        policy = parse_policy(written)
    except PolicyError as fault:
        return str(fault)
    return next(_faults(policy.statements, exists), None)


def _faults(statements: tuple[Statement, ...], exists: Callable[[str], bool]) -> Iterator[str]:
    if any(statement.resources is not None for statement in statements):
        yield "Has prohibited field Resource"
    for statement in statements:
        if statement.principals is None:
            yield "Missing required field Principal"
            continue
        if any(action.lower() not in ACTIONS for action in statement.actions.written):
            yield "AssumeRole policy may only specify STS AssumeRole actions."
        for kind, names in statement.principals.by_kind.items():
            for name in names:
                if (kind == "Service" and not is_known_service(name)) or (kind == "AWS" and not exists(name)):
                    yield f'The policy names a principal that does not exist: "{kind.upper()}":"{name}"'
