"""MQTT 5's properties on their way through the broker, topic aliases, and shared subscriptions."""

from __future__ import annotations

import pytest

from labcloud.mqtt import Limits
from labcloud.mqtt.properties import BY_IDENTIFIER, MessageProperties, encode_properties, read_properties
from labcloud.mqtt.wire import Reader

from .peer import Peer, text

CONTENT = b"\x03" + text("application/json")
RESPONSE = b"\x08" + text("answers/1")
CORRELATION = b"\x09\x00\x03\x00\x01\x02"
FORMAT = b"\x01\x01"
USER = b"\x26" + text("unit") + text("°C")
ALIAS = b"\x23\x00\x03"


def expiry(seconds: int) -> bytes:
    return b"\x02" + seconds.to_bytes(4, "big")


def test_properties_of_a_message_reach_mqtt_5_subscribers(client, ears):
    peer = client("display", 5)
    peer.subscribe("t")
    sent = FORMAT + CONTENT + RESPONSE + CORRELATION + USER + USER
    client("sensor", 5).publish("t", b"21", 1, properties=sent)
    (message,) = peer.messages()
    assert (message.payload, message.properties) == (b"21", sent)
    assert ears.heard[-1].properties == MessageProperties(
        1, "application/json", "answers/1", b"\x00\x01\x02", (("unit", "°C"),) * 2
    )


def test_mqtt_3_subscribers_get_only_the_payload(client):
    peer = client("display")
    peer.subscribe("t")
    client("sensor", 5).publish("t", b"21", properties=CONTENT)
    assert peer.messages()[0].payload == b"21"


def test_long_property_blocks_pass(client, broker):
    peer, sensor = client("display", 5), client("sensor", 5)
    peer.subscribe("t")
    long = b"\x26" + text("k" * 4000) + text("v" * 4000)
    properties = bytes((len(long) & 0x7F | 0x80, len(long) >> 7)) + long
    body = text("t") + properties + b"payload"
    sensor.send(b"\x30" + bytes((len(body) & 0x7F | 0x80, len(body) >> 7)) + body)
    (frame,) = peer.frames()
    assert frame.body == body


@pytest.mark.parametrize(
    "property_",
    [b"\x03" + text("x" * 257), b"\x02" + (604_801).to_bytes(4, "big")],
    ids=["content type", "message expiry"],
)
def test_properties_over_awss_limits_end_the_connection(broker, client, property_):
    sensor = client("sensor", 5)
    body = text("t") + bytes((len(property_) & 0x7F | 0x80, len(property_) >> 7)) + property_
    (frame,) = sensor.send(b"\x30" + bytes((len(body) & 0x7F | 0x80, len(body) >> 7)) + body)
    assert (frame.kind, frame.body[0]) == (14, 151)


@pytest.mark.parametrize(
    ("property_", "reason"),
    [
        (b"\x01\x02", 130),
        (b"\x08" + text("a/#"), 144),
        (b"\x23\x00\x00", 148),
        (b"\x23\x00\x09", 148),
        (b"\x0b\x01", 130),
        (CONTENT + CONTENT, 130),
        (b"\x11\x00\x00\x00\x00", 129),
        (b"\x7e\x00", 129),
        (b"\x03\x00\x09x", 129),
    ],
    ids=["format", "response", "alias-0", "alias-9", "subscription-id", "twice", "misplaced", "unknown", "cut"],
)
def test_properties_that_break_the_protocol_end_the_connection(client, property_, reason):
    (frame,) = client("sensor", 5).publish("t", properties=property_)
    assert (frame.kind, frame.body[0]) == (14, reason)


def test_a_topic_alias_stands_for_its_topic(client, ears):
    sensor = client("sensor", 5)
    sensor.publish("long/topic/name", b"1", properties=ALIAS)
    sensor.publish("", b"2", properties=ALIAS)
    assert ears.topics() == ["long/topic/name"] * 2


@pytest.mark.parametrize("properties", [ALIAS, b""], ids=["unknown alias", "no alias"])
def test_a_publish_without_topic_or_known_alias_is_a_protocol_error(client, properties):
    (frame,) = client("sensor", 5).publish("", properties=properties)
    assert frame.body[0] == 130


def test_the_message_expiry_counts_down_while_a_message_waits(broker, client, clock):
    hour = b"\x11\x00\x00\x0e\x10"
    peer = Peer(broker, 5)
    peer.connect("fridge", clean=False, properties=hour)
    peer.subscribe("t")
    peer.vanish()
    sensor = client("sensor", 5)
    sensor.publish("t", b"short", 1, properties=expiry(10))
    sensor.publish("t", b"long", 1, properties=expiry(100))
    sensor.publish("t", b"zero", 1, properties=expiry(0))
    clock.advance(30)
    peer = Peer(broker, 5)
    peer.connect("fridge", clean=False, properties=hour)
    (message,) = peer.messages()
    assert (message.payload, message.properties) == (b"long", expiry(70))


def test_an_expiry_of_zero_counts_as_one_second(client):
    peer = client("display", 5)
    peer.subscribe("t")
    client("sensor", 5).publish("t", properties=expiry(0))
    assert peer.messages()[0].properties == expiry(1)


