"""Action republish: the result is published on another topic; `$$aws/...` stands for the reserved topic `$aws/...`.

Source: AWS IoT Core Developer Guide, "Republish". Its headers are MQTT 5 properties; none are taken over from the
message that the rule received.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from labcloud.api import Scope
from labcloud.rules.actions.base import Action, ActionFailed, Result, chosen, invalid
from labcloud.rules.deliveries import Need, Origin, Ports

INDICATORS = ("UNSPECIFIED_BYTES", "UTF8_DATA")
HEADERS = (
    *("payloadFormatIndicator", "contentType", "responseTopic", "correlationData", "messageExpiry"),
    "userProperties",
)
MOST_USER_PROPERTIES = 100
LONGEST_EXPIRY_S = 2**32 - 1


@dataclass(frozen=True)
class Republish:
    """Publishes the result on another topic (action republish)."""

    topic: str
    payload: bytes
    qos: int
    headers: Mapping[str, Any] = field(default_factory=dict)
    """By the names of the broker's MessageProperties."""
    failed_action = "RepublishAction"

    @property
    def resource(self) -> str:
        return self.topic

    @property
    def summary(self) -> str:
        return f"Republish on {self.topic}"

    def needs(self, scope: Scope) -> list[Need]:
        return [Need("iot:Publish", scope.arn("iot", f"topic/{self.topic}"))]

    def send(self, origin: Origin, ports: Ports) -> None:
        ports.publish(origin.scope, self.topic, self.payload, self.qos, origin.trace_id, self.headers)


def plan(parameters: Mapping[str, Any], result: Result, scope: Scope) -> Republish:
    """One publish."""
    topic = parameters["topic"]
    if topic.startswith("$$"):
        topic = topic[1:]
    headers = headers_of(parameters.get("headers") or {})
    return Republish(topic, result.payload, int(parameters.get("qos") or 0), headers)


def headers_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """The headers as the broker's properties; what was not given or came out empty is left out."""
    found: dict[str, Any] = {}
    if indicator := given.get("payloadFormatIndicator"):
        chosen("Republish", "payloadFormatIndicator", indicator, INDICATORS)
        found["payload_format_indicator"] = INDICATORS.index(indicator)
    if given.get("contentType"):
        found["content_type"] = given["contentType"]
    if topic := given.get("responseTopic"):
        if "+" in topic or "#" in topic:
            raise ActionFailed(f"The Republish action's responseTopic '{topic}' has a wildcard.")
        found["response_topic"] = topic
    if given.get("correlationData"):
        found["correlation_data"] = _binary(given["correlationData"])
    if given.get("messageExpiry"):
        found["message_expiry_s"] = _seconds(given["messageExpiry"])
    if given.get("userProperties"):
        found["user_properties"] = tuple((pair["key"], pair["value"]) for pair in given["userProperties"])
    return found


def _binary(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ActionFailed(f"The Republish action's correlationData '{text}' is not base64.") from error


def _seconds(text: str) -> int:
    if not text.isdecimal() or int(text) > LONGEST_EXPIRY_S:
        raise ActionFailed(f"The Republish action's messageExpiry '{text}' is not a number of seconds.")
    return int(text)


def check(parameters: Mapping[str, Any]) -> None:
    """The headers are known ones, with at most MOST_USER_PROPERTIES pairs."""
    headers = parameters.get("headers") or {}
    if unknown := sorted(set(headers) - set(HEADERS)):
        raise invalid(f"Action republish: headers has no {', '.join(unknown)}.")
    pairs = headers.get("userProperties") or []
    if len(pairs) > MOST_USER_PROPERTIES:
        raise invalid(f"Action republish: at most {MOST_USER_PROPERTIES} userProperties, not {len(pairs)}.")
    if any(set(pair) != {"key", "value"} for pair in pairs):
        raise invalid("Action republish: each of the userProperties has a key and a value.")


ACTION = Action(
    plan,
    Republish.failed_action,
    required=("roleArn", "topic"),
    literal=("roleArn", "qos"),
    known=("roleArn", "topic", "qos", "headers"),
    choices={"qos": (0, 1)},
    check=check,
)
