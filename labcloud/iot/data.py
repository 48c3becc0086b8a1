"""The service `iot-data`: publish, retained messages, connections and shadows over HTTP.

Source: AWS IoT API reference, AWS IoT data plane.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any, Protocol

from labcloud.api import ApiRequest, Caller, Operation
from labcloud.errors import AwsError
from labcloud.mqtt import Broker, MessageProperties, Origin, Principal, Published
from labcloud.shadows import Shadows

BrokerCall = Callable[[Callable[[Broker], Any]], Any]
"""Runs a function on the broker in the broker's thread and returns its result."""


class PublishFunction(Protocol):
    """Publishes through the broker and waits for its word."""

    def __call__(self, origin: Origin, topic: str, payload: bytes, **options: Any) -> Published: ...


class IotData:
    """HTTP publish reaches the same subscribers and rules as MQTT."""

    name = "iot-data"

    def __init__(
        self, publish: PublishFunction, broker: BrokerCall, shadows: Shadows, unique_id: Callable[[Caller], str]
    ) -> None:
        self._publish = publish
        self._unique_id = unique_id
        self._broker = broker
        self.operations: dict[str, Operation] = {
            "Publish": self.publish,
            "GetRetainedMessage": self.get_retained_message,
            "ListRetainedMessages": self.list_retained_messages,
            "DeleteConnection": self.delete_connection,
            **shadows.operations,
        }

    def publish(
        self, request: ApiRequest, principal: Principal | None = None, source_ip: str = "127.0.0.1"
    ) -> dict[str, Any]:
        """Publish; `principal` is a device's. Raises AwsError for a topic or size that MQTT would refuse too."""
        asked = request.parameters
        if principal is None:
            caller = request.caller
            principal = Principal(self._unique_id(caller), caller.arn, caller.account_id, request.region)
        origin = Origin(request.account_id, request.region, principal=principal, source_ip=source_ip)
        published = self._publish(
            origin,
            asked["topic"],
            asked.get("payload") or b"",
            qos=int(asked.get("qos") or 0),
            retain=bool(asked.get("retain")),
            properties=_properties(asked),
        )
        if published.throttled:
            raise AwsError(published.reason, code="ThrottlingException", status=429)
        if not published.accepted:
            raise AwsError(published.reason, code="InvalidRequestException", status=400)
        return {}

    def get_retained_message(self, request: ApiRequest) -> dict[str, Any]:
        """GetRetainedMessage. Raises AwsError ResourceNotFoundException."""
        kept = self._retained(request).get(request.parameters["topic"])
        if kept is None:
            raise AwsError("No retained message found.", code="ResourceNotFoundException", status=404)
        message = kept.message
        return {
            "topic": message.topic,
            "payload": message.payload,
            "qos": message.qos,
            "lastModifiedTime": int(kept.modified_at * 1000),
        }

    def list_retained_messages(self, request: ApiRequest) -> dict[str, Any]:
        """ListRetainedMessages, in the order of the topics, in pages."""
        kept = sorted(self._retained(request).items())
        size = int(request.parameters.get("maxResults") or 25)
        token = request.parameters.get("nextToken") or ""
        rest = [(topic, retained) for topic, retained in kept if topic > token]
        topics = [
            {
                "topic": topic,
                "payloadSize": len(retained.message.payload),
                "qos": retained.message.qos,
                "lastModifiedTime": int(retained.modified_at * 1000),
            }
            for topic, retained in rest[:size]
        ]
        return {"retainedTopics": topics, **({"nextToken": topics[-1]["topic"]} if rest[size:] else {})}

    def delete_connection(self, request: ApiRequest) -> dict[str, Any]:
        """DeleteConnection. Raises AwsError ResourceNotFoundException if the client is not connected."""
        scope, client_id = request.scope, request.parameters["clientId"]
        if not self._broker(lambda broker: broker.disconnect_client(scope.account_id, scope.region, client_id)):
            raise AwsError("The specified client is not connected.", code="ResourceNotFoundException", status=404)
        return {}

    def _retained(self, request: ApiRequest) -> dict[str, Any]:
        scope = request.scope
        found: dict[str, Any] = self._broker(lambda broker: dict(broker.space(scope.account_id, scope.region).retained))
        return found


def _properties(asked: Any) -> MessageProperties | None:
    """The MQTT 5 properties of an HTTP publish."""
    correlation, users = asked.get("correlationData"), asked.get("userProperties")
    indicator = {"UNSPECIFIED_BYTES": 0, "UTF8_DATA": 1}.get(asked.get("payloadFormatIndicator", ""))
    properties = MessageProperties(
        payload_format_indicator=indicator,
        content_type=asked.get("contentType"),
        response_topic=asked.get("responseTopic"),
        correlation_data=base64.b64decode(correlation) if correlation else None,
        user_properties=tuple((k, v) for pair in json.loads(users) for k, v in pair.items()) if users else (),
        message_expiry_s=None if asked.get("messageExpiry") is None else max(1, asked["messageExpiry"]),
    )
    return None if properties == MessageProperties() else properties
