"""The message broker without I/O: connections, name spaces, publishing, and what happens as time passes.

Not thread-safe: one thread (the shell's event loop) calls everything here. The shell sends what `changed` lists.
Longer than most modules because all ports and all entries meet in this one object; decisions are in its neighbours.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from labcloud.mqtt import departures
from labcloud.mqtt.connection import Connection
from labcloud.mqtt.delivery import fan_out
from labcloud.mqtt.journal import Done, Queued, Record, RetainedChanged, replay
from labcloud.mqtt.limits import Limits
from labcloud.mqtt.message import Message, Origin
from labcloud.mqtt.ports import Listener, Policies, Principal, Principals, Refusal, ReservedTopics, Trace
from labcloud.mqtt.properties import MessageProperties
from labcloud.mqtt.publishing import check_message
from labcloud.mqtt.reasons import Ended, Fault, Reason
from labcloud.mqtt.session import Delivery, Session
from labcloud.mqtt.snapshot import BrokerState, load_space, save_space
from labcloud.mqtt.space import Retained, Route, Space
from labcloud.mqtt.topics import BasicIngest, ShadowRequest, is_reserved

logger = logging.getLogger("labcloud.mqtt")


@dataclass(frozen=True, slots=True)
class Published:
    """What became of a publish that did not come over MQTT."""

    accepted: bool
    reason: str
    trace_id: str
    throttled: bool = False
    """Refused because a subscriber cannot keep up; try again later (HTTP 429)."""


class Broker:
    """See the module's header; the ports are described in ports.py."""

    def __init__(
        self,
        *,
        principals: Principals,
        policies: Policies,
        now: Callable[[], float],
        listener: Listener | None = None,
        reserved: ReservedTopics | None = None,
        trace: Trace | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.principals = principals
        self.policies = policies
        self.listener = listener
        self.reserved = reserved
        self.trace = trace
        self.limits = limits or Limits()
        self.now = now()
        self.at_s = 0.0
        self.epoch = policies.epoch
        self.connections: set[Connection] = set()
        self.spaces: dict[tuple[str, str], Space] = {}
        self.changed: list[Connection] = []
        """Connections with output, an end, or another wish about reading; the shell empties it."""
        self.accepted = False
        """Whether messages were accepted; the shell takes it back when it has seen to what follows from them."""
        self.resumable: list[Connection] = []
        self.records: list[Record] | None = None
        """Changes of the lasting state for a journal; None: nobody keeps them. The journal's writer empties it."""
        self._doomed: list[Connection] = []
        self._settling = False
        self._clock = now
        self._numbers = itertools.count(1)
        self.new_trace_id: Callable[[str, str | None], str] = trace.begin if trace else self._number

    def _number(self, topic: str, client_id: str | None) -> str:
        return str(next(self._numbers))

    def space(self, account_id: str, region: str) -> Space:
        """The name space of an account in a region."""
        key = account_id, region
        if key not in self.spaces:
            self.spaces[key] = Space(account_id, region, self.limits)
        return self.spaces[key]

    def begin(self, at_s: float | None = None) -> None:
        """Called at each entry: reads the lab clock and notices changed policies once for all that follows."""
        self.now = self._clock()
        if at_s is not None:
            self.at_s = at_s
        epoch = self.policies.epoch
        if epoch != self.epoch:
            self.epoch = epoch
            for space in self.spaces.values():
                space.forget_routes()

    def settle(self) -> None:
        """Called at each exit: ends connections that became too slow, goes on with those that were kept back."""
        if self._settling:
            return
        self._settling = True
        try:
            while self._doomed or self.resumable:
                if self._doomed:
                    self._doomed.pop().fail(
                        Fault(Reason.QUOTA_EXCEEDED, "too many messages wait for the client", Ended.THROTTLED)
                    )
                else:
                    self.resumable.pop().read_on()
        finally:
            self._settling = False

    def doom(self, connection: Connection) -> None:
        """To be ended as soon as the present message is through."""
        if connection not in self._doomed:
            self._doomed.append(connection)

    # -- connections

    def accept_certificate(self, der: bytes | None, source_ip: str, at_s: float) -> Connection | Refusal:
        """A peer after the TLS handshake, with its certificate, or why it is not let in."""
        if der is None:
            found: Principal | Refusal = Refusal("no client certificate was presented")
        else:
            found = self.principals.principal_of(der)
        if isinstance(found, Refusal):
            self.refused(source_ip, found.reason)
            return found
        return self.accept_principal(found, source_ip, at_s)

    def refused(self, source_ip: str, reason: str) -> None:
        """Tells that a peer was not let in."""
        self._say(f"MQTT connection from {source_ip} refused: {reason}")

    def accept_principal(self, principal: Principal, source_ip: str, at_s: float) -> Connection:
        """A peer that is known already."""
        connection = Connection(self, principal, source_ip, at_s)
        self.connections.add(connection)
        return connection

    def accept_websocket(self, principal: Principal, source_ip: str, at_s: float) -> Connection:
        """A peer that signed its WebSocket's upgrade; it may stay for a day."""
        connection = self.accept_principal(principal, source_ip, at_s)
        connection.ends_s = at_s + self.limits.websocket_s
        return connection

    def disconnect_principal(self, principal_id: str, reason: str = "the certificate is no longer active") -> int:
        """Ends every connection of a principal; returns how many."""
        return self._disconnect(
            lambda connection: connection.principal.id == principal_id, reason, Ended.FORBIDDEN_ACCESS
        )

    def disconnect_client(self, account_id: str, region: str, client_id: str) -> bool:
        """DeleteConnection of the data API: ends the client's connection; False: it has none."""
        connection = self.space(account_id, region).online.get(client_id)
        reason = "disconnected with DeleteConnection"
        return self._disconnect(lambda other: other is connection, reason, Ended.API_INITIATED) > 0

    def shut_down(self) -> None:
        """Ends all connections, telling MQTT 5 clients."""
        self._disconnect(lambda _: True, "the server shuts down", Ended.SERVER_INITIATED)

    def _disconnect(self, chosen: Callable[[Connection], bool], reason: str, ended: Ended) -> int:
        self.begin()
        code = Reason.SERVER_SHUTTING_DOWN if ended is Ended.SERVER_INITIATED else Reason.ADMINISTRATIVE_ACTION
        found = [connection for connection in self.connections if chosen(connection)]
        for connection in found:
            connection.fail(Fault(code, reason, ended))
        self.settle()
        return len(found)

    def left(self, connection: Connection, session: Session, ended: Ended) -> None:
        """A client is gone: session, will, lifecycle event."""
        departures.client_left(self, connection, session, ended)

    def end_session(self, space: Space, session: Session) -> None:
        """The session is over; a will that waited for it is published first."""
        departures.end_session(self, space, session)

    def forget(self, connection: Connection) -> None:
        self.connections.discard(connection)

    # -- messages

    def publish(
        self,
        origin: Origin,
        topic: str,
        payload: bytes,
        *,
        qos: int = 0,
        retain: bool = False,
        properties: MessageProperties | None = None,
        trace_id: str | None = None,
        system: bool = False,
    ) -> Published:
        """A message from elsewhere: HTTP, a rule's republish; `system` may use reserved topics, for answers of AWS.

        Authorisation is the caller's. MQTT's limits hold for it too.
        """
        self.begin()
        trace_id = trace_id or self.new_trace_id(topic, origin.client_id)
        space = self.space(origin.account_id, origin.region)
        message = Message(topic, payload, qos, retain, origin, properties, trace_id, self.now)
        try:
            check_message(message, self.limits)
            route = space.route(topic)
            if is_reserved(topic) and not system and (route.request is None or self.reserved is None):
                raise Fault(Reason.TOPIC_NAME_INVALID, f"the reserved topic {topic!r} is not served")
        except Fault as fault:
            self.note(message, "publish to %s refused: %s", topic, fault.text)
            return Published(False, fault.text, trace_id)
        full = qos and not system and any(target.session.congested(self.limits) for target in route.targets)
        if full:
            self.note(message, "publish to %s refused: a subscriber cannot keep up", topic)
            return Published(False, "a subscriber cannot keep up", trace_id, throttled=True)
        self.accept(space, route, message, None)
        self.settle()
        return Published(True, "", trace_id)

    def publish_event(self, space: Space, topic: str, payload: bytes) -> None:
        """A lifecycle event; it goes the way of all messages."""
        origin = Origin(space.account_id, space.region)
        message = Message(topic, payload, 1, False, origin, None, self.new_trace_id(topic, None), self.now)
        self.accept(space, space.route(topic), message, None)

    def accept(self, space: Space, route: Route, message: Message, sender: Session | None) -> Session | None:
        """Hands an allowed message to retained store, hooks and subscribers; returns a session that cannot keep up."""
        if route.version != space.tree.version:
            space.refresh(route)
        self.accepted = True
        if self.trace is not None:
            self._trace_accepted(self.trace, route, message)
        if message.retain:
            self._retain(space, message)
        request = route.request
        if isinstance(request, BasicIngest):
            if self.reserved is not None:
                self._hook(self.reserved.basic_ingest, message, request)
            return None
        if self.listener is not None:
            self._hook(self.listener.message_published, message)
        if isinstance(request, ShadowRequest) and self.reserved is not None:
            self._hook(self.reserved.shadow_request, message, request)
        if not route.targets and not route.groups:
            return None
        return fan_out(self, route, message, sender)

    def _hook(self, hook: Callable[..., None], *arguments: object) -> None:
        try:
            hook(*arguments)
        except Exception:
            logger.exception("a listener of the MQTT broker failed; the message goes on to its subscribers")

    def _retain(self, space: Space, message: Message) -> None:
        retained = Retained(message, self.now) if message.payload else None
        if retained is None:
            space.forget_retained(message.topic)
        elif not space.retain(retained):
            self.note(message, "not retained: the account has %s retained messages", len(space.retained))
            return
        self.record(RetainedChanged(space.key, message.topic, retained))

    def retained(self, account_id: str, region: str) -> Mapping[str, Retained]:
        """Retained messages by topic, for GetRetainedMessage and ListRetainedMessages."""
        return self.space(account_id, region).retained

    # -- state

    def snapshot(self) -> BrokerState:
        """What shall outlive the process; can be pickled."""
        self.begin()
        return BrokerState(tuple(save_space(space) for space in self.spaces.values()))

    def restore(self, state: BrokerState, records: Iterable[Record] = ()) -> None:
        """Takes over a saved state and what was recorded after it; only before the first connection."""
        if self.connections:
            raise RuntimeError("a broker's state can only be restored before clients connect")
        for saved in state.spaces:
            self.spaces[saved.account_id, saved.region] = load_space(saved, self.limits)
        replay(self.spaces, records, self.limits)
        self.begin()
        for space in self.spaces.values():
            for session in space.sessions.values():
                if session.left_at is None:
                    session.left_at = self.now

    def record(self, record: Record) -> None:
        """One change for the journal."""
        if self.records is not None:
            self.records.append(record)

    def record_delivery(self, session: Session, message: Message, retain: bool) -> Delivery:
        """A QoS 1 message becomes the session's to deliver."""
        if not session.durable or self.records is None:
            return message, retain, 0
        session.last_serial += 1
        delivery = message, retain, session.last_serial
        space = message.origin.account_id, message.origin.region
        self.records.append(Queued(space, session.key, delivery))
        return delivery

    def record_done(self, session: Session, delivery: Delivery) -> None:
        """The session need not deliver it any more."""
        if delivery[2] and self.records is not None:
            space = delivery[0].origin.account_id, delivery[0].origin.region
            self.records.append(Done(space, session.key, delivery[2]))

    # -- time

    def tick(self, at_s: float) -> None:
        """About once a second: keep-alive by monotonic time; sessions, wills and presence by the lab clock."""
        self.begin(at_s)
        for connection in list(self.connections):
            if fault := connection.overdue(at_s):
                connection.fail(fault)
        for space in list(self.spaces.values()):
            departures.tick(self, space)
        self.settle()

    # -- telling

    def note(self, message: Message, text: str, *arguments: object) -> None:
        """One step of a message, if somebody traces."""
        if self.trace is not None:
            self.trace.note(message.trace_id, text, arguments)

    def log(self, connection: Connection, text: str) -> None:
        """One line about a connection."""
        self._say(f"MQTT client {connection.client_id!r} from {connection.source_ip}: {text}")

    def _say(self, text: str) -> None:
        logger.info(text)
        if self.trace is not None:
            self.trace.note(self.trace.begin(), text)

    def _trace_accepted(self, trace: Trace, route: Route, message: Message) -> None:
        size, client_id = len(message.payload), message.origin.client_id
        if client_id is None:
            text = "published to %s by no device (the API, a rule or AWS IoT itself): QoS %s, %s bytes"
            trace.note(message.trace_id, text, (route.topic, message.qos, size))
        else:
            text = "published to %s by MQTT client %r: QoS %s, %s bytes"
            trace.note(message.trace_id, text, (route.topic, client_id, message.qos, size))
        trace.note(message.trace_id, route.told)
        for refused in route.denied:
            trace.note(message.trace_id, "not delivered to %s: iot:Receive refused: %s", refused)
