"""Roles: who may assume them and what their policies allow. Deciding is pure; conditions are not evaluated here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from checker.target import Target
from checker.verbs.aws import all_pages, found_or_none

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Role:
    """A role with its trust policy and the documents of all its policies."""

    name: str
    arn: str
    trust: Document
    policies: tuple[Document, ...]

    def trusts(self, service: str) -> bool:
        """May `service`, for example iot.amazonaws.com, assume this role?"""
        return trusts(self.trust, service)

    def allows(self, action: str, resource: str) -> bool:
        """Do the policies allow `action` on `resource`?"""
        return allows(self.policies, action, resource)

    @property
    def trusted(self) -> str:
        """Who may assume the role, as text."""
        return ", ".join(sorted(set(trusted_services(self.trust)))) or "nobody"

    def granted(self, service: str) -> str:
        """What the policies allow of a service, as text."""
        grants = [
            f"{action} on {resource}"
            for statement in statements(self.policies)
            if statement.get("Effect") == "Allow"
            for action in as_list(statement.get("Action"))
            if action.split(":")[0].lower() in (service, "*")
            for resource in as_list(statement.get("Resource"))
        ]
        return ", ".join(grants) or f"nothing of {service}"


class IamVerbs:
    """Looks at roles."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def role(self, name_or_arn: str) -> Role | None:
        """The role of this name or ARN, or None."""
        iam = self._target.client("iam")
        name = name_or_arn.split("/")[-1]
        found = found_or_none(iam.get_role, RoleName=name)
        if found is None:
            return None
        return Role(
            name, found["Role"]["Arn"], parse_document(found["Role"]["AssumeRolePolicyDocument"]), self._policies(name)
        )

    def _policies(self, name: str) -> tuple[Document, ...]:
        iam = self._target.client("iam")
        documents = []
        for policy in all_pages(iam, "list_role_policies", "PolicyNames", RoleName=name):
            documents.append(iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"])
        for policy in all_pages(iam, "list_attached_role_policies", "AttachedPolicies", RoleName=name):
            version = iam.get_policy(PolicyArn=policy["PolicyArn"])["Policy"]["DefaultVersionId"]
            found = iam.get_policy_version(PolicyArn=policy["PolicyArn"], VersionId=version)
            documents.append(found["PolicyVersion"]["Document"])
        return tuple(map(parse_document, documents))


def parse_document(document: Any) -> Document:
    """A policy as a mapping: boto3 gives mappings or (URL-encoded) text."""
    if isinstance(document, str):
        return dict(json.loads(unquote(document) if document.startswith("%") else document))
    return dict(document)


def as_list(value: Any) -> list[Any]:
    """AWS writes one entry with or without a list."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def statements(documents: Iterable[Document]) -> list[Mapping[str, Any]]:
    return [statement for document in documents for statement in as_list(document.get("Statement"))]


def trusted_services(trust: Document) -> list[str]:
    """The services that a trust policy allows to assume the role."""
    found: list[str] = []
    for statement in statements([trust]):
        actions = as_list(statement.get("Action"))
        if statement.get("Effect") == "Allow" and any(_matches(pattern, "sts:AssumeRole") for pattern in actions):
            principal = statement.get("Principal", {})
            found += ["*"] if principal == "*" else as_list(principal.get("Service"))
    return found


def trusts(trust: Document, service: str) -> bool:
    return any(entry in (service, "*") for entry in trusted_services(trust))


def allows(documents: Iterable[Document], action: str, resource: str) -> bool:
    """An Allow that matches and no Deny that matches (IAM's evaluation without conditions)."""
    matching = [
        statement["Effect"]
        for statement in statements(documents)
        if _covers(statement, "Action", action, fold=True) and _covers(statement, "Resource", resource)
    ]
    return "Allow" in matching and "Deny" not in matching


def _covers(statement: Mapping[str, Any], key: str, wanted: str, fold: bool = False) -> bool:
    if f"Not{key}" in statement:
        return not any(_matches(pattern, wanted, fold) for pattern in as_list(statement[f"Not{key}"]))
    return any(_matches(pattern, wanted, fold) for pattern in as_list(statement.get(key)))


def _matches(pattern: str, text: str, fold: bool = True) -> bool:
    """IAM's wildcards: * and ?, nothing else; actions are compared without regard to case."""
    expression = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch(expression, text, re.IGNORECASE | re.DOTALL if fold else re.DOTALL) is not None


def allowed_callers(policy: Document, service: str, source_arn: str) -> bool:
    """Does a resource policy let `service` call on behalf of `source_arn`? Knows the condition AWS:SourceArn only."""
    for statement in statements([policy]):
        principal = statement.get("Principal", {})
        services = ["*"] if principal == "*" else as_list(principal.get("Service"))
        if statement.get("Effect") == "Allow" and any(entry in (service, "*") for entry in services):
            patterns = _source_arns(statement.get("Condition", {}))
            if not patterns or any(_matches(pattern, source_arn, fold=False) for pattern in patterns):
                return True
    return False


def _source_arns(condition: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [
        pattern
        for settings in condition.values()
        for key, value in settings.items()
        if key.lower() == "aws:sourcearn"
        for pattern in as_list(value)
    ]
