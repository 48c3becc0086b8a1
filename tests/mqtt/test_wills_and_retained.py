"""Last wills and retained messages."""

from __future__ import annotations

import json

import pytest

from labcloud.mqtt import Broker, Limits, Origin

from .conftest import Strangers
from .peer import ACCOUNT, REGION, Peer

WILL = ("status/fridge", b"offline", 1, False)
VERSIONS = pytest.mark.parametrize("version", [4, 5], ids=["mqtt3", "mqtt5"])


@VERSIONS
def test_the_will_is_published_when_the_client_vanishes(client, version):
    watcher = client("watcher")
    watcher.subscribe("status/#")
    client("fridge", version, will=WILL).vanish()
    assert [(message.topic, message.payload) for message in watcher.messages()] == [("status/fridge", b"offline")]


@VERSIONS
def test_a_disconnect_packet_cancels_the_will(client, ears, version):
    client("fridge", version, will=WILL).disconnect()
    assert ears.topics() == []


def test_disconnect_with_will_publishes_it(client, ears):
    client("fridge", 5, will=WILL).send(b"\xe0\x01\x04")
    assert ears.topics() == ["status/fridge"]


def test_the_will_is_published_when_the_broker_ends_the_connection(client, ears, broker):
    client("fridge", will=WILL)
    broker.tick(1000.0)
    assert ears.topics() == ["status/fridge"]


def test_a_retained_will_is_retained(client, broker):
    client("fridge", will=("status", b"gone", 0, True)).vanish()
    assert broker.retained(ACCOUNT, REGION)["status"].message.payload == b"gone"


@pytest.mark.parametrize("action", ["iot:Publish", "iot:RetainPublish"])
def test_a_will_needs_the_permission_to_publish_it(broker, policies, action):
    policies.denied.add((action, "status"))
    assert Peer(broker).connect(will=("status", b"x", 0, True)).body == b"\x00\x07"


@pytest.mark.parametrize(
    ("will", "code"),
    [(("a/+", b"", 0, False), 144), (("$aws/x", b"", 0, False), 144), (("t", b"", 2, False), 155)],
    ids=["wildcard", "reserved", "qos 2"],
)
def test_a_will_that_aws_does_not_take_is_refused(broker, will, code):
    peer = Peer(broker, 5)
    assert peer.connect(will=will).body[1] == code
    assert peer.closed


def test_a_delayed_will_waits_and_is_dropped_when_the_client_returns(broker, ears, clock):
    hour, minute = b"\x11\x00\x00\x0e\x10", b"\x18\x00\x00\x00\x3c"
    for _ in range(2):
        peer = Peer(broker, 5)
        peer.connect("fridge", clean=False, properties=hour, will=WILL, will_properties=minute)
        peer.vanish()
        clock.advance(59)
        broker.tick(1.0)
        assert ears.topics() == []
    clock.advance(1)
    broker.tick(2.0)
    assert ears.topics() == ["status/fridge"]


def test_a_delayed_will_does_not_outlive_its_session(client, ears):
    client("fridge", 5, will=WILL, will_properties=b"\x18\x00\x00\x00\x3c").vanish()
    assert ears.topics() == ["status/fridge"]


def test_a_new_subscriber_of_exactly_this_topic_gets_the_retained_message(client):
    client("sensor").publish("a/b", b"kept", 1, retain=True)
    subscriber = client("display")
    subscriber.subscribe("a/b")
    (message,) = subscriber.messages()
    assert (message.payload, message.retain, message.qos) == (b"kept", True, 1)


@pytest.mark.parametrize("topic_filter", ["a/+", "a/#", "#", "$share/g/a/b"])
def test_wildcard_and_shared_subscriptions_get_no_retained_message(client, topic_filter):
    client("sensor").publish("a/b", b"kept", 1, retain=True)
    subscriber = client("display")
    subscriber.subscribe(topic_filter)
    assert subscriber.messages() == []


def test_who_is_already_subscribed_gets_it_without_the_retain_flag(client):
    subscriber = client("display")
    subscriber.subscribe("a")
    client("sensor").publish("a", b"x", retain=True)
    assert [message.retain for message in subscriber.messages()] == [False]


def test_retain_as_published_keeps_the_flag(client):
    subscriber = client("display", 5)
    subscriber.subscribe("a", options=1 | 8)
    client("sensor").publish("a", b"x", retain=True)
    assert [message.retain for message in subscriber.messages()] == [True]


def test_an_empty_payload_deletes_the_retained_message_and_is_delivered(client, broker):
    sensor, subscriber = client("sensor"), client("display")
    subscriber.subscribe("a")
    sensor.publish("a", b"x", retain=True)
    sensor.publish("a", b"", retain=True)
    assert [message.payload for message in subscriber.messages()] == [b"x", b""]
    assert not broker.retained(ACCOUNT, REGION)


def test_only_the_last_message_is_retained(client, broker, clock):
    sensor = client("sensor")
    for payload in (b"1", b"2"):
        clock.advance(5)
        sensor.publish("a", payload, retain=True)
    kept = broker.retained(ACCOUNT, REGION)["a"]
    assert (kept.message.payload, kept.modified_at) == (b"2", clock.now())


def test_retaining_needs_its_own_permission(client, policies, ears):
    policies.denied.add(("iot:RetainPublish", "a"))
    sensor = client("sensor")
    sensor.publish("a", b"x")
    assert not sensor.closed
    sensor.publish("a", b"x", retain=True)
    assert sensor.closed
    assert json.loads(ears.event("disconnected"))["disconnectReason"] == "AUTH_ERROR"


def test_reserved_topics_retain_nothing(client):
    sensor = client("sensor", 5)
    (frame,) = sensor.publish("$aws/things/t/shadow/update", b"{}", retain=True)
    assert (frame.kind, frame.body[0]) == (14, 144)


def test_the_account_has_room_for_so_many_retained_messages(clock, policies, ears):
    limits = Limits(retained_messages=1)
    broker = Broker(principals=Strangers(), policies=policies, now=clock.now, trace=ears, limits=limits)
    origin = Origin(ACCOUNT, REGION)
    for topic in ("a", "b"):
        assert broker.publish(origin, topic, b"x", retain=True).accepted
    assert list(broker.retained(ACCOUNT, REGION)) == ["a"]
    assert "not retained: the account has 1 retained messages" in ears.notes


@pytest.mark.parametrize(("handling", "copies"), [(0, [1, 1]), (1, [1, 0]), (2, [0, 0])])
def test_retain_handling_of_mqtt_5(client, handling, copies):
    client("sensor").publish("a", b"x", retain=True)
    subscriber = client("display", 5)
    got = []
    for _ in range(2):
        subscriber.subscribe("a", options=handling << 4)
        got.append(len(subscriber.messages()))
    assert got == copies


def test_an_expired_retained_message_is_not_sent(client, clock):
    client("sensor", 5).publish("a", b"x", retain=True, properties=b"\x02\x00\x00\x00\x0a")
    clock.advance(10)
    subscriber = client("display", 5)
    subscriber.subscribe("a")
    assert subscriber.messages() == []
