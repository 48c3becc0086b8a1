"""What of a broker outlives its process: persistent sessions, retained messages, presence versions.

Plain dataclasses that can be pickled; connections are not part of it, their sessions count as left when it is restored.
"""

from __future__ import annotations

from dataclasses import dataclass

from labcloud.mqtt.journal import subscribe
from labcloud.mqtt.limits import Limits
from labcloud.mqtt.packets import SubscriptionRequest
from labcloud.mqtt.session import Delivery, PendingWill, Session
from labcloud.mqtt.space import PresenceVersion, Retained, Space


@dataclass(frozen=True)
class SessionState:
    client_id: str
    version: int
    expiry_s: int
    left_at: float | None
    """None: its client is connected."""
    last_packet_id: int
    last_serial: int
    subscriptions: tuple[SubscriptionRequest, ...]
    in_flight: tuple[tuple[int, Delivery], ...]
    queue: tuple[Delivery, ...]
    will: PendingWill | None


@dataclass(frozen=True)
class SpaceState:
    account_id: str
    region: str
    sessions: tuple[SessionState, ...]
    retained: tuple[Retained, ...]
    presence: tuple[tuple[str, int, float], ...]


@dataclass(frozen=True)
class BrokerState:
    spaces: tuple[SpaceState, ...]


def save_space(space: Space) -> SpaceState:
    """A copy of everything in the name space that shall outlive the process."""
    return SpaceState(
        space.account_id,
        space.region,
        tuple(_save_session(session) for session in space.sessions.values() if session.expiry_s),
        tuple(space.retained.values()),
        tuple((client_id, version.number, version.used_at) for client_id, version in space.presence.items()),
    )


def _save_session(session: Session) -> SessionState:
    requests = (
        SubscriptionRequest(
            item.topic_filter.text, item.qos, no_local=item.no_local, retain_as_published=item.retain_as_published
        )
        for item in session.subscriptions.values()
    )
    return SessionState(
        session.client_id,
        session.version,
        session.expiry_s,
        session.left_at,
        session.last_packet_id,
        session.last_serial,
        tuple(requests),
        tuple(session.in_flight.items()),
        tuple(session.queue),
        session.will,
    )


def load_space(state: SpaceState, limits: Limits) -> Space:
    """A name space as it was saved; its clients are absent."""
    space = Space(state.account_id, state.region, limits)
    for saved in state.sessions:
        session = Session(saved.client_id, saved.version, saved.expiry_s, left_at=saved.left_at, will=saved.will)
        session.last_packet_id, session.last_serial = saved.last_packet_id, saved.last_serial
        session.durable = True
        session.in_flight = dict(saved.in_flight)
        for delivery in saved.queue:
            session.enqueue(delivery)
        for request in saved.subscriptions:
            subscribe(space, session, request)
        space.sessions[session.key] = session
    for retained in state.retained:
        space.retain(retained)
    for client_id, number, used_at in state.presence:
        space.presence[client_id] = PresenceVersion(number, used_at)
    return space
