"""Topic filters and names: what matches, what AWS refuses."""

from __future__ import annotations

import pytest

from labcloud.mqtt import Limits
from labcloud.mqtt.session import Session
from labcloud.mqtt.subscriptions import Subscription, SubscriptionTree
from labcloud.mqtt.topics import (
    BasicIngest,
    InvalidTopic,
    ShadowRequest,
    check_topic_name,
    parse_reserved,
    parse_topic_filter,
)

LIMITS = Limits()


def matches(topic_filter: str, topic: str) -> bool:
    tree, session = SubscriptionTree(), Session("s", 3)
    tree.add(Subscription(session, parse_topic_filter(topic_filter, LIMITS), 0))
    subscriptions, groups = tree.match(topic)
    return bool(subscriptions or groups)


@pytest.mark.parametrize(
    ("topic_filter", "topic"),
    [
        ("a/b", "a/b"),
        ("+", "a"),
        ("+/+", "/a"),
        ("/+", "/a"),
        ("a/+/c", "a/b/c"),
        ("a/+/c", "a//c"),
        ("#", "a/b/c"),
        ("a/#", "a/b/c"),
        ("sensor/#", "sensor/"),
        ("$aws/#", "$aws/events/presence/connected/x"),
        ("$aws/things/+/shadow/update", "$aws/things/t/shadow/update"),
        ("$share/g/a/+", "a/b"),
        ("münchen/+", "münchen/ß"),
    ],
)
def test_the_filter_matches(topic_filter, topic):
    assert matches(topic_filter, topic)


@pytest.mark.parametrize(
    ("topic_filter", "topic"),
    [
        ("a/b", "a/B"),
        ("a/b", "a/b/"),
        ("+", "a/b"),
        ("+", "/a"),
        ("a/+", "a"),
        ("sensor/#", "sensor"),
        ("#", "$aws/events"),
        ("+/events", "$aws/events"),
        ("a/+/c", "a/b/d"),
    ],
)
def test_the_filter_does_not_match(topic_filter, topic):
    assert not matches(topic_filter, topic)


def test_plus_matches_exactly_one_level():
    assert [matches("a/+", topic) for topic in ("a", "a/b", "a/b/c")] == [False, True, False]


@pytest.mark.parametrize(
    ("topic_filter", "complaint"),
    [
        ("", "is empty"),
        ("a/#/b", "# must stand alone and last"),
        ("a#", "# must stand alone and last"),
        ("a/b+", "+ must fill its level"),
        ("a/" * 8 + "b", "has 8 slashes; AWS IoT allows 7"),
        ("x" * 257, "has 257 bytes; AWS IoT allows 256"),
        ("ü" * 129, "has 258 bytes; AWS IoT allows 256"),
        ("$share/group", "a shared subscription is $share/<group>/<filter>"),
        ("$share//a", "a shared subscription is $share/<group>/<filter>"),
        ("$share/g/", "is empty"),
        ("$share/+/a", "the share name '+' holds a wildcard"),
        ("$share/" + "g" * 129 + "/a", "more than 128 bytes"),
        ("$SYS/#", "only $aws/… and $share/… are served"),
    ],
)
def test_the_filter_is_refused(topic_filter, complaint):
    with pytest.raises(InvalidTopic) as refused:
        parse_topic_filter(topic_filter, LIMITS)
    assert complaint in str(refused.value)


@pytest.mark.parametrize(
    ("topic", "complaint"),
    [("", "is empty"), ("a/+", "holds a wildcard"), ("a/#", "holds a wildcard"), ("a/" * 8, "has 8 slashes")],
)
def test_the_topic_is_refused(topic, complaint):
    with pytest.raises(InvalidTopic, match=complaint):
        check_topic_name(topic, LIMITS)


def test_what_does_not_count_for_the_limits():
    check_topic_name("$aws/rules/my_rule/" + "a/" * 7 + "b", LIMITS)
    parse_topic_filter("$share/group/" + "a/" * 7 + "b", LIMITS)


@pytest.mark.parametrize(
    ("topic", "request_"),
    [
        ("$aws/things/t-1/shadow/update", ShadowRequest("t-1", None, "update")),
        ("$aws/things/t/shadow/name/config/get", ShadowRequest("t", "config", "get")),
        ("$aws/rules/my_rule/a/b", BasicIngest("my_rule", "a/b")),
        ("$aws/things/t/shadow/update/accepted", None),
        ("$aws/rules/my_rule", None),
        ("$aws/events/presence/connected/x", None),
        ("$aws/things/t/jobs/get", None),
    ],
)
def test_reserved_topics_are_recognised(topic, request_):
    assert parse_reserved(topic) == request_


def test_an_empty_tree_has_no_leftover_branches():
    tree, session = SubscriptionTree(), Session("s", 3)
    filters = [parse_topic_filter(text, LIMITS) for text in ("a/b/c", "a/+", "$share/g/a/b", "#")]
    for topic_filter in filters:
        tree.add(Subscription(session, topic_filter, 0))
    for topic_filter in filters:
        tree.remove(session, topic_filter)
    assert tree._root.empty
