"""Persistent sessions: what waits for an absent client, how it is delivered, when it ends, and that it can be saved."""

from __future__ import annotations

import pickle

import pytest

from labcloud.mqtt import Broker, Limits
from labcloud.mqtt.session import Session

from .conftest import Strangers
from .peer import Peer

VERSIONS = pytest.mark.parametrize("version", [4, 5], ids=["mqtt3", "mqtt5"])
HOUR = b"\x11" + (3600).to_bytes(4, "big")


@pytest.fixture
def persistent(broker):
    """Connects with a session that stays for an hour; returns the peer and `session present`."""

    def connect(client_id: str = "fridge", version: int = 4, **options: object) -> tuple[Peer, bool]:
        peer = Peer(broker, version)
        options = {"clean": False, "properties": HOUR if version == 5 else b""} | options
        connack = peer.connect(client_id, **options)  # type: ignore[arg-type]
        assert connack.kind == 2 and connack.body[1] == 0, connack
        return peer, bool(connack.body[0])

    return connect


@VERSIONS
def test_qos_1_waits_for_an_absent_client_and_qos_0_does_not(persistent, client, version):
    peer, present = persistent(version=version)
    assert not present
    peer.subscribe("t")
    peer.vanish()
    sensor = client("sensor")
    sensor.publish("t", b"zero", 0)
    sensor.publish("t", b"one", 1)
    peer, present = persistent(version=version)
    assert present
    assert [(message.payload, message.duplicate) for message in peer.messages()] == [(b"one", False)]


def test_what_was_not_acknowledged_is_repeated_first_without_the_dup_flag_that_aws_does_not_use(persistent, client):
    peer, _ = persistent()
    peer.subscribe("t")
    sensor = client("sensor")
    sensor.publish("t", b"1", 1)
    sensor.publish("t", b"2", 1)
    first, second = peer.messages()
    peer.puback(first.packet_id)
    peer.vanish()
    sensor.publish("t", b"3", 1)
    peer, _ = persistent()
    repeated, fresh = peer.messages()
    assert (repeated.payload, repeated.duplicate, repeated.packet_id) == (b"2", False, second.packet_id)
    assert (fresh.payload, fresh.duplicate) == (b"3", False)


def test_acknowledged_messages_are_not_repeated(persistent, client):
    peer, _ = persistent()
    peer.subscribe("t")
    client("sensor").publish("t", b"1", 1)
    peer.puback(peer.messages()[0].packet_id)
    peer.vanish()
    assert persistent()[0].messages() == []


def test_no_more_than_100_are_in_flight(persistent, client):
    peer, _ = persistent()
    peer.subscribe("t")
    sensor = client("sensor")
    for _ in range(150):
        sensor.publish("t", b"x", 1)
    got = peer.messages()
    assert len(got) == 100
    for message in got[:30]:
        peer.core.receive(b"\x40\x02" + message.packet_id.to_bytes(2, "big"), 0.0)
    assert len(peer.messages()) == 30


@pytest.mark.parametrize(("version", "kept_s"), [(4, 3600), (5, 960)], ids=["mqtt3", "mqtt5"])
def test_what_a_connected_client_never_acknowledges_is_given_up(client, broker, ears, version, kept_s):
    peer = client("lazy", version)
    peer.subscribe("t")
    sensor = client("sensor")
    for at_s in (0.0, 50.0):
        sensor.publish("t", b"x", 1)
        broker.tick(at_s)
    peer.core.last_heard_s = kept_s
    sensor.core.last_heard_s = kept_s
    broker.tick(kept_s + 1.0)
    assert [note for note in ears.notes if "given up" in note] == [f"given up for lazy: not acknowledged in {kept_s} s"]
    first, second = peer.messages()
    assert list(peer.core.session.in_flight) == [second.packet_id]


def test_a_jump_of_the_lab_clock_gives_nothing_up(client, broker, clock):
    peer = client("lazy")
    peer.subscribe("t")
    client("sensor").publish("t", b"x", 1)
    broker.tick(0.0)
    clock.advance(7200)
    broker.tick(1.0)
    assert len(peer.core.session.in_flight) == 1


def test_the_clients_receive_maximum_is_respected(client):
    peer = client("slow", version=5, properties=b"\x21\x00\x02")
    peer.subscribe("t")
    sensor = client("sensor")
    for _ in range(5):
        sensor.publish("t", b"x", 1)
    assert len(peer.messages()) == 2


def test_clean_session_drops_what_was_kept(persistent, client):
    peer, _ = persistent()
    peer.subscribe("t")
    peer.vanish()
    client("fridge").disconnect()
    peer, present = persistent()
    client("sensor").publish("t", b"x", 1)
    assert not present and peer.messages() == []


