"""AWS IoT's registry and rules: the certificate of the house, its policies and things, the topic rules."""

from __future__ import annotations

import hashlib
import re
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from checker.target import Target
from checker.verbs.aws import all_pages, aws_answers, found_or_none


@dataclass(frozen=True)
class Certificate:
    """The certificate of the house as AWS IoT knows it."""

    arn: str
    status: str
    policies: tuple[str, ...]
    things: tuple[str, ...]

    @property
    def description(self) -> str:
        """State and policies as text."""
        return f"{self.status}, policies attached: {', '.join(self.policies) or 'none'}"


@dataclass(frozen=True)
class TopicRule:
    """A rule: its SQL, whether it is on, and its actions by kind (`dynamoDBv2`, `timestream`, …)."""

    name: str
    sql: str
    enabled: bool
    actions: tuple[tuple[str, Mapping[str, Any]], ...]

    @property
    def topic_filter(self) -> str | None:
        """The topic filter of the FROM clause."""
        found = re.search(r"\bFROM\s+'([^']*)'", self.sql, re.IGNORECASE)
        return found.group(1) if found else None

    @property
    def description(self) -> str:
        """Name and actions as text."""
        actions = [f"{kind} ({', '.join(_texts(settings))})" for kind, settings in self.actions]
        return f"rule {self.name}: {', '.join(actions) or 'no action'}"

    def actions_of(self, kind: str) -> list[Mapping[str, Any]]:
        return [action for name, action in self.actions if name == kind]


class IotVerbs:
    """Looks at the registry and the rules."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def data_endpoint(self) -> str:
        """The host that this cloud itself names for devices."""
        with aws_answers():
            found = self._target.client("iot").describe_endpoint(endpointType="iot:Data-ATS")
        return str(found["endpointAddress"])

    def certificate(self, pem: str) -> Certificate | None:
        """The registered certificate with this PEM, or None."""
        iot = self._target.client("iot")
        try:
            certificate_id = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem.strip() + "\n")).hexdigest()
        except ValueError:
            return None
        found = found_or_none(iot.describe_certificate, certificateId=certificate_id) or self._by_pem(pem)
        if found is None:
            return None
        description = found["certificateDescription"]
        arn = description["certificateArn"]
        policies = tuple(p["policyName"] for p in all_pages(iot, "list_attached_policies", "policies", target=arn))
        things = tuple(all_pages(iot, "list_principal_things", "things", principal=arn))
        return Certificate(arn, description["status"], policies, things)

    def _by_pem(self, pem: str) -> Any:
        """For clouds whose certificate ids are not the SHA-256 of the DER form."""
        iot = self._target.client("iot")
        for entry in all_pages(iot, "list_certificates", "certificates"):
            found = iot.describe_certificate(certificateId=entry["certificateId"])
            if found["certificateDescription"].get("certificatePem", "").split() == pem.split():
                return found
        return None

    def describe_policies(self) -> str:
        """Every IoT policy with what it is attached to, a line each."""
        iot = self._target.client("iot")
        lines = []
        for policy in all_pages(iot, "list_policies", "policies"):
            targets = all_pages(iot, "list_targets_for_policy", "targets", policyName=policy["policyName"])
            lines.append(f"policy {policy['policyName']} is attached to {', '.join(targets) or 'nothing'}")
        return "\n".join(lines) or "there is no IoT policy"

    def rules(self) -> list[TopicRule]:
        """All topic rules."""
        iot = self._target.client("iot")
        names = [entry["ruleName"] for entry in all_pages(iot, "list_topic_rules", "rules")]
        return [
            parse_rule(found["rule"]) for name in names if (found := found_or_none(iot.get_topic_rule, ruleName=name))
        ]

    def describe_rules(self) -> str:
        """Every rule with its actions, a line each."""
        return "\n".join(rule.description for rule in self.rules()) or "there is no topic rule"

    def rules_into(self, kind: str, **wanted: str) -> list[tuple[TopicRule, Mapping[str, Any]]]:
        """The rules with an action of this kind whose settings have the wanted values, each with that action."""
        return [
            (rule, action)
            for rule in self.rules()
            for action in rule.actions_of(kind)
            if all(_setting(action, name) == value for name, value in wanted.items())
        ]


def parse_rule(raw: Mapping[str, Any]) -> TopicRule:
    """Reads what GetTopicRule answers."""
    actions = tuple((kind, settings) for action in raw.get("actions", []) for kind, settings in action.items())
    return TopicRule(raw["ruleName"], raw.get("sql", ""), not raw.get("ruleDisabled", False), actions)


def _texts(settings: Mapping[str, Any]) -> Iterator[str]:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _texts(value)
        elif isinstance(value, str) and name != "roleArn":
            yield f"{name} {value}"


def _setting(action: Mapping[str, Any], name: str) -> Any:
    return action.get(name, action.get("putItem", {}).get(name))


def topic_matches(topic_filter: str, topic: str) -> bool:
    """MQTT's wildcards: + one level, # all that follow (MQTT 4.7.1)."""
    filter_levels, levels = topic_filter.split("/"), topic.split("/")
    for position, level in enumerate(filter_levels):
        if level == "#":
            return position <= len(levels)
        if position >= len(levels) or level not in ("+", levels[position]):
            return False
    return len(filter_levels) == len(levels)
