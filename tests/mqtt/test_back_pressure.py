"""Slow subscribers: memory stays bounded, no acknowledged QoS 1 message is lost, publishers wait for their PUBACK."""

from __future__ import annotations

import pytest

from labcloud.mqtt import Broker, Limits, Origin

from .conftest import Strangers
from .peer import ACCOUNT, REGION, Peer

LIMITS = Limits(congested_messages=20, congested_bytes=20_000, queue_bytes=200_000, held_bytes=5_000)


@pytest.fixture
def small(clock, policies, ears) -> Broker:
    return Broker(principals=Strangers(), policies=policies, now=clock.now, trace=ears, limits=LIMITS)


@pytest.fixture
def join(small):
    def connect(client_id: str, version: int = 4, *, clean: bool = True) -> Peer:
        peer = Peer(small, version)
        peer.connect(client_id, clean=clean)
        return peer

    return connect


def acknowledge_all(peer: Peer) -> list[bytes]:
    """Plays a client that reads and acknowledges until nothing comes any more."""
    got: list[bytes] = []
    while messages := peer.messages():
        got += [message.payload for message in messages]
        for message in messages:
            peer.core.receive(b"\x40\x02" + message.packet_id.to_bytes(2, "big"), 0.0)
    return got


def test_the_puback_waits_while_a_subscriber_is_behind_and_comes_when_it_caught_up(join):
    slow, sensor = join("slow"), join("sensor")
    slow.subscribe("t")
    answers = [len(sensor.publish("t", bytes((number,)), 1, packet_id=number)) for number in range(1, 131)]
    assert answers == [1] * 120 + [0] * 10
    assert acknowledge_all(slow) == [bytes((number,)) for number in range(1, 131)]
    assert [int.from_bytes(frame.body, "big") for frame in sensor.frames()] == list(range(121, 131))


def test_a_publisher_that_goes_on_regardless_is_not_read_until_there_is_room(join):
    slow, sensor = join("slow"), join("sensor")
    slow.subscribe("t")
    data = b"".join(sensor.publish_packet("t", b"x" * 200, 1, packet_id=number) for number in range(1, 1001))
    acknowledged = len(sensor.send(data))
    assert (acknowledged, sensor.core.wants_reading) == (120, False)
    assert len(slow.core.session.queue) < 60
    got: list[bytes] = []
    while more := acknowledge_all(slow):
        got += more
    assert (len(got), sensor.core.wants_reading) == (1000, True)
    assert acknowledged + len(sensor.frames()) == 1000


def test_a_client_that_feeds_itself_does_not_block_itself(join):
    peer = join("echo")
    peer.subscribe("t")
    count = 400
    frames = [frame for number in range(1, count + 1) for frame in peer.publish("t", b"x", 1, packet_id=number)]
    assert peer.core.wants_reading and not peer.closed
    delivered = [frame for frame in frames if frame.kind == 3]
    assert len(delivered) == 100
    for packet_id in range(1, count + 1):
        frames += peer.puback(packet_id)
    assert sorted(frame.kind for frame in frames) == [3] * count + [4] * count


def test_waiting_messages_are_not_overtaken(join):
    peer = join("echo", 5)
    peer.core.send_quota = 1
    peer.subscribe("t")
    peer.core.receive(peer.publish_packet("t", b"1", 1) + peer.publish_packet("t", b"2", 1), 0.0)
    peer.core.receive(b"\x40\x02\x00\x01" + peer.publish_packet("t", b"3", 1) + b"\x40\x02\x00\x02", 0.0)
    delivered = [frame.body[-1:] for frame in peer.frames() if frame.kind == 3]
    assert delivered[:2] == [b"1", b"2"]


def test_an_mqtt_5_publisher_over_its_receive_maximum_is_closed(join):
    slow, sensor = join("slow"), join("sensor", 5)
    slow.subscribe("t")
    for number in range(1, 121):
        sensor.publish("t", b"", 1, packet_id=number)
    for number in range(121, 221):
        assert sensor.publish("t", b"", 1, packet_id=number) == []
    sensor.core.wants_reading = True  # the bytes were already under way
    (frame,) = sensor.publish("t", b"", 1, packet_id=300)
    assert (frame.kind, frame.body[0]) == (14, 147)


