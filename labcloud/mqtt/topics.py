"""Topic names and topic filters: AWS's limits, wildcards, reserved topics. Pure; refusals say which rule was broken.

Sources: Developer Guide, "MQTT topics", "Reserved topics"; MQTT 5 §4.7.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from labcloud.mqtt.limits import Limits

SHADOW_TOPIC = re.compile(
    r"\$aws/things/(?P<thing>[A-Za-z0-9:_-]{1,128})/shadow(?:/name/(?P<shadow>[A-Za-z0-9:_-]{1,64}))?"
    r"/(?P<operation>get|update|delete)"
)
BASIC_INGEST_TOPIC = re.compile(r"\$aws/rules/(?P<rule>[A-Za-z0-9_]+)/(?P<topic>.+)", re.DOTALL)


class InvalidTopic(ValueError):
    """A topic name or filter that AWS IoT Core does not take; the text says why."""


@dataclass(frozen=True, slots=True)
class ShadowRequest:
    thing: str
    shadow: str | None
    """None: the classic shadow."""
    operation: str
    """get, update or delete."""


@dataclass(frozen=True, slots=True)
class BasicIngest:
    rule: str
    topic: str
    """The topic the rule sees: without `$aws/rules/<rule>/`."""


@dataclass(frozen=True, slots=True)
class TopicFilter:
    """A filter taken apart; `share` is the group of a shared subscription."""

    text: str
    levels: tuple[str, ...]
    share: str | None

    @property
    def matched(self) -> str:
        """The filter without `$share/<group>/`: what policies and the tree see."""
        return "/".join(self.levels)

    @property
    def has_wildcard(self) -> bool:
        return "+" in self.levels or "#" in self.levels


def is_reserved(topic: str) -> bool:
    """Topics that begin with `$` belong to AWS."""
    return topic.startswith("$")


def parse_reserved(topic: str) -> ShadowRequest | BasicIngest | None:
    """Which request to the cloud a publish to this reserved topic is; None: none that is served."""
    if found := SHADOW_TOPIC.fullmatch(topic):
        return ShadowRequest(found["thing"], found["shadow"], found["operation"])
    if found := BASIC_INGEST_TOPIC.fullmatch(topic):
        return BasicIngest(found["rule"], found["topic"])
    return None


def check_topic_name(topic: str, limits: Limits) -> None:
    """Refuses a topic to publish to: empty, with wildcards, too long or too deep."""
    if not topic:
        raise InvalidTopic("the topic is empty")
    if "+" in topic or "#" in topic:
        raise InvalidTopic(f"the topic {topic!r} holds a wildcard")
    ingest = BASIC_INGEST_TOPIC.fullmatch(topic)
    _check_size(ingest["topic"] if ingest else topic, "topic", limits)


def parse_topic_filter(text: str, limits: Limits) -> TopicFilter:
    """Refuses a filter that is empty, too long, too deep, or whose wildcards do not fill a level [MQTT-4.7.1-1]."""
    share, plain = _split_share(text, limits)
    if not plain:
        raise InvalidTopic("the topic filter is empty")
    _check_size(plain, "topic filter", limits)
    if plain.startswith("$") and not plain.startswith("$aws/"):
        raise InvalidTopic(f"the topic filter {plain!r} begins with $: only $aws/… and $share/… are served")
    levels = tuple(plain.split("/"))
    for index, level in enumerate(levels):
        if "#" in level and (level != "#" or index < len(levels) - 1):
            raise InvalidTopic(f"# must stand alone and last: {plain!r}")
        if "+" in level and level != "+":
            raise InvalidTopic(f"+ must fill its level: {plain!r}")
    return TopicFilter(text, levels, share)


def _split_share(text: str, limits: Limits) -> tuple[str | None, str]:
    if not text.startswith("$share/"):
        return None, text
    share, slash, plain = text.removeprefix("$share/").partition("/")
    if not share or not slash:
        raise InvalidTopic(f"a shared subscription is $share/<group>/<filter>, not {text!r}")
    if "+" in share or "#" in share or len(share.encode()) > limits.share_name_bytes:
        raise InvalidTopic(f"the share name {share!r} holds a wildcard or more than {limits.share_name_bytes} bytes")
    return share, plain


def _check_size(topic: str, what: str, limits: Limits) -> None:
    if len(topic.encode()) > limits.topic_bytes:
        raise InvalidTopic(f"the {what} has {len(topic.encode())} bytes; AWS IoT allows {limits.topic_bytes}")
    if topic.count("/") > limits.topic_slashes:
        raise InvalidTopic(
            f"the {what} {topic!r} has {topic.count('/')} slashes; AWS IoT allows {limits.topic_slashes}"
        )
