"""What changes in a broker's lasting state, one record each, so that a crash loses nothing that was acknowledged.

The shell writes the records before it sends the answers of the same loop turn; replaying them onto the last snapshot
gives the state again. Sessions that end with their connection leave no records.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from labcloud.mqtt.limits import Limits
from labcloud.mqtt.packets import SubscriptionRequest
from labcloud.mqtt.session import Delivery, Session
from labcloud.mqtt.space import Retained, Space
from labcloud.mqtt.subscriptions import Subscription
from labcloud.mqtt.topics import parse_topic_filter

SpaceKey = tuple[str, str]
SessionKey = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Kept:
    """A session that outlives its connection: its client has come, or has left at this lab time."""

    space: SpaceKey
    session: SessionKey
    expiry_s: int
    left_at: float | None


@dataclass(frozen=True, slots=True)
class Ended:
    space: SpaceKey
    session: SessionKey


@dataclass(frozen=True, slots=True)
class Subscribed:
    space: SpaceKey
    session: SessionKey
    request: SubscriptionRequest


@dataclass(frozen=True, slots=True)
class Unsubscribed:
    space: SpaceKey
    session: SessionKey
    topic_filter: str


@dataclass(frozen=True, slots=True)
class Queued:
    """A QoS 1 message is the session's to deliver."""

    space: SpaceKey
    session: SessionKey
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class Done:
    """It was acknowledged, or shall not be delivered any more."""

    space: SpaceKey
    session: SessionKey
    serial: int


@dataclass(frozen=True, slots=True)
class RetainedChanged:
    """The topic's retained message; None: deleted."""

    space: SpaceKey
    topic: str
    retained: Retained | None


Record = Kept | Ended | Subscribed | Unsubscribed | Queued | Done | RetainedChanged


def subscribe(space: Space, session: Session, request: SubscriptionRequest) -> None:
    """Adds a subscription that was granted before."""
    topic_filter = parse_topic_filter(request.topic_filter, space.limits)
    subscription = Subscription(session, topic_filter, request.qos, request.no_local, request.retain_as_published)
    session.subscriptions[topic_filter.text] = subscription
    space.tree.add(subscription)


def replay(spaces: dict[SpaceKey, Space], records: Iterable[Record], limits: Limits) -> None:
    """Brings the name spaces, as the last snapshot has them, up to the last record."""
    done: dict[tuple[SpaceKey, SessionKey], set[int]] = {}
    for record in records:
        space = spaces.setdefault(record.space, Space(*record.space, limits))
        if isinstance(record, RetainedChanged):
            _replay_retained(space, record)
        elif isinstance(record, Done):
            done.setdefault((record.space, record.session), set()).add(record.serial)
        else:
            _replay_session(space, record)
    for (space_key, session_key), serials in done.items():
        if session := spaces[space_key].sessions.get(session_key):
            session.discard(serials)


def _replay_retained(space: Space, record: RetainedChanged) -> None:
    if record.retained is None:
        space.forget_retained(record.topic)
    else:
        space.retain(record.retained)


def _replay_session(space: Space, record: Kept | Ended | Subscribed | Unsubscribed | Queued) -> None:
    session = space.sessions.get(record.session)
    if isinstance(record, Kept):
        session = space.sessions.setdefault(record.session, Session(*record.session, durable=True))
        session.expiry_s, session.left_at = record.expiry_s, record.left_at
    elif session is None:
        return
    elif isinstance(record, Ended):
        space.end_session(session)
    elif isinstance(record, Subscribed):
        subscribe(space, session, record.request)
    elif isinstance(record, Unsubscribed):
        if subscription := session.subscriptions.pop(record.topic_filter, None):
            space.tree.remove(session, subscription.topic_filter)
    else:
        session.enqueue(record.delivery)
        session.last_serial = max(session.last_serial, record.delivery[2])
