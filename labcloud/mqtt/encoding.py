"""Packets the broker sends, as bytes. PUBLISH comes in two pieces, so that a fan-out shares them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labcloud.mqtt.message import Message
from labcloud.mqtt.properties import encode_properties
from labcloud.mqtt.wire import encode_variable_integer

PINGRESP = b"\xd0\x00"
PUBACK_HEADER = b"\x40\x02"
NO_PROPERTIES = b"\x00"
PACKET_IDS = tuple(number.to_bytes(2, "big") for number in range(65_536))


def packet(kind: int, body: bytes) -> bytes:
    """A whole packet: fixed header with flags 0, remaining length, body."""
    return bytes((kind << 4,)) + encode_variable_integer(len(body)) + body


def connack(version: int, session_present: bool, code: int, properties: Mapping[str, Any] | None = None) -> bytes:
    """CONNACK (§3.2)."""
    body = bytes((session_present, code))
    return packet(2, body + encode_properties(properties or {}) if version == 5 else body)


def puback(version: int, packet_id: int, code: int = 0, reason: str | None = None) -> bytes:
    """PUBACK (§3.4); MQTT 5's success needs no reason code."""
    body = PACKET_IDS[packet_id]
    if version == 5 and code:
        body += bytes((code,)) + encode_properties({"reason_string": reason})
    return packet(4, body)


def suback(version: int, packet_id: int, codes: Sequence[int], reason: str | None = None) -> bytes:
    """SUBACK (§3.9)."""
    properties = encode_properties({"reason_string": reason}) if version == 5 else b""
    return packet(9, PACKET_IDS[packet_id] + properties + bytes(codes))


def unsuback(version: int, packet_id: int, codes: Sequence[int]) -> bytes:
    """UNSUBACK (§3.11): in 3.1.1 only the identifier."""
    body = PACKET_IDS[packet_id]
    return packet(11, body + NO_PROPERTIES + bytes(codes) if version == 5 else body)


def disconnect(code: int, reason: str | None = None) -> bytes:
    """DISCONNECT, which only an MQTT 5 server may send (§3.14)."""
    return packet(14, bytes((code,)) + encode_properties({"reason_string": reason}))


def publish_pieces(message: Message, version: int, qos: int, *, retain: bool, now: float) -> tuple[bytes, bytes]:
    """What of a PUBLISH stands before and after the packet identifier (QoS 0 has none)."""
    topic = message.topic.encode("utf-8")
    tail = message.payload
    if version == 5:
        properties = message.properties
        tail = (properties.encode(message.remaining_s(now)) if properties else NO_PROPERTIES) + tail
    size = len(topic) + len(tail) + (4 if qos else 2)
    first = 0x30 | qos << 1 | retain
    return bytes((first,)) + encode_variable_integer(size) + len(topic).to_bytes(2, "big") + topic, tail
