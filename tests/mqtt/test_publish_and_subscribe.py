"""The everyday way of a message through the core."""

from __future__ import annotations

import pytest

from labcloud.mqtt.packets import PUBACK

VERSIONS = pytest.mark.parametrize("version", [4, 5], ids=["mqtt3", "mqtt5"])


@VERSIONS
@pytest.mark.parametrize("qos", [0, 1])
def test_a_subscriber_gets_what_is_published(client, version, qos):
    subscriber, publisher = client("display", version), client("sensor", version)
    assert subscriber.subscribe("house/+/temperature") == [1]
    answers = publisher.publish("house/kitchen/temperature", b"21.5", qos)
    assert [frame.kind for frame in answers] == ([PUBACK] if qos else [])
    (message,) = subscriber.messages()
    assert (message.topic, message.payload, message.qos) == ("house/kitchen/temperature", b"21.5", qos)


def test_mqtt_3_and_mqtt_5_clients_reach_each_other(client):
    old, new = client("old", 4), client("new", 5)
    old.subscribe("a")
    new.subscribe("a")
    client("old sensor", 4).publish("a", b"from 3")
    client("new sensor", 5).publish("a", b"from 5")
    assert [message.payload for message in old.messages()] == [b"from 3", b"from 5"]
    assert [message.payload for message in new.messages()] == [b"from 3", b"from 5"]


def test_delivery_has_the_lower_qos_of_publish_and_subscription(client):
    zero, one = client("zero"), client("one")
    zero.subscribe("t", options=0)
    one.subscribe("t", options=1)
    client("sensor").publish("t", b"x", 1)
    assert [message.qos for message in zero.messages() + one.messages()] == [0, 1]


def test_overlapping_filters_give_one_copy_with_the_highest_qos(client):
    subscriber = client("display")
    subscriber.subscribe("a/#", options=0)
    subscriber.subscribe("a/b", options=1)
    client("sensor").publish("a/b", b"x", 1)
    assert [message.qos for message in subscriber.messages()] == [1]


def test_after_unsubscribe_nothing_comes(client):
    subscriber = client("display")
    subscriber.subscribe("a")
    (unsuback,) = subscriber.unsubscribe("a", "never/subscribed")
    assert unsuback.kind == 11
    client("sensor").publish("a")
    assert subscriber.messages() == []


def test_a_packet_in_single_bytes_is_understood(client, ears):
    publisher = client("sensor")
    for byte in publisher.publish_packet("a/b", b"x" * 300):
        publisher.send(bytes((byte,)))
    assert ears.topics() == ["a/b"]


def test_many_packets_in_one_read_are_all_answered(client):
    publisher = client("sensor")
    data = b"".join(publisher.publish_packet("a", b"x", 1, packet_id=number) for number in range(1, 50))
    assert [int.from_bytes(frame.body, "big") for frame in publisher.send(data)] == list(range(1, 50))


def test_accounts_and_regions_are_separate_name_spaces(broker, client):
    from labcloud.mqtt import Principal

    from .peer import ACCOUNT, Peer

    here, elsewhere = client("same"), Peer(broker, 4, Principal("x", "arn", ACCOUNT, "us-east-1"))
    elsewhere.connect("same")
    assert not here.closed
    here.subscribe("t")
    elsewhere.publish("t")
    assert here.messages() == []


def test_the_listener_hears_who_published_what(client, ears, clock):
    client("sensor").publish("a/b", b"21", 1)
    message = ears.heard[-1]
    assert (message.topic, message.payload, message.qos, message.client_id) == ("a/b", b"21", 1, "sensor")
    assert (message.source_ip, message.accepted_at) == ("127.0.0.1", clock.now())


def test_a_failing_listener_does_not_keep_the_message_from_subscribers(client, ears, monkeypatch, caplog):
    subscriber = client("display")
    subscriber.subscribe("t")
    monkeypatch.setattr(ears, "message_published", lambda message: 1 / 0)
    client("sensor").publish("t")
    assert len(subscriber.messages()) == 1
    assert "a listener of the MQTT broker failed" in caplog.text


def test_the_trace_tells_the_way_of_a_message(client, ears):
    client("display").subscribe("t")
    client("sensor").publish("t", b"21")
    assert "published to t by MQTT client 'sensor': QoS 0, 2 bytes" in ears.notes
    assert "subscribers: display" in ears.notes


def test_ping_is_answered(client):
    assert [frame.kind for frame in client().send(b"\xc0\x00")] == [13]
