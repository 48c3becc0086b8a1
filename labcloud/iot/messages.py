"""Joins the broker with the rules: every accepted message goes to the engine, its runs to the dispatcher."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable
from typing import Any, Protocol

from labcloud.api import ApiRequest, Operation, Scope
from labcloud.errors import AwsError
from labcloud.iotsql import Message as SqlMessage
from labcloud.mqtt import BasicIngest, Message, MessageProperties, Origin, Published, ShadowRequest
from labcloud.rules.dispatcher import Dispatcher
from labcloud.rules.engine import Engine
from labcloud.trace import Trace


class BrokerTrace:
    """The broker's view of the trace; the topic is filled in when a message is accepted."""

    def __init__(self, trace: Trace, now: Callable[[], float]) -> None:
        self._trace = trace
        self._now = now

    def begin(self) -> str:
        trace_id = str(uuid.uuid4())
        self._trace.begin(trace_id, "", self._now())
        return trace_id

    def note(self, trace_id: str, text: str) -> None:
        self._trace.note(trace_id, text)


class MessageRouter:
    """The broker's Listener and ReservedTopics. Runs in the broker's thread; deliveries run elsewhere."""

    def __init__(self, engine: Engine, dispatcher: Dispatcher, trace: Trace) -> None:
        self._engine = engine
        self._dispatcher = dispatcher
        self._trace = trace

    def message_published(self, message: Message) -> None:
        """Evaluates the rules of the message's account and region."""
        self._trace.name(message.trace_id, message.topic, message.client_id)
        self._evaluate(message)

    def basic_ingest(self, message: Message, request: BasicIngest) -> None:
        """Evaluates only the rule that the topic names."""
        self._trace.name(message.trace_id, message.topic, message.client_id)
        self._evaluate(message)

    def shadow_request(self, message: Message, request: ShadowRequest) -> None:
        """Device shadows are not served over MQTT: the trace says so, for MQTT has no other answer."""
        self._trace.note(message.trace_id, "the local cloud does not serve shadows over MQTT", refused=True)

    def _evaluate(self, message: Message) -> None:
        scope = Scope(message.account_id, message.region)
        for run in self._engine.evaluate(scope, sql_message(message)):
            self._dispatcher.submit(run)


def sql_message(message: Message) -> SqlMessage:
    """The broker's message as IoT SQL sees it."""
    properties = message.properties or MessageProperties()
    return SqlMessage(
        topic=message.topic,
        payload=message.payload,
        timestamp_ms=int(message.accepted_at * 1000),
        client_id=message.client_id,
        principal=message.principal.id if message.principal else None,
        source_ip=message.source_ip or None,
        trace_id=message.trace_id,
        protocol="mqtt" if message.client_id is not None else "http",
        content_type=properties.content_type,
        response_topic=properties.response_topic,
        correlation_data=properties.correlation_data,
        format_indicator=properties.payload_format_indicator,
        user_properties=properties.user_properties,
    )


class PublishFunction(Protocol):
    """Publishes through the broker and waits for its word."""

    def __call__(self, origin: Origin, topic: str, payload: bytes, **options: Any) -> Published: ...


class IotData:
    """The service `iot-data`: HTTP publish reaches the same subscribers and rules as MQTT.

    Source: AWS IoT API reference, Publish.
    """

    name = "iot-data"

    def __init__(self, publish: PublishFunction) -> None:
        self._publish = publish
        self.operations: dict[str, Operation] = {"Publish": self.publish}

    def publish(self, request: ApiRequest) -> dict[str, Any]:
        """Publish. Raises AwsError for a topic or size that MQTT would refuse too."""
        asked = request.parameters
        origin = Origin(request.account_id, request.region, source_ip="127.0.0.1")
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
        message_expiry_s=asked.get("messageExpiry"),
    )
    return None if properties == MessageProperties() else properties
