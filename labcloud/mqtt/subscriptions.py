"""Who subscribes to what: a tree of filter levels, and for a topic the one delivery each session gets.

`#` does not match its parent level: `sensor/#` misses `sensor` (Developer Guide, "MQTT", differences), unlike OASIS.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from labcloud.mqtt.session import Session
from labcloud.mqtt.topics import TopicFilter


@dataclass(slots=True, eq=False)
class Subscription:
    """One session's subscription to one filter."""

    session: Session
    topic_filter: TopicFilter
    qos: int
    no_local: bool = False
    retain_as_published: bool = False


@dataclass(slots=True, eq=False)
class Group:
    """The members of one shared subscription; each message goes to one of them, in turn."""

    members: dict[Session, Subscription] = field(default_factory=dict)
    turn: int = 0

    def in_turn(self) -> list[Subscription]:
        """Beginning after the last one that was served: members that keep up, then busy ones, then absent ones."""
        members = list(self.members.values())
        self.turn = (self.turn + 1) % len(members)
        rotated = members[self.turn :] + members[: self.turn]
        return sorted(rotated, key=lambda member: (member.session.connection is None, bool(member.session.queue)))


@dataclass(slots=True, eq=False)
class Node:
    children: dict[str, Node] = field(default_factory=dict)
    own: dict[Session, Subscription] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        return not (self.children or self.own or self.groups)


class SubscriptionTree:
    """All subscriptions of one name space. `version` rises with each change, so that matches can be remembered."""

    def __init__(self) -> None:
        self._root = Node()
        self.version = 0
        self.groups = 0
        """How many shared subscriptions there are."""

    def add(self, subscription: Subscription) -> None:
        """Adds, or replaces the session's subscription to the same filter."""
        self.version += 1
        node = self._root
        for level in subscription.topic_filter.levels:
            node = node.children.setdefault(level, Node())
        share = subscription.topic_filter.share
        self.groups += share is not None and share not in node.groups
        self._holders(node, subscription.topic_filter, create=True)[subscription.session] = subscription

    def remove(self, session: Session, topic_filter: TopicFilter) -> None:
        """Removes the session's subscription to this filter, and branches that hold nothing any more."""
        self.version += 1
        path = [self._root]
        for level in topic_filter.levels:
            path.append(path[-1].children[level])
        del self._holders(path[-1], topic_filter)[session]
        if topic_filter.share and not path[-1].groups[topic_filter.share].members:
            del path[-1].groups[topic_filter.share]
            self.groups -= 1
        for parent, level in zip(reversed(path[:-1]), reversed(topic_filter.levels), strict=True):
            if not parent.children[level].empty:
                break
            del parent.children[level]

    def group_size(self, topic_filter: TopicFilter) -> int:
        """Members of the shared subscription that this filter names."""
        node: Node | None = self._root
        for level in topic_filter.levels:
            node = node.children.get(level) if node else None
        group = node.groups.get(topic_filter.share or "") if node else None
        return len(group.members) if group else 0

    def match(self, topic: str) -> tuple[list[Subscription], list[Group]]:
        """Every subscription and every shared group whose filter matches the topic name."""
        subscriptions: list[Subscription] = []
        groups: list[Group] = []
        for node in self._matching(topic.split("/")):
            subscriptions.extend(node.own.values())
            groups.extend(node.groups.values())
        return subscriptions, groups

    def _matching(self, levels: list[str]) -> Iterator[Node]:
        front = [self._root]
        for depth, level in enumerate(levels):
            wild = depth > 0 or not level.startswith("$")
            behind: list[Node] = []
            for node in front:
                if (exact := node.children.get(level)) is not None:
                    behind.append(exact)
                if wild and (any_one := node.children.get("+")) is not None:
                    behind.append(any_one)
                if wild and (any_below := node.children.get("#")) is not None:
                    yield any_below
            front = behind
        yield from front

    @staticmethod
    def _holders(node: Node, topic_filter: TopicFilter, create: bool = False) -> dict[Session, Subscription]:
        if topic_filter.share is None:
            return node.own
        if create:
            return node.groups.setdefault(topic_filter.share, Group()).members
        return node.groups[topic_filter.share].members
