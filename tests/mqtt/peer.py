"""A client without a socket for tests of the core: it writes packets by hand and takes the broker's answers apart.

Encodes on its own, so that a mistake in the broker's encoder cannot hide itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from labcloud.mqtt import Broker, Context, Decision, Message, Principal
from labcloud.mqtt.connection import Connection
from labcloud.mqtt.topics import BasicIngest, ShadowRequest

ACCOUNT, REGION = "123456789012", "eu-central-1"
THING = Principal("c0ffee", f"arn:aws:iot:{REGION}:{ACCOUNT}:cert/c0ffee", ACCOUNT, REGION)


class AllowAll:
    """Policies that allow everything but what `denied` names, as (action, last part of the ARN)."""

    def __init__(self) -> None:
        self.epoch = 0
        self.denied: set[tuple[str, str]] = set()
        self.asked: list[tuple[str, str]] = []
        self.contexts: list[Context] = []

    def decide(self, principal: Principal, action: str, resource_arn: str, context: Context) -> Decision:
        name = resource_arn.split(":", 5)[5].split("/", 1)[1]
        self.asked.append((action, name))
        self.contexts.append(context)
        return Decision((action, name) not in self.denied, f"no statement allows {action} on {resource_arn}")


@dataclass
class Ears:
    """Listener, reserved topics and trace in one."""

    heard: list[Message] = field(default_factory=list)
    ingested: list[tuple[BasicIngest, bytes]] = field(default_factory=list)
    shadows: list[ShadowRequest] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def message_published(self, message: Message) -> None:
        self.heard.append(message)

    def basic_ingest(self, message: Message, request: BasicIngest) -> None:
        self.ingested.append((request, message.payload))

    def shadow_request(self, message: Message, request: ShadowRequest) -> None:
        self.shadows.append(request)

    def begin(self, topic: str = "", client_id: str | None = None) -> str:
        return f"trace-{len(self.notes)}"

    def note(self, trace_id: str, text: str, arguments: tuple[object, ...] = ()) -> None:
        self.notes.append(text % arguments if arguments else text)

    def topics(self) -> list[str]:
        """What clients published, without lifecycle events."""
        return [message.topic for message in self.heard if not message.topic.startswith("$aws/events/")]

    def event(self, name: str) -> bytes:
        """The payload of the last lifecycle event of this name."""
        return [message.payload for message in self.heard if f"/{name}/" in message.topic][-1]


def text(value: str) -> bytes:
    raw = value.encode()
    return len(raw).to_bytes(2, "big") + raw


def packet(first: int, body: bytes) -> bytes:
    length, digits = len(body), bytearray()
    while True:
        digits.append(length & 0x7F | (0x80 if length > 0x7F else 0))
        length >>= 7
        if not length:
            return bytes((first,)) + bytes(digits) + body


def block(properties: bytes) -> bytes:
    assert len(properties) < 128
    return bytes((len(properties),)) + properties


@dataclass
class Frame:
    """One packet from the broker."""

    kind: int
    flags: int
    body: bytes


@dataclass
class Received:
    """A PUBLISH as a client sees it."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    duplicate: bool
    packet_id: int
    properties: bytes


