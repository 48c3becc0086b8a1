"""One name space of topics: the sessions, subscriptions and retained messages of an account in a region."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labcloud.mqtt.limits import Limits
from labcloud.mqtt.message import Message
from labcloud.mqtt.session import OVERHEAD_BYTES, Session
from labcloud.mqtt.subscriptions import Group, Subscription, SubscriptionTree
from labcloud.mqtt.topics import BasicIngest, ShadowRequest, is_reserved, parse_reserved

if TYPE_CHECKING:
    from labcloud.mqtt.connection import Connection


@dataclass(slots=True, eq=False)
class Target:
    """The one delivery that a session gets of a message, however many of its filters match."""

    session: Session
    qos: int
    retain_as_published: bool
    no_local: bool


@dataclass(slots=True, eq=False)
class Route:
    """Where messages to one topic go; refreshed when subscriptions or policies changed."""

    topic: str
    request: ShadowRequest | BasicIngest | None
    version: int = -1
    targets: tuple[Target, ...] = ()
    groups: tuple[Group, ...] = ()
    denied: tuple[tuple[str, str], ...] = ()
    """Client ids whose policies do not allow iot:Receive, with the reason."""
    told: str = ""
    """Who gets the messages, for the trace."""


@dataclass(slots=True)
class PresenceVersion:
    """`versionNumber` of a client id's lifecycle events, and when it was last used (lab clock)."""

    number: int
    used_at: float


@dataclass(slots=True)
class Retained:
    """A retained message; `modified_at` is the lab time of its publish."""

    message: Message
    modified_at: float


@dataclass(slots=True, eq=False)
class Space:
    """State of (account, region). Holds no decisions about policies beyond remembering routes."""

    account_id: str
    region: str
    limits: Limits
    tree: SubscriptionTree = field(default_factory=SubscriptionTree)
    sessions: dict[tuple[str, int], Session] = field(default_factory=dict)
    online: dict[str, Connection] = field(default_factory=dict)
    retained: dict[str, Retained] = field(default_factory=dict)
    retained_bytes: int = 0
    presence: dict[str, PresenceVersion] = field(default_factory=dict)
    _routes: dict[str, Route] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        return self.account_id, self.region

    def retain(self, retained: Retained) -> bool:
        """Keeps the topic's last retained message; False: there is no room for another one, or for so long a one."""
        topic, limits = retained.message.topic, self.limits
        known = self.retained.get(topic)
        size = self.retained_bytes + _size(retained) - (_size(known) if known else 0)
        if size > limits.retained_bytes or (known is None and len(self.retained) >= limits.retained_messages):
            return False
        self.retained[topic], self.retained_bytes = retained, size
        return True

    def forget_retained(self, topic: str) -> None:
        if known := self.retained.pop(topic, None):
            self.retained_bytes -= _size(known)

    def route(self, topic: str) -> Route:
        """The up-to-date route of a topic."""
        route = self._routes.get(topic)
        if route is None:
            if len(self._routes) >= self.limits.routes:
                self._routes.clear()
            route = self._routes[topic] = Route(topic, parse_reserved(topic) if is_reserved(topic) else None)
        if route.version != self.tree.version:
            self.refresh(route)
        return route

    def refresh(self, route: Route) -> None:
        """Matches the subscriptions again and asks for iot:Receive of those who are connected."""
        subscriptions, groups = self.tree.match(route.topic)
        targets: dict[Session, Target] = {}
        denied: dict[str, str] = {}
        for subscription in subscriptions:
            session = subscription.session
            if session.connection is not None:
                decision = session.connection.permissions.receive(route.topic)
                if not decision.allowed:
                    denied[session.client_id] = decision.reason
                    continue
            known = targets.get(session)
            targets[session] = _merged(known, subscription) if known else _target(subscription)
        route.targets, route.groups = tuple(targets.values()), tuple(groups)
        route.denied = tuple(denied.items())
        route.told = f"subscribers: {', '.join(target.session.client_id for target in route.targets) or 'none'}"
        route.version = self.tree.version

    def forget_routes(self) -> None:
        """After a change that the subscriptions' version does not show: policies, or who is connected."""
        self.tree.version += 1

    def end_session(self, session: Session) -> None:
        """Drops a session with its subscriptions and messages."""
        for subscription in session.subscriptions.values():
            self.tree.remove(session, subscription.topic_filter)
        session.subscriptions.clear()
        session.in_flight.clear()
        session.queue.clear()
        session.queue_bytes = 0
        self.sessions.pop(session.key, None)

    def next_presence_version(self, client_id: str, now: float) -> int:
        """0 for a new client id, then one more per connection (Developer Guide, "Lifecycle events")."""
        known = self.presence.get(client_id)
        number = known.number + 1 if known else 0
        self.presence[client_id] = PresenceVersion(number, now)
        return number


def _size(retained: Retained) -> int:
    return len(retained.message.payload) + len(retained.message.topic) + OVERHEAD_BYTES


def _target(subscription: Subscription) -> Target:
    return Target(subscription.session, subscription.qos, subscription.retain_as_published, subscription.no_local)


def _merged(known: Target, subscription: Subscription) -> Target:
    """Overlapping filters: one copy, with the highest QoS (MQTT 3.1.1 §3.3.5 allows it)."""
    return Target(
        known.session,
        max(known.qos, subscription.qos),
        known.retain_as_published or subscription.retain_as_published,
        known.no_local and subscription.no_local,
    )
