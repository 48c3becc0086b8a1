"""Why nothing allows a request, said so that a learner can put it right: the nearest statement and what differs."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from labcloud.iam.context import Context
from labcloud.iam.operators import split_arn
from labcloud.iam.policy import Named, Statement
from labcloud.iam.principals import is_service, role_name_of

SHOWN_AT_MOST = 4


def subject_of(principal: str) -> str:
    """Names a principal by its ARN: `role iot_role`, `user ann`, `certificate 1a2b…`."""
    role = role_name_of(principal)
    if role:
        return f"role {role}"
    if is_service(principal):
        return principal
    kind, _, rest = principal.rpartition(":")[2].partition("/")
    if kind == "user":
        return f"user {rest.rpartition('/')[2]}"
    if kind == "cert":
        return f"certificate {rest[:8]}…"
    return principal or "the caller"


def explain_no_allow(
    subject: str, action: str, resource: str, context: Context, policies: Sequence[Named], limit: str = ""
) -> str:
    """Says what is missing and names the nearest miss: condition, resource, or action."""
    lacks = f"{subject} lacks {action} on {resource}{limit}"
    for near_miss in (_condition_not_met, _other_resource, _similar_action, _other_action):
        sentence = near_miss(action, resource, context, policies)
        if sentence:
            return f"{lacks}: {sentence}"
    if not policies:
        return f"{lacks}: no policy is attached to it"
    names = ", ".join(name for name, _ in policies)
    return (
        f"{lacks}: none of its policies ({names}) names the action"
        if len(policies) > 1
        else (f"{lacks}: its only policy, {names}, does not name the action")
    )


def _allows(policies: Sequence[Named]) -> Iterator[tuple[str, Statement]]:
    for name, policy in policies:
        for statement in policy.allows:
            yield name, statement


def _condition_not_met(action: str, resource: str, context: Context, policies: Sequence[Named]) -> str | None:
    for name, statement in _allows(policies):
        if not statement.actions.match(action) or not statement.match_resource(resource, context):
            continue
        for condition in statement.conditions:
            if not condition.holds(context):
                return f"policy {name} {statement.label} would allow it, but {condition.why_not(context)}"
    return None


def _other_resource(action: str, resource: str, context: Context, policies: Sequence[Named]) -> str | None:
    found: dict[str, list[str]] = {}
    for name, statement in _allows(policies):
        if statement.resources is None or not statement.actions.match(action):
            continue
        shown = list(statement.resources.shown(context))
        if statement.resources.excluded:
            return f"policy {name} allows {action} on everything but {_listed(shown)}"
        found.setdefault(name, []).extend(shown)
    if not found:
        return None
    said = " and ".join(
        f"policy {name} allows {action} {'only ' if len(found) == 1 else ''}on {_listed(resources)}"
        for name, resources in found.items()
    )
    hint = next((hint for shown in found.values() for each in shown if (hint := _difference(resource, each))), None)
    return f"{said} ({hint})" if hint else said


def _similar_action(action: str, resource: str, context: Context, policies: Sequence[Named]) -> str | None:
    service, _, operation = action.partition(":")
    for name, statement in _allows(policies):
        if statement.actions.excluded:
            continue
        for written in statement.actions.written:
            prefix, _, theirs = written.partition(":")
            if "*" in theirs or prefix == written:
                continue
            if prefix.lower() == service.lower() and _misspelt(theirs, operation):
                return f"policy {name} allows {written}, did you mean {action}?"
            if prefix.lower() != service.lower() and theirs.lower() == operation.lower():
                return f"policy {name} allows {written}, did you mean {action}?"
    return None


def _misspelt(written: str, operation: str) -> bool:
    """Says whether the two differ by a letter or two, but not as PutItem and GetItem, which both exist, do."""
    mine, theirs = written.lower(), operation.lower()
    similar = difflib.SequenceMatcher(None, mine, theirs).ratio() > 0.85
    return similar and mine[:3] == theirs[:3] and abs(len(mine) - len(theirs)) < 3


def _other_action(action: str, resource: str, context: Context, policies: Sequence[Named]) -> str | None:
    service = action.partition(":")[0].lower() + ":"
    for name, statement in _allows(policies):
        if not statement.match_resource(resource, context) or not statement.conditions_hold(context):
            continue
        names = [written for written in statement.actions.written if written.lower().startswith(service)]
        if names and statement.actions.excluded:
            return f"policy {name} allows everything but {_listed(names)} there"
        if names:
            return f"policy {name} allows only {_listed(names)} there"
    return None


def _listed(texts: Sequence[str]) -> str:
    shown = ", ".join(texts[:SHOWN_AT_MOST])
    return shown if len(texts) <= SHOWN_AT_MOST else f"{shown} and {len(texts) - SHOWN_AT_MOST} more"


def _difference(wanted: str, allowed: str) -> str | None:
    """Points at the one thing in which two ARNs differ."""
    mine, theirs = split_arn(wanted), split_arn(allowed)
    if wanted.lower() == allowed.lower():
        return "upper and lower case differ"
    if len(mine) != 6 or len(theirs) != 6:
        return None
    differing = [at for at in range(6) if mine[at] != theirs[at] and theirs[at] != "*"]
    if differing in ([3], [4]):
        what = "Region" if differing == [3] else "account"
        return f"the {what} differs: {mine[differing[0]] or 'none'} is needed"
    if differing != [5]:
        return None
    if mine[5].startswith((f"{theirs[5]}/", f"{theirs[5]}:")):
        return f"that is not what is below it, which {theirs[5]}{mine[5][len(theirs[5])]}* would be"
    kind, other = mine[5].partition("/")[0], theirs[5].partition("/")[0]
    if {kind, other} == {"topic", "topicfilter"}:
        return f"this action needs {kind}/…, not {other}/…"
    if mine[5].lower() == theirs[5].lower():
        return "upper and lower case differ"
    return None
