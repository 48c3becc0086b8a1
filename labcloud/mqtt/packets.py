"""Packets a client sends, decoded: CONNECT, SUBSCRIBE, UNSUBSCRIBE, DISCONNECT (PUBLISH: see publishing.py).

Only the wire format is judged here, by the clauses of MQTT 3.1.1 and 5; what AWS allows is decided elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from labcloud.mqtt.properties import Properties, read_properties
from labcloud.mqtt.reasons import Fault, Malformed, Reason
from labcloud.mqtt.wire import Reader

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = 1, 2, 3, 4, 5, 6, 7
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT, AUTH = 8, 9, 10, 11, 12, 13, 14, 15

PROTOCOL_LEVELS = {4: 3, 5: 5}
"""Protocol level in CONNECT → the MQTT version as this package names it."""


class UnacceptableVersion(Exception):
    """The CONNECT names a protocol or a level that is not served."""


@dataclass(frozen=True)
class Will:
    topic: str
    payload: bytes
    qos: int
    retain: bool
    properties: Properties = field(default_factory=dict)


@dataclass(frozen=True)
class Connect:
    version: int
    client_id: str
    clean_start: bool
    keep_alive_s: int
    will: Will | None
    properties: Properties = field(default_factory=dict)


@dataclass(frozen=True)
class SubscriptionRequest:
    topic_filter: str
    qos: int
    no_local: bool = False
    retain_as_published: bool = False
    retain_handling: int = 0


@dataclass(frozen=True)
class Subscribe:
    packet_id: int
    requests: tuple[SubscriptionRequest, ...]
    properties: Properties = field(default_factory=dict)


@dataclass(frozen=True)
class Unsubscribe:
    packet_id: int
    topic_filters: tuple[str, ...]


def parse_connect(body: bytes) -> Connect:
    """The CONNECT packet of 3.1.1 or 5 (§3.1)."""
    reader = Reader(body)
    name, level = reader.binary(), reader.byte()
    version = PROTOCOL_LEVELS.get(level)
    if name != b"MQTT" or version is None:
        raise UnacceptableVersion(f"protocol {name!r} level {level}; served are MQTT 3.1.1 (4) and MQTT 5 (5)")
    flags = reader.byte()
    _check_connect_flags(flags, version)
    keep_alive_s = reader.two_bytes()
    properties = read_properties(reader, "connect") if version == 5 else {}
    client_id = reader.text()
    will = _read_will(reader, flags, version) if flags & 0x04 else None
    if flags & 0x80:
        reader.text()
    if flags & 0x40:
        reader.binary()
    if not reader.exhausted:
        raise Malformed("CONNECT has bytes after its last field")
    return Connect(version, client_id, bool(flags & 0x02), keep_alive_s, will, properties)


def _check_connect_flags(flags: int, version: int) -> None:
    if flags & 0x01:
        raise Malformed("CONNECT sets the reserved flag [MQTT-3.1.2-3]")
    if not flags & 0x04 and flags & 0x38:
        raise Malformed("CONNECT has will QoS or will retain without a will [MQTT-3.1.2-11]")
    if flags & 0x18 == 0x18:
        raise Malformed("CONNECT has will QoS 3 [MQTT-3.1.2-12]")
    if version == 3 and flags & 0xC0 == 0x40:
        raise Malformed("CONNECT has a password without a user name [MQTT-3.1.2-22]")


def _read_will(reader: Reader, flags: int, version: int) -> Will:
    properties = read_properties(reader, "will") if version == 5 else {}
    return Will(reader.text(), reader.binary(), flags >> 3 & 3, bool(flags & 0x20), properties)


def parse_subscribe(body: bytes, version: int) -> Subscribe:
    """The SUBSCRIBE packet (§3.8)."""
    reader = Reader(body)
    packet_id = _packet_id(reader)
    properties = read_properties(reader, "subscribe") if version == 5 else {}
    requests = []
    while not reader.exhausted:
        requests.append(_read_request(reader, version))
    if not requests:
        raise Fault(Reason.PROTOCOL_ERROR, "SUBSCRIBE without a topic filter [MQTT-3.8.3-2]")
    return Subscribe(packet_id, tuple(requests), properties)


def _read_request(reader: Reader, version: int) -> SubscriptionRequest:
    topic_filter, options = reader.text(), reader.byte()
    qos, retain_handling = options & 3, options >> 4 & 3
    if qos == 3 or options & (0xFC if version == 3 else 0xC0):
        raise Malformed(f"SUBSCRIBE has the options byte {options:#04x} [MQTT-3.8.3-5]")
    if retain_handling == 3:
        raise Fault(Reason.PROTOCOL_ERROR, "SUBSCRIBE has retain handling 3")
    no_local = bool(options & 4)
    if no_local and topic_filter.startswith("$share/"):
        raise Fault(Reason.PROTOCOL_ERROR, "no local on a shared subscription [MQTT-3.8.3-4]")
    return SubscriptionRequest(topic_filter, qos, no_local, bool(options & 8), retain_handling)


def parse_unsubscribe(body: bytes, version: int) -> Unsubscribe:
    """The UNSUBSCRIBE packet (§3.10)."""
    reader = Reader(body)
    packet_id = _packet_id(reader)
    if version == 5:
        read_properties(reader, "unsubscribe")
    filters = []
    while not reader.exhausted:
        filters.append(reader.text())
    if not filters:
        raise Fault(Reason.PROTOCOL_ERROR, "UNSUBSCRIBE without a topic filter [MQTT-3.10.3-2]")
    return Unsubscribe(packet_id, tuple(filters))


def _packet_id(reader: Reader) -> int:
    packet_id = reader.two_bytes()
    if not packet_id:
        raise Malformed("packet identifier 0 [MQTT-2.2.1-3]")
    return packet_id


def parse_disconnect(body: bytes, version: int) -> tuple[int, Properties]:
    """The DISCONNECT packet's reason code and properties (§3.14); of 3.1.1 it has none."""
    if version == 3 and body:
        raise Malformed("DISCONNECT has a body")
    reader = Reader(body)
    reason = 0 if reader.exhausted else reader.byte()
    properties = {} if reader.exhausted else read_properties(reader, "disconnect")
    if not reader.exhausted:
        raise Malformed("DISCONNECT has bytes after its last field")
    return reason, properties


def parse_puback(body: bytes, version: int) -> int:
    """The packet identifier of a PUBACK (§3.4); its reason code changes nothing for the sender."""
    reader = Reader(body)
    packet_id = _packet_id(reader)
    if version == 5 and not reader.exhausted:
        reader.byte()
        if not reader.exhausted:
            read_properties(reader, "puback")
    if not reader.exhausted:
        raise Malformed("PUBACK has bytes after its last field")
    return packet_id
