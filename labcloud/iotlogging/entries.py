"""Log entries of AWS IoT from what the broker and the rules tell. Pure.

Source: AWS IoT Core Developer Guide, "CloudWatch Logs AWS IoT log entries". Clients coming and going are read from the
lifecycle events that the broker publishes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from labcloud.api import Scope

LIFECYCLE = "$aws/events/"
_PRESENCE = {
    "presence/connected": ("Connect", "INFO", "Success"),
    "presence/connect_failed": ("Connect", "ERROR", "Failure"),
    "presence/disconnected": ("Disconnect", "INFO", "Success"),
    "subscriptions/subscribed": ("Subscribe", "INFO", "Success"),
    "subscriptions/unsubscribed": ("Unsubscribe", "INFO", "Success"),
}
_RESOURCES = {
    "RepublishAction": "RepublishTopic",
    "DynamoAction": "Table",
    "DynamoDBv2Action": "Table",
    "LambdaAction": "FunctionArn",
    "S3Action": "Bucket",
    "SnsAction": "TargetArn",
    "SqsAction": "QueueUrl",
}


class Subject(NamedTuple):
    """Which message an entry is about."""

    scope: Scope
    trace_id: str
    topic: str
    client_id: str | None = None
    principal: str | None = None
    source_ip: str | None = None
    protocol: str = "MQTT"


def lifecycle_entries(subject: Subject, payload: bytes) -> list[dict[str, Any]]:
    """The entries of a lifecycle event, one for each topic filter of a subscription."""
    kind = "/".join(subject.topic.removeprefix(LIFECYCLE).split("/", 2)[:2])
    if kind not in _PRESENCE:
        return []
    event_type, level, status = _PRESENCE[kind]
    told = json.loads(payload)
    entry = {
        "logLevel": level,
        "status": status,
        "eventType": event_type,
        "protocol": "MQTT",
        "clientId": told["clientId"],
        "principalId": told["principalIdentifier"],
    }
    if "ipAddress" in told:
        entry["sourceIp"] = told["ipAddress"]
    if event_type == "Disconnect":
        entry["disconnectReason"] = told["disconnectReason"]
    if status == "Failure":
        entry |= {"reason": "AUTHORIZATION_FAILURE", "details": "Authorization Failure"}
    return [{**entry, "topicName": topic} for topic in told["topics"]] if "topics" in told else [entry]


def publish_entry(subject: Subject) -> dict[str, Any]:
    """A message was taken."""
    return {
        "logLevel": "INFO",
        "status": "Success",
        "eventType": "Publish-In",
        "protocol": subject.protocol,
        "topicName": subject.topic,
        **_who(subject, source=True),
    }


def rule_entry(subject: Subject, text: str, facts: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the rules' trace says, as an entry; None where AWS logs nothing."""
    about = {"topicName": subject.topic, "ruleName": facts.get("rule", ""), **_who(subject)}
    if facts.get("matched") is False:
        return _not_found(about) if text.startswith("Basic Ingest") else None
    if facts.get("in_sql"):
        return _function_failed(about, text)
    if facts.get("delivered") or facts.get("refused"):
        return _execution(about, text, facts)
    if facts.get("fired"):
        return {"logLevel": "INFO", "status": "Success", "eventType": "RuleMatch", **about}
    return None


def _execution(about: Mapping[str, Any], text: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    done = bool(facts.get("delivered"))
    entry: dict[str, Any] = {
        "logLevel": "INFO" if done else "ERROR",
        "status": "Success" if done else "Failure",
        "eventType": "RuleExecution",
        **about,
    }
    action = facts.get("action")
    if action:
        entry["ruleAction"] = action
        if facts.get("resource"):
            entry["resources"] = {_RESOURCES.get(action, "Resource"): facts["resource"]}
    return entry if done else {**entry, "details": text}


def _function_failed(about: Mapping[str, Any], text: str) -> dict[str, Any]:
    """An external function of the rule's SQL failed, and the rule with it; this entry has no client."""
    return {
        "logLevel": "ERROR",
        "status": "Failure",
        "eventType": "FunctionExecution",
        **about,
        "clientId": "N/A",
        "reason": text,
    }


def _not_found(about: Mapping[str, Any]) -> dict[str, Any]:
    details = f"Rule {about['ruleName']} not found"
    return {
        "logLevel": "ERROR",
        "status": "Failure",
        "eventType": "RuleNotFound",
        **about,
        "reason": "RuleNotFound",
        "details": details,
    }


def _who(subject: Subject, source: bool = False) -> dict[str, Any]:
    who: dict[str, Any] = {"clientId": subject.client_id or "N/A"}
    if subject.principal:
        who["principalId"] = subject.principal
    if source and subject.source_ip:
        who["sourceIp"] = subject.source_ip
    return who
