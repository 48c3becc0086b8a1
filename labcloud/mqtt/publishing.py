"""PUBLISH from a client: limits, authorisation, retained messages, reserved topics, and the acknowledgement.

The way that each message takes, so it is kept short: what a topic needs is decided once per connection (`_admit`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labcloud.mqtt.encoding import PACKET_IDS, PUBACK_HEADER
from labcloud.mqtt.limits import Limits
from labcloud.mqtt.message import Message
from labcloud.mqtt.properties import MessageProperties, Properties, read_properties
from labcloud.mqtt.reasons import Ended, Fault, Malformed, Reason
from labcloud.mqtt.topics import InvalidTopic, check_topic_name, is_reserved
from labcloud.mqtt.wire import Reader, decode_text

if TYPE_CHECKING:
    from labcloud.mqtt.connection import Connection
    from labcloud.mqtt.space import Route

ROUTES_PER_CONNECTION = 1_000


def on_publish(connection: Connection, first: int, buffer: bytes, body: int, stop: int) -> None:
    """The PUBLISH at `buffer[body:stop]` whose first header byte is `first` (§3.3)."""
    broker = connection.broker
    qos = first >> 1 & 3
    name_end = body + 2 + (buffer[body] << 8 | buffer[body + 1]) if stop - body >= 2 else stop + 1
    at = name_end + 2 if qos else name_end
    if at > stop:
        raise Malformed("PUBLISH ends within its header")
    name = buffer[body + 2 : name_end]
    properties = None
    if connection.version == 5:
        if at < stop and not buffer[at]:
            at += 1
        else:
            properties, name, at = _read_properties(connection, Reader(buffer, at, stop), name)
        if not name:
            raise Fault(Reason.PROTOCOL_ERROR, "PUBLISH without a topic or a topic alias")
    if qos > 1:
        _refuse_qos(connection, qos)
        return
    if stop - at > broker.limits.payload_bytes:
        text = f"a payload of {stop - at} bytes; AWS IoT allows {broker.limits.payload_bytes}"
        raise Fault(Reason.QUOTA_EXCEEDED, text)
    packet_id = _packet_id(connection, buffer, name_end) if qos else 0
    route = connection.routes.get(name) if connection.routes_epoch == broker.epoch else None
    if route is None:
        route = _admit(connection, name)
    retain = bool(first & 1)
    if retain:
        _check_retain(connection, route.topic)
    trace_id = broker.new_trace_id(route.topic, connection.client_id)
    message = Message(route.topic, buffer[at:stop], qos, retain, connection.origin, properties, trace_id, broker.now)
    slow = broker.accept(connection.space, route, message, connection.session)
    if qos:
        if slow is None:
            connection.send(PUBACK_HEADER + PACKET_IDS[packet_id])
        else:
            connection.hold(slow, packet_id, stop - at)


def check_properties(properties: MessageProperties | None, limits: Limits) -> None:
    """AWS's limits of MQTT 5 properties ("AWS IoT Core endpoints and quotas")."""
    if properties is None:
        return
    sizes = (
        ("content type", len((properties.content_type or "").encode()), limits.content_type_bytes),
        ("correlation data", len(properties.correlation_data or b""), limits.correlation_data_bytes),
        (
            "user properties",
            sum(len(key.encode()) + len(value.encode()) for key, value in properties.user_properties),
            limits.user_properties_bytes,
        ),
    )
    for name, size, allowed in sizes:
        if size > allowed:
            raise Fault(Reason.QUOTA_EXCEEDED, f"{name} of {size} bytes; AWS IoT allows {allowed}")
    if properties.payload_format_indicator not in (None, 0, 1):
        raise Fault(Reason.PROTOCOL_ERROR, f"payload format indicator {properties.payload_format_indicator}")
    if (expiry_s := properties.message_expiry_s) is not None and expiry_s > limits.message_expiry_s:
        raise Fault(
            Reason.QUOTA_EXCEEDED, f"a message expiry of {expiry_s} s; AWS IoT allows {limits.message_expiry_s}"
        )
    if properties.response_topic is not None:
        try:
            check_topic_name(properties.response_topic, limits)
        except InvalidTopic as invalid:
            raise Fault(Reason.TOPIC_NAME_INVALID, f"response topic: {invalid}") from None