def test_the_waiting_publishers_go_on_when_the_slow_client_leaves(join):
    slow, sensor = join("slow"), join("sensor")
    slow.subscribe("t")
    for number in range(1, 131):
        sensor.publish("t", b"x", 1, packet_id=number)
    slow.vanish()
    assert len(sensor.frames()) == 10


def test_a_persistent_slow_client_loses_nothing_by_leaving(join):
    slow, sensor = join("slow", clean=False), join("sensor")
    slow.subscribe("t")
    for number in range(1, 131):
        sensor.publish("t", bytes((number,)), 1, packet_id=number)
    slow.vanish()
    slow = join("slow", clean=False)
    assert sorted(acknowledge_all(slow)) == [bytes((number,)) for number in range(1, 131)]


def test_a_client_that_acknowledges_nothing_is_closed_after_a_minute(join, small):
    slow, sensor = join("slow"), join("sensor")
    slow.subscribe("t")
    for number in range(1, 131):
        sensor.publish("t", b"x", 1, packet_id=number)
    for peer in (slow, sensor):
        peer.core.receive(b"\xc0\x00", 50.0)
    small.tick(60.0)
    assert not slow.closed
    small.tick(60.1)
    assert slow.closed and not sensor.closed
    assert len([frame for frame in sensor.frames() if frame.kind == 4]) == 10


def test_qos_0_is_dropped_for_a_client_that_does_not_read(join, ears):
    slow, sensor = join("slow"), join("sensor")
    slow.subscribe("t", options=0)
    slow.core.set_writable(False, 0.0)
    for _ in range(10_000):
        sensor.publish("t", b"x" * 100, 0)
    assert slow.core.out == []
    assert "QoS 0 copy for slow dropped: the client does not read" in ears.notes
    slow.core.set_writable(True, 1.0)
    sensor.publish("t", b"again", 0)
    assert [message.payload for message in slow.messages()] == [b"again"]


def test_qos_1_waits_for_a_client_that_does_not_read(join):
    slow, sensor = join("slow"), join("sensor")
    slow.subscribe("t")
    slow.core.set_writable(False, 0.0)
    sensor.publish("t", b"x", 1)
    assert slow.core.out == []
    slow.core.set_writable(True, 1.0)
    assert [message.payload for message in slow.messages()] == [b"x"]


def test_a_client_that_never_reads_is_closed_after_a_minute(join, small):
    slow = join("slow")
    slow.core.set_writable(False, 0.0)
    slow.core.receive(b"\xc0\x00", 59.0)
    small.tick(60.0)
    assert not slow.closed
    small.tick(60.1)
    assert slow.closed


def test_a_client_that_asks_and_never_reads_is_not_read_either(join, small):
    slow = join("slow")
    slow.core.set_writable(False, 0.0)
    slow.core.receive(b"\xc0\x00" * 10_000, 0.0)
    assert len(slow.core.out) == LIMITS.unread_frames + 1 and not slow.core.wants_reading
    slow.core.take_output()
    slow.core.set_writable(True, 1.0)
    assert slow.core.wants_reading and len(slow.core.out) == 10_000 - LIMITS.unread_frames - 1


def test_an_endless_stream_of_wills_and_events_cannot_fill_the_memory(join, small):
    watcher = join("watcher")
    watcher.subscribe("$aws/events/#")
    for number in range(3_000):
        join(f"client {number % 7}").vanish()
    assert watcher.closed
    assert not small.spaces[ACCOUNT, REGION].sessions


def test_a_publish_over_http_is_told_to_come_again(join, small):
    slow = join("slow")
    slow.subscribe("t")
    origin = Origin(ACCOUNT, REGION)
    outcomes = [small.publish(origin, "t", b"x", qos=1) for _ in range(130)]
    assert [outcome.accepted for outcome in outcomes] == [True] * 121 + [False] * 9
    assert outcomes[-1].throttled
    assert small.publish(origin, "t", b"not stored", qos=0).accepted
    assert acknowledge_all(slow).count(b"x") == 121
    assert small.publish(origin, "t", b"x", qos=1).accepted
