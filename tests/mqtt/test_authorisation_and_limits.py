"""What ends a connection, what only refuses, and how it is told: policies, reserved topics, quotas."""

from __future__ import annotations

import json

import pytest

from labcloud.mqtt import BasicIngest, Origin, ShadowRequest

from .peer import ACCOUNT, REGION, Peer, packet, text

VERSIONS = pytest.mark.parametrize("version", [4, 5], ids=["mqtt3", "mqtt5"])


def why(ears) -> str:
    return json.loads(ears.event("disconnected"))["disconnectReason"]


def test_a_forbidden_publish_closes_an_mqtt_3_connection_without_a_word(client, policies, ears):
    policies.denied.add(("iot:Publish", "secret"))
    sensor = client("sensor")
    assert sensor.publish("secret", b"x", 1) == []
    assert (sensor.closed, why(ears), ears.topics()) == (True, "AUTH_ERROR", [])
    assert any("iot:Publish to 'secret' refused: no statement allows iot:Publish" in note for note in ears.notes)


def test_a_forbidden_publish_gets_disconnect_135_in_mqtt_5(client, policies):
    policies.denied.add(("iot:Publish", "secret"))
    sensor = client("sensor", 5)
    (frame,) = sensor.publish("secret", b"x", 1)
    assert (frame.kind, frame.body[0], sensor.closed) == (14, 135, True)
    assert b"iot:Publish to 'secret' refused" in frame.body


def test_reason_strings_are_left_out_on_request(client, policies):
    policies.denied.add(("iot:Publish", "secret"))
    (frame,) = client("sensor", 5, properties=b"\x17\x00").publish("secret")
    assert frame.body == b"\x87\x00"


def test_a_forbidden_subscribe_closes_an_mqtt_3_connection_and_subscribes_nothing(client, policies, ears, broker):
    policies.denied.add(("iot:Subscribe", "secret/#"))
    peer = client("spy", clean=False)
    assert peer.subscribe("allowed", "secret/#") == []
    assert (peer.closed, why(ears)) == (True, "AUTH_ERROR")
    (saved,) = broker.snapshot().spaces[0].sessions
    assert saved.subscriptions == ()


def test_a_forbidden_subscribe_gets_suback_135_in_mqtt_5(client, policies):
    policies.denied.add(("iot:Subscribe", "secret/#"))
    peer = client("spy", 5)
    assert peer.subscribe("allowed", "secret/#") == [1, 135]
    assert not peer.closed


def test_a_shared_subscription_needs_the_permission_for_its_filter(client, policies):
    policies.denied.add(("iot:Subscribe", "secret"))
    assert client("spy", 5).subscribe("$share/group/secret") == [135]


def test_what_may_not_be_received_is_not_delivered(client, policies, ears):
    policies.denied.add(("iot:Receive", "house/secret"))
    peer = client("spy")
    peer.subscribe("house/#")
    sensor = client("sensor")
    sensor.publish("house/secret", b"x", 1)
    sensor.publish("house/open", b"x", 1)
    assert [message.topic for message in peer.messages()] == ["house/open"]
    assert any("not delivered to spy: iot:Receive refused" in note for note in ears.notes)


def test_decisions_are_asked_once_until_the_epoch_rises(client, policies):
    sensor = client("sensor")
    for _ in range(3):
        sensor.publish("t")
    assert policies.asked.count(("iot:Publish", "t")) == 1
    policies.denied.add(("iot:Publish", "t"))
    sensor.publish("t")
    assert not sensor.closed
    policies.epoch += 1
    sensor.publish("t")
    assert sensor.closed


def test_a_changed_policy_voids_the_decisions_about_all_topics(client, policies):
    sensor = client("sensor")
    sensor.publish("a")
    sensor.publish("b")
    policies.denied.add(("iot:Publish", "b"))
    policies.epoch += 1
    sensor.publish("a")
    assert not sensor.closed
    sensor.publish("b")
    assert sensor.closed


