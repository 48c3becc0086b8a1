"""From an accepted message to the frames of its subscribers: fan-out, in-flight window, queue, back-pressure.

QoS 0 is dropped for a client that does not read. QoS 1 never is while its session is connected: it waits in the
session's queue, and who publishes waits for the PUBACK (see publishing.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labcloud.mqtt.encoding import PACKET_IDS, publish_pieces
from labcloud.mqtt.message import Message
from labcloud.mqtt.session import Delivery, Session
from labcloud.mqtt.subscriptions import Group

if TYPE_CHECKING:
    from labcloud.mqtt.broker import Broker
    from labcloud.mqtt.connection import Connection
    from labcloud.mqtt.space import Route

Frames = dict[int, tuple[bytes, bytes]]
"""Encoded forms of one message by version, QoS and RETAIN flag, shared by its subscribers."""


def fan_out(broker: Broker, route: Route, message: Message, sender: Session | None) -> Session | None:
    """Hands the message to every subscriber; returns a session that cannot keep up, if there is one."""
    frames: Frames = {}
    slow: Session | None = None
    for target in route.targets:
        if target.no_local and target.session is sender:
            continue
        retain = message.retain and target.retain_as_published
        if deliver(broker, target.session, message, target.qos & message.qos, retain, frames):
            slow = target.session
    for group in route.groups:
        if chosen := _deliver_to_group(broker, group, message, frames):
            slow = chosen
    return slow


def deliver(broker: Broker, session: Session, message: Message, qos: int, retain: bool, frames: Frames) -> bool:
    """One copy for one session; True: its queue is so long that the publisher should wait."""
    connection = session.connection
    if connection is None:
        if qos:
            _store(broker, session, message, retain)
        return False
    if not qos:
        if connection.writable:
            _send_qos_0(connection, message, retain, frames, broker.now)
        else:
            broker.note(message, "QoS 0 copy for %s dropped: the client does not read", session.client_id)
        return False
    if session.queue or not connection.writable or len(session.in_flight) >= connection.send_quota:
        session.enqueue(broker.record_delivery(session, message, retain))
        if session.queue_bytes > broker.limits.queue_bytes // 2:
            broker.doom(connection)
        return session.congested(broker.limits)
    _send_qos_1(broker, session, connection, broker.record_delivery(session, message, retain), frames)
    return False


def resume(broker: Broker, session: Session) -> None:
    """Sends what waits, as far as the in-flight window and the connection allow; lets waiting publishers go on."""
    connection = session.connection
    if connection is None:
        return
    while session.queue and connection.writable and len(session.in_flight) < connection.send_quota:
        delivery = session.dequeue()
        message = delivery[0]
        if message.properties and message.expired(broker.now):
            broker.record_done(session, delivery)
            broker.note(message, "copy for %s expired in its queue", session.client_id)
        elif not (decision := connection.permissions.receive(message.topic)).allowed:
            broker.record_done(session, delivery)
            broker.note(message, "not delivered to %s: iot:Receive refused: %s", session.client_id, decision.reason)
        else:
            _send_qos_1(broker, session, connection, delivery, {})
    if session.waiting and session.relieved(broker.limits):
        release_publishers(session)


def redeliver(broker: Broker, session: Session) -> None:
    """Repeats, on a new connection, what its predecessor did not acknowledge [MQTT-4.4.0-1], then the queue.

    AWS IoT does not use the DUP flag, which MQTT wants here ("AWS IoT differences from MQTT specifications").
    """
    connection = session.connection
    assert connection is not None
    for packet_id, delivery in list(session.in_flight.items()):
        message, retain, _ = delivery
        before, after = publish_pieces(message, session.version, 1, retain=retain, now=broker.now)
        fits = len(before) + 2 + len(after) <= connection.packet_limit
        if fits and not message.expired(broker.now) and connection.permissions.receive(message.topic).allowed:
            connection.send(before + PACKET_IDS[packet_id] + after)
        else:
            broker.record_done(session, session.in_flight.pop(packet_id))
    resume(broker, session)


def give_up(broker: Broker, session: Session) -> None:
    """Drops what a connected client has not acknowledged for too long (quotas page, "retry of QoS 1 messages").

    By real time, like the keep-alive: the lab clock may be far ahead of what a client can have answered.
    """
    if session.connection is None or not session.in_flight:
        session.unanswered = {}
        return
    known, now = session.unanswered, broker.at_s
    session.unanswered = {
        number: known[number] if number in known and known[number][0] is delivery else (delivery, now)
        for number, delivery in session.in_flight.items()
    }
    kept_s = broker.limits.unacknowledged_3_s if session.version == 3 else broker.limits.unacknowledged_5_s
    late = [number for number, (_, since_s) in session.unanswered.items() if now - since_s > kept_s]
    for number in late:
        delivery = session.in_flight.pop(number)
        broker.record_done(session, delivery)
        broker.note(delivery[0], "given up for %s: not acknowledged in %s s", session.client_id, kept_s)
    if late:
        resume(broker, session)


def release_publishers(session: Session) -> None:
    """Acknowledges, at last, the publishes that waited for this session."""
    waiting, session.waiting = session.waiting, []
    for connection, packet_id, size in waiting:
        connection.release(packet_id, size)


def _send_qos_1(broker: Broker, session: Session, connection: Connection, delivery: Delivery, frames: Frames) -> None:
    message, retain, _ = delivery
    key = session.version << 2 | 2 | retain
    pieces = frames.get(key)
    if pieces is None:
        pieces = frames[key] = publish_pieces(message, session.version, 1, retain=retain, now=broker.now)
    before, after = pieces
    if len(before) + 2 + len(after) > connection.packet_limit:
        broker.record_done(session, delivery)  # larger than the client takes: as if delivered [MQTT-3.1.2-25]
        return
    in_flight = session.in_flight
    packet_id = session.last_packet_id + 1
    if packet_id > 65_535 or packet_id in in_flight:
        packet_id = session.next_packet_id()
    session.last_packet_id = packet_id
    in_flight[packet_id] = delivery
    connection.send(before + PACKET_IDS[packet_id] + after)


def _send_qos_0(connection: Connection, message: Message, retain: bool, frames: Frames, now: float) -> None:
    key = connection.version << 2 | retain
    pieces = frames.get(key)
    if pieces is None:
        before, after = publish_pieces(message, connection.version, 0, retain=retain, now=now)
        pieces = frames[key] = before + after, b""
    if len(pieces[0]) <= connection.packet_limit:
        connection.send(pieces[0])


def _store(broker: Broker, session: Session, message: Message, retain: bool) -> None:
    """AWS drops what exceeds the account's limit of stored messages (Developer Guide, persistent sessions)."""
    if session.has_room(message, broker.limits):
        session.enqueue(broker.record_delivery(session, message, retain))
        broker.note(message, "stored for %s, which is not connected", session.client_id)
    else:
        broker.note(message, "lost for %s, which is not connected: its queue is full", session.client_id)


def _deliver_to_group(broker: Broker, group: Group, message: Message, frames: Frames) -> Session | None:
    for subscription in group.in_turn():
        session = subscription.session
        if session.connection and not session.connection.permissions.receive(message.topic).allowed:
            continue
        qos = subscription.qos & message.qos
        if session.connection is None and not qos:
            continue
        retain = message.retain and subscription.retain_as_published
        return session if deliver(broker, session, message, qos, retain, frames) else None
    return None
