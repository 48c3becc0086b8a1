"""A client leaves: what becomes of its session and its will, then and as the lab clock goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labcloud.mqtt import lifecycle
from labcloud.mqtt.delivery import give_up
from labcloud.mqtt.journal import Ended as SessionEnded
from labcloud.mqtt.journal import Kept
from labcloud.mqtt.message import Message
from labcloud.mqtt.packets import Will
from labcloud.mqtt.publishing import message_properties
from labcloud.mqtt.reasons import Ended
from labcloud.mqtt.session import PendingWill, Session

if TYPE_CHECKING:
    from labcloud.mqtt.broker import Broker
    from labcloud.mqtt.connection import Connection
    from labcloud.mqtt.space import Space


def client_left(broker: Broker, connection: Connection, session: Session, ended: Ended) -> None:
    """The session stays for its expiry or ends; the will is published now or after its delay; an event tells it."""
    space = connection.space
    if ended in (Ended.CLIENT_INITIATED, Ended.CONNECTION_LOST):
        broker.log(connection, f"gone ({ended})")
    if space.online.get(session.client_id) is connection:
        del space.online[session.client_id]
    session.left_at = broker.now
    if session.subscriptions:
        space.forget_routes()
    if connection.will is not None:
        delay_s = connection.will.properties.get("will_delay_interval", 0)
        due_at = broker.now + min(delay_s, session.expiry_s)
        session.will = PendingWill(_will_message(broker, connection, connection.will), due_at)
    if not session.expiry_s:
        end_session(broker, space, session)
    else:
        broker.record(Kept(space.key, session.key, session.expiry_s, broker.now))
        _publish_due_will(broker, space, session)
    lifecycle.disconnected(connection, ended)


def end_session(broker: Broker, space: Space, session: Session) -> None:
    """Drops the session; a will that waits is published first [MQTT-3.1.3-9]."""
    if session.will is not None:
        session.will.due_at = broker.now
        _publish_due_will(broker, space, session)
    space.end_session(session)
    if session.durable:
        broker.record(SessionEnded(space.key, session.key))


def tick(broker: Broker, space: Space) -> None:
    """Sessions whose time is over, wills that are due, version numbers that start again."""
    for session in list(space.sessions.values()):
        expires_at = session.expires_at()
        if expires_at is not None and expires_at <= broker.now:
            end_session(broker, space, session)
        else:
            _publish_due_will(broker, space, session)
            give_up(broker, session)
    kept_s = broker.limits.version_number_kept_s
    for client_id, version in list(space.presence.items()):
        if client_id in space.online:
            version.used_at = broker.now
        elif broker.now - version.used_at > kept_s and not _has_session(space, client_id):
            del space.presence[client_id]


def _has_session(space: Space, client_id: str) -> bool:
    return any((client_id, version) in space.sessions for version in (3, 5))


def _will_message(broker: Broker, connection: Connection, will: Will) -> Message:
    properties = message_properties(dict(will.properties), broker.limits)
    trace_id = broker.new_trace_id(will.topic, connection.client_id)
    return Message(will.topic, will.payload, will.qos, will.retain, connection.origin, properties, trace_id, broker.now)


def _publish_due_will(broker: Broker, space: Space, session: Session) -> None:
    pending = session.will
    if pending is not None and pending.due_at <= broker.now:
        session.will = None
        pending.message.accepted_at = broker.now
        broker.note(pending.message, "last will of %s", session.client_id)
        broker.accept(space, space.route(pending.message.topic), pending.message, None)