def test_a_session_ends_an_hour_of_lab_time_after_the_client_left(persistent, broker, clock):
    for waited, present in ((3599, True), (3601, False)):
        peer, _ = persistent(str(waited))
        peer.vanish()
        clock.advance(waited)
        broker.tick(1.0)
        assert persistent(str(waited))[1] is present


def test_a_session_that_is_over_is_not_resumed_even_without_a_tick(persistent, clock):
    persistent()[0].vanish()
    clock.advance(3601)
    assert not persistent()[1]


def test_mqtt_3_and_mqtt_5_sessions_are_separate(persistent):
    persistent(version=4)[0].vanish()
    assert not persistent(version=5)[1]
    assert persistent(version=4)[1]


def test_an_mqtt_5_session_without_expiry_ends_with_its_connection(persistent):
    persistent(version=5, properties=b"")[0].vanish()
    assert not persistent(version=5)[1]


def test_disconnect_may_change_the_expiry(persistent):
    peer, _ = persistent(version=5)
    peer.send(b"\xe0\x07\x00\x05\x11\x00\x00\x00\x00")
    assert not persistent(version=5)[1]


def test_disconnect_may_not_revive_an_expiry_of_zero(client):
    peer = client(version=5)
    (frame,) = peer.send(b"\xe0\x07\x00\x05\x11\x00\x00\x00\x09")
    assert frame.body[0] == 130


def test_a_session_over_seven_days_is_cut_and_the_client_told(broker):
    connack = Peer(broker, 5).connect(properties=b"\x11\xff\xff\xff\xff")
    assert b"\x11" + (604_800).to_bytes(4, "big") in connack.body


def test_iot_receive_is_asked_again_when_waiting_messages_are_delivered(persistent, client, policies, ears):
    peer, _ = persistent()
    peer.subscribe("t")
    peer.vanish()
    client("sensor").publish("t", b"x", 1)
    policies.denied.add(("iot:Receive", "t"))
    policies.epoch += 1
    assert persistent()[0].messages() == []
    assert any("not delivered to fridge: iot:Receive refused" in note for note in ears.notes)


def test_an_absent_clients_queue_is_bounded_and_the_trace_says_what_is_lost(clock, policies, ears):
    broker = Broker(
        principals=Strangers(), policies=policies, now=clock.now, trace=ears, limits=Limits(queue_bytes=10_000)
    )
    peer = Peer(broker)
    peer.connect("fridge", clean=False)
    peer.subscribe("t")
    peer.vanish()
    sensor = Peer(broker)
    sensor.connect("sensor")
    for _ in range(20):
        assert len(sensor.publish("t", b"x" * 1000, 1)) == 1
    assert "lost for fridge, which is not connected: its queue is full" in ears.notes
    (space,) = broker.spaces.values()
    assert space.sessions["fridge", 3].queue_bytes <= 10_000 + 200


def test_a_saved_broker_goes_on_after_a_restart(persistent, broker, client, policies, clock):
    peer, _ = persistent()
    peer.subscribe("t", "$share/group/s")
    sensor = client("sensor")
    sensor.publish("t", b"unacknowledged", 1)
    (in_flight,) = peer.messages()
    peer.vanish()
    sensor.publish("t", b"waiting", 1)
    sensor.publish("s", b"shared", 1)
    sensor.publish("kept", b"retained", 1, retain=True)

    state = pickle.loads(pickle.dumps(broker.snapshot()))
    later = Broker(principals=Strangers(), policies=policies, now=clock.now)
    later.restore(state)

    peer = Peer(later)
    assert peer.connect("fridge", clean=False).body == b"\x01\x00"
    got = peer.messages()
    assert [message.payload for message in got] == [b"unacknowledged", b"waiting", b"shared"]
    assert got[0].packet_id == in_flight.packet_id
    peer.subscribe("kept")
    assert [message.payload for message in peer.messages()] == [b"retained"]


def test_clients_that_were_connected_when_the_state_was_saved_count_as_left_at_the_restart(
    persistent, broker, policies, clock
):
    persistent()
    state = broker.snapshot()
    clock.advance(7200)
    later = Broker(principals=Strangers(), policies=policies, now=clock.now)
    later.restore(state)
    (session,) = next(iter(later.spaces.values())).sessions.values()
    assert (session.client_id, session.left_at) == ("fridge", clock.now())


def test_sessions_that_end_with_their_connection_are_not_saved(client, broker):
    client()
    assert broker.snapshot().spaces[0].sessions == ()


def test_a_state_is_only_restored_before_clients_connect(client, broker):
    client()
    with pytest.raises(RuntimeError, match="before clients connect"):
        broker.restore(broker.snapshot())


def test_packet_identifiers_skip_those_in_flight_and_wrap_around():
    session = Session("s", 3, last_packet_id=65_534)
    session.in_flight = {65_535: None, 1: None}  # type: ignore[dict-item]
    assert session.next_packet_id() == 2