def test_a_changed_policy_stops_delivery_of_known_topics(client, policies):
    peer, sensor = client("display"), client("sensor")
    peer.subscribe("t")
    sensor.publish("t")
    policies.denied.add(("iot:Receive", "t"))
    policies.epoch += 1
    sensor.publish("t")
    assert len(peer.messages()) == 1


# -- reserved topics


def test_basic_ingest_goes_to_the_rule_and_to_nobody_else(client, ears):
    peer = client("display")
    peer.subscribe("$aws/rules/#", "a/b")
    (answer,) = client("sensor").publish("$aws/rules/my_rule/a/b", b"21", 1)
    assert (answer.kind, ears.ingested) == (4, [(BasicIngest("my_rule", "a/b"), b"21")])
    assert (peer.messages(), ears.topics()) == ([], [])


def test_shadow_requests_are_handed_on_and_seen_by_subscribers(client, ears):
    peer = client("display")
    peer.subscribe("$aws/things/+/shadow/update")
    client("sensor").publish("$aws/things/fridge/shadow/update", b"{}")
    assert ears.shadows == [ShadowRequest("fridge", None, "update")]
    assert len(peer.messages()) == 1


@pytest.mark.parametrize("topic", ["$aws/x", "$aws/things/t/shadow/update/accepted", "$SYS/x", "$aws/rules/r"])
@VERSIONS
def test_publishing_to_other_reserved_topics_ends_the_connection(client, version, topic):
    sensor = client("sensor", version)
    frames = sensor.publish(topic, b"x", 1)
    assert sensor.closed
    assert [(frame.kind, frame.body[0]) for frame in frames] == ([(14, 144)] if version == 5 else [])


def test_only_the_cloud_itself_answers_on_reserved_topics(broker, client):
    peer = client("fridge")
    peer.subscribe("$aws/things/fridge/shadow/get/accepted")
    origin, topic = Origin(ACCOUNT, REGION), "$aws/things/fridge/shadow/get/accepted"
    assert "reserved topic" in broker.publish(origin, topic, b"{}").reason
    assert broker.publish(origin, topic, b"{}", system=True).accepted
    assert [message.payload for message in peer.messages()] == [b"{}"]


# -- QoS 2


def test_qos_2_is_left_unanswered_in_mqtt_3(client, ears):
    peer = client("sensor")
    assert peer.publish("t", b"x", 2) == []
    assert peer.subscribe("t", options=2) == []
    peer.publish("t", b"y", 0)
    assert (peer.closed, len(ears.topics())) == (False, 1)
    assert any("PUBLISH with QoS 2 ignored" in note for note in ears.notes)
    assert any("SUBSCRIBE with QoS 2 ignored" in note for note in ears.notes)


def test_qos_2_in_mqtt_5_is_refused_for_publish_and_lowered_for_subscribe(client):
    peer = client("sensor", 5)
    assert peer.subscribe("t", options=2) == [1]
    (frame,) = peer.publish("t", b"x", 2)
    assert (frame.kind, frame.body[0], peer.closed) == (14, 155, True)


# -- quotas


@pytest.mark.parametrize("topic", ["a/" * 8 + "b", "x" * 257], ids=["too deep", "too long"])
def test_topics_over_the_limit_end_the_connection(client, topic):
    sensor = client("sensor", 5)
    (frame,) = sensor.publish(topic)
    assert (frame.kind, frame.body[0]) == (14, 144)
    assert client("other").publish(topic) == []


def test_filters_over_the_limit(client):
    assert client("five", 5).subscribe("a/" * 8 + "b") == [143]
    three = client("three")
    assert three.subscribe("a/" * 8 + "b") == []
    assert three.closed