class Peer:
    """One connection to the core."""

    def __init__(self, broker: Broker, version: int = 4, principal: Principal = THING, at_s: float = 0.0) -> None:
        self.broker = broker
        self.version = version
        self.at_s = at_s
        self.core: Connection = broker.accept_principal(principal, "127.0.0.1", at_s)

    @property
    def closed(self) -> bool:
        return self.core.closed

    def send(self, data: bytes) -> list[Frame]:
        self.core.receive(data, self.at_s)
        return self.frames()

    def frames(self) -> list[Frame]:
        """What the broker has sent since the last call; `connect` and `subscribe` take only their own answer."""
        data, frames = self.core.take_output(), []
        while data:
            length = shift = 0
            at = 1
            while True:
                length |= (data[at] & 0x7F) << shift
                shift, at = shift + 7, at + 1
                if data[at - 1] < 0x80:
                    break
            frames.append(Frame(data[0] >> 4, data[0] & 15, data[at : at + length]))
            data = data[at + length :]
        return frames

    def connect(
        self,
        client_id: str = "thermometer",
        *,
        clean: bool = True,
        keep_alive_s: int = 60,
        will: tuple[str, bytes, int, bool] | None = None,
        will_properties: bytes = b"",
        properties: bytes = b"",
    ) -> Frame:
        flags = clean << 1
        five = self.version == 5
        tail = text(client_id)
        if will:
            topic, payload, qos, retain = will
            flags |= 4 | qos << 3 | retain << 5
            tail += (block(will_properties) if five else b"") + text(topic) + len(payload).to_bytes(2, "big") + payload
        head = text("MQTT") + bytes((self.version, flags)) + keep_alive_s.to_bytes(2, "big")
        self.core.receive(packet(0x10, head + (block(properties) if five else b"") + tail), self.at_s)
        connack, self.core.out[:1] = self.core.out[0], []
        return Frame(connack[0] >> 4, connack[0] & 15, connack[2:])

    def publish_packet(
        self,
        topic: str,
        payload: bytes = b"21",
        qos: int = 0,
        *,
        packet_id: int = 1,
        retain: bool = False,
        properties: bytes = b"",
    ) -> bytes:
        body = text(topic) + (packet_id.to_bytes(2, "big") if qos else b"")
        return packet(0x30 | qos << 1 | retain, body + (block(properties) if self.version == 5 else b"") + payload)

    def publish(self, *arguments: object, **options: object) -> list[Frame]:
        return self.send(self.publish_packet(*arguments, **options))  # type: ignore[arg-type]

    def subscribe_packet(self, *filters: str, options: int = 1, properties: bytes = b"") -> bytes:
        body = (7).to_bytes(2, "big") + (block(properties) if self.version == 5 else b"")
        return packet(0x82, body + b"".join(text(item) + bytes((options,)) for item in filters))

    def subscribe(self, *filters: str, options: int = 1, properties: bytes = b"") -> list[int]:
        """The codes of the SUBACK; what came with it stays to be read by `messages`."""
        self.core.receive(self.subscribe_packet(*filters, options=options, properties=properties), self.at_s)
        if not self.core.out:
            return []
        body = self.core.out.pop(0)
        assert body[0] == 0x90, body
        return list(body[-len(filters) :])

    def unsubscribe(self, *filters: str) -> list[Frame]:
        body = (8).to_bytes(2, "big") + (b"\x00" if self.version == 5 else b"")
        return self.send(packet(0xA2, body + b"".join(text(item) for item in filters)))

    def puback(self, packet_id: int) -> list[Frame]:
        return self.send(packet(0x40, packet_id.to_bytes(2, "big")))

    def disconnect(self) -> None:
        self.send(b"\xe0\x00")

    def vanish(self) -> None:
        self.core.lost(self.at_s)

    def messages(self) -> list[Received]:
        """The PUBLISH packets that have arrived; fails if something else came."""
        return [self._received(frame) for frame in self.frames()]

    def _received(self, frame: Frame) -> Received:
        assert frame.kind == 3, frame
        body, qos = frame.body, frame.flags >> 1 & 3
        at = 2 + int.from_bytes(body[:2], "big")
        topic = body[2:at].decode()
        packet_id = int.from_bytes(body[at : at + 2], "big") if qos else 0
        at += 2 if qos else 0
        properties = b""
        if self.version == 5:
            assert body[at] < 128
            properties = body[at + 1 : at + 1 + body[at]]
            at += 1 + body[at]
        return Received(topic, body[at:], qos, bool(frame.flags & 1), bool(frame.flags & 8), packet_id, properties)
