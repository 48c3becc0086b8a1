"""MQTT 5 properties (§2.2.2): one table of identifiers, types and the packets that may carry them.

A property that is unknown, misplaced or repeated is refused; nothing is skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from labcloud.mqtt.reasons import Fault, Malformed, Reason
from labcloud.mqtt.wire import (
    Reader,
    encode_binary,
    encode_text,
    encode_variable_integer,
)

Properties = dict[str, Any]
USER_PROPERTY = "user_property"


class Kind(NamedTuple):
    read: Callable[[Reader], Any]
    write: Callable[[Any], bytes]


BYTE = Kind(Reader.byte, lambda value: bytes((value,)))
TWO_BYTES = Kind(Reader.two_bytes, lambda value: value.to_bytes(2, "big"))
FOUR_BYTES = Kind(Reader.four_bytes, lambda value: value.to_bytes(4, "big"))
VARIABLE = Kind(Reader.variable_integer, encode_variable_integer)
TEXT = Kind(Reader.text, encode_text)
BINARY = Kind(Reader.binary, encode_binary)
PAIR = Kind(lambda reader: (reader.text(), reader.text()), lambda pair: encode_text(pair[0]) + encode_text(pair[1]))


class Property(NamedTuple):
    identifier: int
    name: str
    kind: Kind
    packets: frozenset[str]


def _property(identifier: int, name: str, kind: Kind, packets: str) -> Property:
    return Property(identifier, name, kind, frozenset(packets.split()))


TABLE = (
    _property(1, "payload_format_indicator", BYTE, "publish will"),
    _property(2, "message_expiry_interval", FOUR_BYTES, "publish will"),
    _property(3, "content_type", TEXT, "publish will"),
    _property(8, "response_topic", TEXT, "publish will"),
    _property(9, "correlation_data", BINARY, "publish will"),
    _property(11, "subscription_identifier", VARIABLE, "publish subscribe"),
    _property(17, "session_expiry_interval", FOUR_BYTES, "connect connack disconnect"),
    _property(18, "assigned_client_identifier", TEXT, "connack"),
    _property(19, "server_keep_alive", TWO_BYTES, "connack"),
    _property(21, "authentication_method", TEXT, "connect connack"),
    _property(22, "authentication_data", BINARY, "connect connack"),
    _property(23, "request_problem_information", BYTE, "connect"),
    _property(24, "will_delay_interval", FOUR_BYTES, "will"),
    _property(25, "request_response_information", BYTE, "connect"),
    _property(31, "reason_string", TEXT, "connack puback suback unsuback disconnect"),
    _property(33, "receive_maximum", TWO_BYTES, "connect connack"),
    _property(34, "topic_alias_maximum", TWO_BYTES, "connect connack"),
    _property(35, "topic_alias", TWO_BYTES, "publish"),
    _property(36, "maximum_qos", BYTE, "connack"),
    _property(37, "retain_available", BYTE, "connack"),
    _property(38, USER_PROPERTY, PAIR, "connect connack publish will puback subscribe suback unsubscribe disconnect"),
    _property(39, "maximum_packet_size", FOUR_BYTES, "connect connack"),
    _property(40, "wildcard_subscription_available", BYTE, "connack"),
    _property(41, "subscription_identifier_available", BYTE, "connack"),
    _property(42, "shared_subscription_available", BYTE, "connack"),
)
BY_IDENTIFIER = {row.identifier: row for row in TABLE}
BY_NAME = {row.name: row for row in TABLE}


def read_properties(reader: Reader, packet: str) -> Properties:
    """The property block of a packet, `user_property` as a tuple of pairs, all others by name."""
    length = reader.variable_integer()
    block = Reader(reader.data, reader.position, reader.position + length)
    reader.take(length)
    found: Properties = {}
    pairs: list[tuple[str, str]] = []
    while not block.exhausted:
        identifier = block.variable_integer()
        row = BY_IDENTIFIER.get(identifier)
        if row is None or packet not in row.packets:
            raise Malformed(f"property {identifier} does not belong into a {packet} packet")
        value = row.kind.read(block)
        if row.name == USER_PROPERTY:
            pairs.append(value)
        elif row.name in found:
            raise Fault(Reason.PROTOCOL_ERROR, f"property {row.name} occurs twice in a {packet} packet")
        else:
            found[row.name] = value
    if pairs:
        found[USER_PROPERTY] = tuple(pairs)
    return found


def encode_properties(properties: Mapping[str, Any]) -> bytes:
    """A property block with its length; values that are None are left out."""
    block = bytearray()
    for name, value in properties.items():
        row = BY_NAME[name]
        if value is None:
            continue
        for item in value if name == USER_PROPERTY else (value,):
            block += bytes((row.identifier,)) + row.kind.write(item)
    return encode_variable_integer(len(block)) + bytes(block)


@dataclass(frozen=True, slots=True)
class MessageProperties:
    """The properties of a PUBLISH that travel on to subscribers (§3.3.2.3)."""

    payload_format_indicator: int | None = None
    content_type: str | None = None
    response_topic: str | None = None
    correlation_data: bytes | None = None
    user_properties: tuple[tuple[str, str], ...] = ()
    message_expiry_s: int | None = None

    @classmethod
    def from_wire(cls, found: Properties) -> MessageProperties | None:
        """What of a packet's properties belongs to the message; None: nothing."""
        message = cls(
            found.get("payload_format_indicator"),
            found.get("content_type"),
            found.get("response_topic"),
            found.get("correlation_data"),
            found.get(USER_PROPERTY, ()),
            found.get("message_expiry_interval"),
        )
        return None if message == NOTHING else message

    def encode(self, remaining_s: int | None) -> bytes:
        """The property block for a subscriber, with what is left of the message's lifetime [MQTT-3.3.2-6]."""
        return encode_properties(
            {
                "payload_format_indicator": self.payload_format_indicator,
                "message_expiry_interval": remaining_s,
                "content_type": self.content_type,
                "response_topic": self.response_topic,
                "correlation_data": self.correlation_data,
                USER_PROPERTY: self.user_properties,
            }
        )


NOTHING = MessageProperties()
