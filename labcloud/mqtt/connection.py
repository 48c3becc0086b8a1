"""One client's connection without its socket: bytes in, bytes out, no waiting. Nothing here opens, sleeps or logs.

Whatever the bytes, `receive` returns: a peer that breaks the protocol is closed with a reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from labcloud.mqtt import encoding
from labcloud.mqtt.delivery import release_publishers, resume
from labcloud.mqtt.handshake import on_connect
from labcloud.mqtt.message import Origin
from labcloud.mqtt.packets import (
    CONNECT,
    DISCONNECT,
    PINGREQ,
    PUBACK,
    PUBLISH,
    SUBSCRIBE,
    UNSUBSCRIBE,
    Will,
    parse_disconnect,
    parse_puback,
)
from labcloud.mqtt.permissions import Permissions
from labcloud.mqtt.ports import Principal
from labcloud.mqtt.publishing import on_publish
from labcloud.mqtt.reasons import Ended, Fault, Malformed, Reason
from labcloud.mqtt.session import Session
from labcloud.mqtt.subscribing import on_subscribe, on_unsubscribe
from labcloud.mqtt.wire import long_length

if TYPE_CHECKING:
    from labcloud.mqtt.broker import Broker
    from labcloud.mqtt.space import Route

UNLIMITED = 1 << 30
KEEP_ALIVE_FACTOR = 1.5


class Connection:
    """The broker's side of one transport. The shell reads `out`, `closed` and `wants_reading`."""

    def __init__(self, broker: Broker, principal: Principal, source_ip: str, at_s: float) -> None:
        self.broker = broker
        self.principal = principal
        self.source_ip = source_ip
        self.space = broker.space(principal.account_id, principal.region)
        self.origin = Origin(principal.account_id, principal.region, None, principal, source_ip)
        self.version = 3
        self.client_id = ""
        self.session: Session | None = None
        self.permissions: Permissions
        self.will: Will | None = None
        self.session_identifier = ""
        self.presence_version = 0
        self.reports_problems = True
        self.keep_alive_s = 0.0
        self.opened_s = self.last_heard_s = at_s
        self.ends_s: float | None = None
        """Monotonic time at which even a lively connection ends; None: never."""
        self.send_quota = broker.limits.unacknowledged
        self.packet_limit = UNLIMITED
        self.aliases: dict[int, bytes] = {}
        self.routes: dict[bytes, Route] = {}
        self.routes_epoch = -1
        self.held = 0
        self.held_bytes = 0
        self.out: list[bytes] = []
        self.scheduled = False
        self.closed = False
        self.writable = True
        self.unwritable_since_s: float | None = None
        self.wants_reading = True
        self.link: object = None
        """The shell's handle of this connection."""
        self._rest = b""
        self._progress = False

    def receive(self, data: bytes, at_s: float) -> None:
        """Bytes from the peer at this monotonic time; an incomplete packet is kept for the next call."""
        if self.closed:
            return
        self.last_heard_s = at_s
        self.broker.begin(at_s)
        self.read_on(data)
        self.broker.settle()

    def read_on(self, data: bytes = b"") -> None:
        """Goes on with what was kept back, and with further bytes."""
        try:
            self._read_packets(self._rest + data if self._rest else data)
        except Fault as fault:
            self.fail(fault)
        if self._progress and self.session is not None:
            self._progress = False
            self.session.progress_at = self.last_heard_s
            resume(self.broker, self.session)

    def _read_packets(self, buffer: bytes) -> None:
        position, end = 0, len(buffer)
        if self.session is None and buffer and buffer[0] != CONNECT << 4:
            raise Fault(Reason.PROTOCOL_ERROR, "the first packet is not CONNECT [MQTT-3.1.0-1]")
        largest = self.broker.limits.packet_bytes
        while end - position >= 2 and self.wants_reading:
            length = buffer[position + 1]
            body = position + 2
            if length & 0x80:
                length, body = long_length(buffer, position + 1)
                if body < 0:
                    break
            stop = body + length
            if stop - position > largest:
                raise Fault(Reason.QUOTA_EXCEEDED, f"a packet of {stop - position} bytes; AWS IoT allows {largest}")
            if stop > end:
                break
            first = buffer[position]
            position = stop
            if first >> 4 == PUBLISH and self.session is not None:
                on_publish(self, first, buffer, body, stop)
            elif first == 0x40 and length == 2 and self.session is not None:
                self._acknowledged(buffer[body] << 8 | buffer[body + 1])
            else:
                self._on_other(first, buffer[body:stop])
            if self.closed:
                return
            if not self.writable and len(self.out) > self.broker.limits.unread_frames:
                self.wants_reading = False
        self._rest = buffer[position:] if position < end else b""

    def _on_other(self, first: int, body: bytes) -> None:
        kind, flags = first >> 4, first & 15
        if self.session is None:
            on_connect(self, body)
            return
        handler = HANDLERS.get(kind)
        if handler is None:
            raise Fault(Reason.PROTOCOL_ERROR, f"packet type {kind} is not served: {UNSERVED.get(kind, 'unknown')}")
        if flags != (2 if kind in (SUBSCRIBE, UNSUBSCRIBE) else 0):
            raise Malformed(f"packet type {kind} has the flags {flags:#03x} [MQTT-2.1.3-1]")
        handler(self, body)

    def _on_puback(self, body: bytes) -> None:
        self._acknowledged(parse_puback(body, self.version))

    def _acknowledged(self, packet_id: int) -> None:
        assert self.session is not None
        delivery = self.session.in_flight.pop(packet_id, None)
        if delivery is not None:
            self._progress = True
            if delivery[2]:
                self.broker.record_done(self.session, delivery)

    def _on_ping(self, body: bytes) -> None:
        if body:
            raise Malformed("PINGREQ has a body")
        self.send(encoding.PINGRESP)

    def _on_disconnect(self, body: bytes) -> None:
        reason, properties = parse_disconnect(body, self.version)
        expiry_s = properties.get("session_expiry_interval")
        session = self.session
        assert session is not None
        if expiry_s is not None:
            if expiry_s and not session.expiry_s:
                raise Fault(Reason.PROTOCOL_ERROR, "DISCONNECT revives the session's expiry [MQTT-3.14.2-2]")
            session.expiry_s = min(expiry_s, self.broker.limits.session_expiry_max_s)
        if reason != Reason.DISCONNECT_WITH_WILL:
            self.will = None
        self.close(Ended.CLIENT_INITIATED)

    def send(self, frame: bytes) -> None:
        """Queues bytes for the peer; the shell writes them at the end of the loop turn."""
        self.out.append(frame)
        if not self.scheduled:
            self.scheduled = True
            self.broker.changed.append(self)

    def take_output(self) -> bytes:
        """Everything to be written now, as one piece."""
        data = b"".join(self.out)
        self.out.clear()
        return data

    def set_writable(self, writable: bool, at_s: float) -> None:
        """The transport's buffer is full, or has room again."""
        self.writable = writable
        self.unwritable_since_s = None if writable else at_s
        if writable and not self.closed:
            self.broker.begin(at_s)
            if self.session is not None:
                resume(self.broker, self.session)
            self._read_again()
            self._announce()
            self.broker.settle()

    def hold(self, session: Session, packet_id: int, size: int) -> None:
        """Keeps back the PUBACK of a QoS 1 publish until that slow session's queue is shorter."""
        if not session.waiting:
            session.progress_at = max(session.progress_at, self.broker.at_s)
        session.waiting.append((self, packet_id, size))
        self.held += 1
        self.held_bytes += size
        full = self.held >= self.broker.limits.unacknowledged or self.held_bytes > self.broker.limits.held_bytes
        if full and session is not self.session and self.wants_reading:
            self.wants_reading = False
            self._announce()

    def release(self, packet_id: int, size: int) -> None:
        """Sends a PUBACK that was kept back."""
        self.held -= 1
        self.held_bytes -= size
        if not self.closed:
            self.send(encoding.puback(self.version, packet_id))
            self._read_again()

    def _read_again(self) -> None:
        limits = self.broker.limits
        few = self.held <= limits.unacknowledged // 2 and self.held_bytes <= limits.held_bytes // 2
        if not self.wants_reading and few and (self.writable or len(self.out) <= limits.unread_frames):
            self.wants_reading = True
            self.broker.resumable.append(self)
            self._announce()

    def _announce(self) -> None:
        if not self.scheduled:
            self.scheduled = True
            self.broker.changed.append(self)

    def fail(self, fault: Fault) -> None:
        """Ends the connection for the peer's fault; MQTT 5 clients are told the reason."""
        self.broker.log(self, f"closed ({fault.ended}): {fault.text}")
        if self.session is not None and self.version == 5:
            self.send(encoding.disconnect(fault.reason, fault.text if self.reports_problems else None))
        self.close(fault.ended)

    def lost(self, at_s: float) -> None:
        """The transport is gone without a DISCONNECT."""
        self.broker.begin(at_s)
        self.close(Ended.CONNECTION_LOST)
        self.broker.settle()

    def leave(self, at_s: float) -> None:
        """The client says goodbye outside MQTT (a WebSocket's Close frame): as if it had sent DISCONNECT."""
        self.broker.begin(at_s)
        self.will = None
        self.close(Ended.CLIENT_INITIATED)
        self.broker.settle()

    def close(self, ended: Ended) -> None:
        """Ends the connection: the session stays or goes, the will and the lifecycle event are published."""
        if self.closed:
            return
        self.closed = True
        self.wants_reading = False
        self._rest = b""
        self._announce()
        session, self.session = self.session, None
        if session is not None:
            session.connection = None
            release_publishers(session)
            self.broker.left(self, session, ended)
        self.broker.forget(self)

    def overdue(self, at_s: float) -> Fault | None:
        """Why the connection should be ended at this monotonic time: no CONNECT, no sign of life, or not reading."""
        limits = self.broker.limits
        if self.session is None:
            late = at_s - self.opened_s > limits.connect_timeout_s
            return Fault(Reason.PROTOCOL_ERROR, "no CONNECT in time") if late else None
        if self.ends_s is not None and at_s > self.ends_s:
            text = "a WebSocket connection has lasted its longest time"
            return Fault(Reason.ADMINISTRATIVE_ACTION, text, Ended.WEBSOCKET_TTL)
        if at_s - self.last_heard_s > self.keep_alive_s * KEEP_ALIVE_FACTOR and self.wants_reading:
            text = f"nothing heard for 1.5 × {self.keep_alive_s:g} s of keep alive"
            return Fault(Reason.KEEP_ALIVE_TIMEOUT, text, Ended.KEEP_ALIVE_TIMEOUT)
        if self.unwritable_since_s is not None and at_s - self.unwritable_since_s > limits.stall_timeout_s:
            return Fault(Reason.QUOTA_EXCEEDED, "the client does not read what it is sent", Ended.THROTTLED)
        if self.session.waiting and at_s - self.session.progress_at > limits.stall_timeout_s:
            return Fault(Reason.QUOTA_EXCEEDED, "the client acknowledges nothing", Ended.THROTTLED)
        return None


HANDLERS: dict[int, Callable[[Connection, bytes], None]] = {
    PUBACK: Connection._on_puback,
    SUBSCRIBE: on_subscribe,
    UNSUBSCRIBE: on_unsubscribe,
    PINGREQ: Connection._on_ping,
    DISCONNECT: Connection._on_disconnect,
}
UNSERVED = {
    CONNECT: "a second CONNECT [MQTT-3.1.0-2]",
    5: "PUBREC, AWS IoT has no QoS 2",
    6: "PUBREL, AWS IoT has no QoS 2",
    7: "PUBCOMP, AWS IoT has no QoS 2",
    15: "AUTH, AWS IoT has no enhanced authentication",
}