@VERSIONS
def test_128_kb_of_payload_pass_and_one_byte_more_ends_the_connection(client, ears, version):
    sensor = client("sensor", version)
    assert [frame.kind for frame in sensor.publish("t", b"x" * 131_072, 1)] == [4]
    sensor.publish("t", b"x" * 131_073, 1)
    assert (sensor.closed, why(ears), len(ears.topics())) == (True, "CLIENT_ERROR", 1)


def test_a_huge_packet_is_refused_at_its_header(client):
    sensor = client("sensor")
    sensor.send(b"\x30\xff\xff\xff\x7f")
    assert sensor.closed


@VERSIONS
def test_more_than_eight_filters_in_one_subscribe_end_the_connection(client, version):
    peer = client("greedy", version)
    assert peer.subscribe(*(f"t{number}" for number in range(8))) == [1] * 8
    peer.send(peer.subscribe_packet(*(f"t{number}" for number in range(9))))
    assert peer.closed


@pytest.mark.parametrize(("version", "code"), [(4, 128), (5, 151)], ids=["mqtt3", "mqtt5"])
def test_the_51st_subscription_of_a_connection_is_refused(client, version, code):
    peer = client("greedy", version)
    for number in range(50):
        assert peer.subscribe(f"t{number}") == [1]
    assert peer.subscribe("one more") == [code]
    assert peer.subscribe("t0") == [1]


def test_the_limits_hold_for_publishes_that_come_over_http(broker):
    origin = Origin(ACCOUNT, REGION)
    assert "holds a wildcard" in broker.publish(origin, "a/+", b"").reason
    assert "AWS IoT allows 131072" in broker.publish(origin, "a", b"x" * 131_073).reason
    assert "AWS IoT serves 0 and 1" in broker.publish(origin, "a", b"", qos=2).reason
    assert broker.publish(origin, "a", b"", qos=1).accepted


def test_messages_that_come_over_http_have_no_client_id(broker, client, ears):
    peer = client("display")
    peer.subscribe("a")
    outcome = broker.publish(Origin(ACCOUNT, REGION, source_ip="10.0.0.1"), "a", b"x", trace_id="abc")
    assert (outcome.accepted, outcome.trace_id) == (True, "abc")
    assert (ears.heard[-1].client_id, ears.heard[-1].source_ip) == (None, "10.0.0.1")
    assert len(peer.messages()) == 1


# -- malformed packets


@pytest.mark.parametrize(
    "data",
    [
        b"\x31\x00",
        b"\x30\x02\x00\x05",
        b"\x32\x04\x00\x01a\x00",
        b"\x32\x05\x00\x01a\x00\x00",
        b"\x36\x05\x00\x01a\x00\x01",
        b"\x30\x03\x00\x01\xff",
        b"\x30\x03\x00\x01\x00",
        b"\x80\x06\x00\x01\x00\x01a\x01",
        b"\x82\x02\x00\x01",
        b"\x82\x06\x00\x00\x00\x01a\x01",
        b"\x82\x06\x00\x01\x00\x01a\x03",
        b"\x82\x06\x00\x01\x00\x01a\x04",
        b"\xa2\x02\x00\x01",
        b"\xc0\x01\x00",
        b"\xc1\x00",
        b"\xe0\x01\x00",
        b"\x40\x03\x00\x01\x00",
        b"\xc0\xff\xff\xff\xff\x01",
    ],
    ids=lambda data: data.hex(),
)
def test_malformed_packets_end_an_mqtt_3_connection(client, data, ears):
    peer = client()
    assert peer.send(data) == []
    assert (peer.closed, why(ears)) == (True, "CLIENT_ERROR")


def test_a_malformed_packet_gets_a_reason_in_mqtt_5(client):
    (frame,) = client(version=5).send(b"\x30\x04\x00\x01\xff\x00")
    assert (frame.kind, frame.body[0]) == (14, 129)


def test_a_protocol_name_that_is_not_mqtt_is_refused(broker):
    peer = Peer(broker)
    peer.send(packet(0x10, text("MQIsdp") + b"\x03\x02\x00\x3c" + text("x")))
    assert peer.closed