def check_message(message: Message, limits: Limits) -> None:
    """The limits of a PUBLISH, for a message that did not come over MQTT."""
    try:
        check_topic_name(message.topic, limits)
    except InvalidTopic as invalid:
        raise Fault(Reason.TOPIC_NAME_INVALID, str(invalid)) from None
    if message.qos not in (0, 1):
        raise Fault(Reason.QOS_NOT_SUPPORTED, f"QoS {message.qos}; AWS IoT serves 0 and 1")
    if len(message.payload) > limits.payload_bytes:
        text = f"a payload of {len(message.payload)} bytes; AWS IoT allows {limits.payload_bytes}"
        raise Fault(Reason.QUOTA_EXCEEDED, text)
    if message.retain and is_reserved(message.topic):
        raise Fault(Reason.TOPIC_NAME_INVALID, "reserved topics cannot retain messages")
    check_properties(message.properties, limits)


def message_properties(found: Properties, limits: Limits) -> MessageProperties | None:
    """The properties that travel on, checked; a message expiry of 0 counts as 1 second."""
    if found.get("message_expiry_interval") == 0:
        found["message_expiry_interval"] = 1
    properties = MessageProperties.from_wire(found)
    check_properties(properties, limits)
    return properties


def _read_properties(
    connection: Connection, reader: Reader, name: bytes
) -> tuple[MessageProperties | None, bytes, int]:
    found = read_properties(reader, "publish")
    if "subscription_identifier" in found:
        raise Fault(Reason.PROTOCOL_ERROR, "a client sends a subscription identifier [MQTT-3.3.4-6]")
    if (alias := found.get("topic_alias")) is not None:
        if not 1 <= alias <= connection.broker.limits.topic_aliases:
            raise Fault(Reason.TOPIC_ALIAS_INVALID, f"topic alias {alias}")
        if name:
            connection.aliases[alias] = name
        elif alias not in connection.aliases:
            raise Fault(Reason.PROTOCOL_ERROR, f"topic alias {alias} was never set")
        name = connection.aliases[alias]
    return message_properties(found, connection.broker.limits), name, reader.position


def _refuse_qos(connection: Connection, qos: int) -> None:
    """MQTT 3: AWS IoT Core sends no PUBACK for QoS 2 and keeps the connection; MQTT 5 has a reason code."""
    if qos == 3:
        raise Malformed("PUBLISH has QoS 3 [MQTT-3.3.1-4]")
    if connection.version == 5:
        raise Fault(Reason.QOS_NOT_SUPPORTED, "PUBLISH with QoS 2; AWS IoT serves 0 and 1")
    connection.broker.log(connection, "PUBLISH with QoS 2 ignored, no acknowledgement: AWS IoT serves 0 and 1")


def _packet_id(connection: Connection, buffer: bytes, at: int) -> int:
    packet_id = buffer[at] << 8 | buffer[at + 1]
    if not packet_id:
        raise Malformed("PUBLISH with packet identifier 0 [MQTT-2.2.1-3]")
    if connection.held >= connection.broker.limits.unacknowledged and connection.version == 5:
        raise Fault(Reason.RECEIVE_MAXIMUM_EXCEEDED, "more unacknowledged messages than the receive maximum")
    return packet_id


def _admit(connection: Connection, name: bytes) -> Route:
    """Decides once per policies' epoch whether this connection may publish to the topic; refusing ends it."""
    topic = decode_text(name)
    try:
        check_topic_name(topic, connection.broker.limits)
    except InvalidTopic as invalid:
        raise Fault(Reason.TOPIC_NAME_INVALID, f"PUBLISH refused: {invalid}") from None
    decision = connection.permissions.publish(topic)
    if not decision.allowed:
        text = f"iot:Publish to {topic!r} refused: {decision.reason}"
        raise Fault(Reason.NOT_AUTHORIZED, text, Ended.AUTH_ERROR)
    route = connection.space.route(topic)
    if is_reserved(topic) and (route.request is None or connection.broker.reserved is None):
        raise Fault(Reason.TOPIC_NAME_INVALID, f"PUBLISH to the reserved topic {topic!r} is not served")
    if connection.routes_epoch != connection.broker.epoch or len(connection.routes) >= ROUTES_PER_CONNECTION:
        connection.routes.clear()
        connection.routes_epoch = connection.broker.epoch
    connection.routes[name] = route
    return route


def _check_retain(connection: Connection, topic: str) -> None:
    if is_reserved(topic):
        raise Fault(Reason.TOPIC_NAME_INVALID, f"the reserved topic {topic!r} cannot retain messages")
    decision = connection.permissions.retain(topic)
    if not decision.allowed:
        text = f"iot:RetainPublish to {topic!r} refused: {decision.reason}"
        raise Fault(Reason.NOT_AUTHORIZED, text, Ended.AUTH_ERROR)
