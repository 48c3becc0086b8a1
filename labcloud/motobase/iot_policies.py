"""IoT policies: documents are checked when they come in, attachments are limited, on moto's store.

moto 5.2.5 takes any text as a policy document and any number of policies on a principal.
"""

from __future__ import annotations

import json
from typing import Any

import regex
from moto.iot.models import FakePolicy, FakePolicyVersion, IoTBackend

from labcloud.errors import AwsError
from labcloud.motobase import hooks

DOCUMENT_MAX_CHARACTERS = 2048
"""Without white space (AWS IoT Core endpoints and quotas)."""

POLICIES_PER_PRINCIPAL = 10
VERSIONS = ("2012-10-17", "2008-10-17")
STATEMENT_MEMBERS = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}
_ACTION = regex.compile(r"\*|[a-zA-Z0-9_-]+:[a-zA-Z0-9_*?-]+")
_RESOURCE = regex.compile(r"\*|arn:[^:]*:[^:]+:[^:]*:[^:]*:.+|\$\{.+\}.*", flags=regex.DOTALL)


def install() -> None:
    """Puts the checks in place."""
    hooks.replace(IoTBackend, "create_policy", create_policy)
    hooks.replace(IoTBackend, "create_policy_version", create_policy_version)
    hooks.replace(IoTBackend, "attach_policy", attach_policy)
    hooks.replace(IoTBackend, "attach_principal_policy", attach_policy)


def create_policy(self: IoTBackend, policy_name: str, policy_document: Any) -> FakePolicy:
    """Refuses a malformed document."""
    policy_document = _as_text(policy_document)
    require_well_formed(policy_document)
    return hooks.stock(IoTBackend, "create_policy")(self, policy_name, policy_document)


def create_policy_version(
    self: IoTBackend, policy_name: str, policy_document: Any, set_as_default: bool
) -> FakePolicyVersion:
    """Refuses a malformed document."""
    self.get_policy(policy_name)
    policy_document = _as_text(policy_document)
    require_well_formed(policy_document)
    return hooks.stock(IoTBackend, "create_policy_version")(self, policy_name, policy_document, set_as_default)


def attach_policy(self: IoTBackend, policy_name: str, target: str) -> None:
    """At most ten policies hang on a principal."""
    hanging = {name for principal, name in self.principal_policies if principal == target}
    if policy_name not in hanging and len(hanging) >= POLICIES_PER_PRINCIPAL:
        message = f"The maximum number of policies attached to the principal is {POLICIES_PER_PRINCIPAL}"
        raise AwsError(message, code="LimitExceededException")
    hooks.stock(IoTBackend, "attach_policy")(self, policy_name, target)


def require_well_formed(document: Any) -> None:
    """Raises MalformedPolicyException unless the text is a policy document that AWS IoT takes."""
    if reason := fault_of_document(document):
        raise AwsError(f"Policy document is Malformed: {reason}", code="MalformedPolicyException")


def fault_of_document(document: Any) -> str | None:
    """What is wrong with a policy document; None if nothing is."""
    if not isinstance(document, str):
        return "Invalid policy syntax."
    if len("".join(document.split())) > DOCUMENT_MAX_CHARACTERS:
        return f"Policy exceeds maximum size of {DOCUMENT_MAX_CHARACTERS} characters"
    try:
        policy = json.loads(document)
    except ValueError as error:
        return f"Invalid JSON: {error}"
    if not isinstance(policy, dict) or not set(policy) <= {"Version", "Id", "Statement"}:
        return "Invalid policy syntax."
    if policy.get("Version", VERSIONS[0]) not in VERSIONS:
        return f"Version must be one of {', '.join(VERSIONS)}"
    statements = policy.get("Statement")
    statements = statements if isinstance(statements, list) else [statements]
    if not statements:
        return "Invalid policy syntax."
    return next((fault for fault in map(_fault_of_statement, statements) if fault), None)


def _fault_of_statement(statement: Any) -> str | None:
    if not isinstance(statement, dict):
        return "Invalid policy syntax."
    if unknown := sorted(set(statement) - STATEMENT_MEMBERS):
        return f"Unknown member {unknown[0]} in a statement"
    if statement.get("Effect") not in ("Allow", "Deny"):
        return f"Invalid effect: {statement.get('Effect')}"
    for name in ("Action", "Resource"):
        if (name in statement) == (f"Not{name}" in statement):
            return f"A statement needs either {name} or Not{name}"
    actions = _texts(statement.get("Action", statement.get("NotAction")))
    resources = _texts(statement.get("Resource", statement.get("NotResource")))
    if not actions or not resources:
        return "Invalid policy syntax."
    if wrong := [action for action in actions if not _ACTION.fullmatch(action)]:
        return f"The following actions are invalid : {', '.join(wrong)}"
    if wrong := [resource for resource in resources if not _RESOURCE.fullmatch(resource)]:
        return f"The following resources are invalid : {', '.join(wrong)}"
    condition = statement.get("Condition", {})
    if not isinstance(condition, dict) or not all(isinstance(keys, dict) for keys in condition.values()):
        return "Invalid condition syntax."
    return None


def _as_text(document: Any) -> Any:
    """CloudFormation hands over an object."""
    return json.dumps(document) if isinstance(document, dict) else document


def _texts(value: Any) -> list[str]:
    """One text or a list of texts; anything else is nothing."""
    values = value if isinstance(value, list) else [value]
    return values if all(isinstance(item, str) for item in values) else []