def test_a_message_larger_than_the_client_takes_is_left_out(client):
    peer = client("small", 5, properties=b"\x27" + (512).to_bytes(4, "big"))
    peer.subscribe("t")
    sensor = client("sensor")
    for size in (600, 100):
        sensor.publish("t", b"x" * size, 1)
    assert [len(message.payload) for message in peer.messages()] == [100]


def test_no_local_spares_the_publisher_its_own_messages(client):
    peer, other = client("chatter", 5), client("other", 5)
    for each in (peer, other):
        each.subscribe("t", options=1 | 4)
    peer.publish("t")
    assert (len(peer.messages()), len(other.messages())) == (0, 1)


def test_an_overlapping_filter_without_no_local_still_gets_it(client):
    peer = client("chatter", 5)
    peer.subscribe("t", options=1 | 4)
    peer.subscribe("#", options=0)
    assert [frame.kind for frame in peer.publish("t")] == [3]


def test_subscription_identifiers_are_refused(client):
    peer = client(version=5)
    (frame,) = peer.send(peer.subscribe_packet("t", properties=b"\x0b\x01"))
    assert (frame.kind, frame.body[0]) == (14, 161)


def test_every_property_survives_encoding_and_decoding():
    samples = {"text": "ä", "binary": b"\x00\x01"}
    for row in BY_IDENTIFIER.values():
        for value in (1, samples["text"], samples["binary"], ("k", "v")):
            try:
                written = encode_properties({row.name: (value,) if row.name == "user_property" else value})
            except (TypeError, AttributeError, ValueError, IndexError):
                continue
            packet = sorted(row.packets)[0]
            read = read_properties(Reader(written), packet)
            assert read[row.name] == ((value,) if row.name == "user_property" else value)
            break
        else:
            raise AssertionError(f"no sample fits {row.name}")


# -- shared subscriptions


def test_each_message_goes_to_one_member_in_turn(client):
    members = [client(name, 5) for name in ("a", "b", "c")]
    for member in members:
        assert member.subscribe("$share/workers/jobs/+") == [1]
    sensor = client("sensor")
    for number in range(6):
        sensor.publish(f"jobs/{number}", b"x", 1)
    assert [len(member.messages()) for member in members] == [2, 2, 2]


def test_groups_and_plain_subscribers_each_get_their_copy(client):
    plain, first, second = client("plain"), client("first"), client("second")
    plain.subscribe("t")
    first.subscribe("$share/one/t")
    second.subscribe("$share/two/t")
    client("sensor").publish("t")
    assert [len(peer.messages()) for peer in (plain, first, second)] == [1, 1, 1]


def test_an_absent_member_is_passed_over_while_another_is_there(broker, client):
    absent = Peer(broker)
    absent.connect("absent", clean=False)
    absent.subscribe("$share/workers/t")
    absent.vanish()
    present = client("present")
    present.subscribe("$share/workers/t")
    sensor = client("sensor")
    for _ in range(3):
        sensor.publish("t", b"x", 1)
    assert len(present.messages()) == 3
    present.disconnect()
    sensor.publish("t", b"waits", 1)
    absent = Peer(broker)
    absent.connect("absent", clean=False)
    assert [message.payload for message in absent.messages()] == [b"waits"]


def test_a_busy_member_is_passed_over(client):
    busy, idle = client("busy", 5, properties=b"\x21\x00\x01"), client("idle", 5)
    for member in (busy, idle):
        member.subscribe("$share/workers/t")
    sensor = client("sensor")
    for _ in range(20):
        sensor.publish("t", b"x", 1)
    assert len(busy.messages()) == 1
    assert len(idle.messages()) >= 18


def test_a_member_that_may_not_receive_is_passed_over(client, policies):
    members = [client("a"), client("b")]
    for member in members:
        member.subscribe("$share/workers/t")
    decide = policies.decide
    policies.decide = lambda principal, action, arn, context: type(decide(principal, action, arn, context))(
        not (action == "iot:Receive" and context.client_id == "a"), "not for a"
    )
    sensor = client("sensor")
    for _ in range(4):
        sensor.publish("t")
    assert [len(member.messages()) for member in members] == [0, 4]


def test_unsubscribing_leaves_the_group(client):
    one, other = client("one"), client("other")
    for member in (one, other):
        member.subscribe("$share/workers/t")
    one.unsubscribe("$share/workers/t")
    sensor = client("sensor")
    for _ in range(4):
        sensor.publish("t")
    assert len(other.messages()) == 4


def test_a_group_has_at_most_100_members(client):
    limits = Limits()
    for number in range(limits.shared_group_members):
        assert client(f"member {number}", 5).subscribe("$share/crowd/t") == [1]
    assert client("one more", 5).subscribe("$share/crowd/t") == [151]


def test_an_account_has_at_most_100_shared_subscriptions(client):
    for number in range(Limits().shared_groups):
        assert client(f"member {number}", 5).subscribe(f"$share/group {number}/t") == [1]
    late = client("one more", 5)
    assert late.subscribe("$share/another/t") == [151]
    assert late.subscribe("$share/group 7/t") == [1]
    leaving = client("member 3", 5, clean=True)
    assert late.subscribe("$share/another/t") == [1]
    assert leaving.subscribe("$share/group 3/t") == [151]


def test_no_local_on_a_shared_subscription_is_a_protocol_error(client):
    peer = client("x", 5)
    (frame,) = peer.send(peer.subscribe_packet("$share/g/t", options=1 | 4))
    assert frame.body[0] == 130
