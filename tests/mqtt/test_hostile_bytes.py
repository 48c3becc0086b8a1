"""Whatever arrives, the core neither raises nor stalls, and what it keeps stays bounded."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from labcloud.clock import ManualClock
from labcloud.mqtt import Broker, Limits

from .conftest import Strangers
from .peer import AllowAll, Ears, Peer, packet, text

MOST_KEPT = Limits().packet_bytes


def fresh(version: int, *, connected: bool) -> Peer:
    ears = Ears()
    broker = Broker(
        principals=Strangers(), policies=AllowAll(), now=ManualClock().now, listener=ears, reserved=ears, trace=ears
    )
    peer = Peer(broker, version)
    if connected:
        peer.connect("fuzzer", clean=False, will=("will", b"x", 1, True))
        peer.subscribe("#", "$aws/#", "$share/g/a")
    return peer


def valid_packets(version: int) -> list[bytes]:
    peer = Peer.__new__(Peer)
    peer.version = version
    connect = (
        text("MQTT") + bytes((version, 0x2E)) + b"\x00\x3c" + (b"\x05\x11\x00\x00\x00\x09" if version == 5 else b"")
    )
    will = (b"\x00" if version == 5 else b"") + text("will") + text("gone")
    properties = b"\x01\x01\x26" + text("k") + text("v") + b"\x23\x00\x01" if version == 5 else b""
    return [
        packet(0x10, connect + text("other") + will),
        peer.publish_packet("a/b", b"payload", 1, properties=properties),
        peer.publish_packet("a", b"", 0, retain=True),
        peer.publish_packet("$aws/things/t/shadow/update", b"{}", 1),
        peer.subscribe_packet("a/+", "$share/g/#", "b/#"),
        packet(0xA2, b"\x00\x01" + (b"\x00" if version == 5 else b"") + text("a/+")),
        packet(0x40, b"\x00\x01"),
        b"\xc0\x00",
        b"\xe0\x00",
    ]


@given(st.binary(max_size=400), st.sampled_from([4, 5]), st.booleans())
@settings(max_examples=400, deadline=None)
def test_random_bytes_are_survived(data, version, connected):
    peer = fresh(version, connected=connected)
    peer.core.receive(data, 1.0)
    assert len(peer.core._rest) <= len(data)


@given(st.data(), st.sampled_from([4, 5]))
@settings(max_examples=400, deadline=None)
def test_mutated_packets_are_survived(data, version):
    peer = fresh(version, connected=True)
    stream = bytearray(b"".join(data.draw(st.lists(st.sampled_from(valid_packets(version)), min_size=1, max_size=6))))
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(stream) - 1))
        stream[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(stream)))
    peer.core.receive(bytes(stream[:cut]), 1.0)
    peer.core.receive(bytes(stream[cut:]), 2.0)
    peer.core.broker.tick(3.0)
    peer.core.lost(4.0)
    peer.core.broker.snapshot()


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 8)), max_size=80), st.sampled_from([4, 5]))
@settings(max_examples=150, deadline=None)
def test_clients_that_come_go_and_publish_in_any_order_lose_no_qos_1_message(steps, version):
    """A model: one persistent subscriber; whatever happens, it gets every acknowledged message at least once."""
    broker = Broker(
        principals=Strangers(), policies=AllowAll(), now=ManualClock().now, limits=Limits(congested_messages=3)
    )
    expiry = b"\x11\x00\x00\x0e\x10" if version == 5 else b""
    sensor, acknowledged, got = Peer(broker, 4), set(), set()
    sensor.connect("sensor")

    def arrive() -> Peer:
        peer = Peer(broker, version)
        peer.connect("display", clean=False, properties=expiry)
        return peer

    def read(count: int) -> None:
        for message in display.messages()[:count]:
            got.add(message.payload)
            display.core.receive(b"\x40\x02" + message.packet_id.to_bytes(2, "big"), 0.0)

    display = arrive()
    display.subscribe("t")
    for number, (step, amount) in enumerate(steps):
        if step == 0:
            for _ in range(amount):
                sensor.core.receive(sensor.publish_packet("t", b"%d" % number, 1, packet_id=number + 1), 0.0)
        elif step == 1:
            read(amount)
        elif step == 2:
            display.vanish()
        elif display.closed:
            display = arrive()
        acknowledged |= {b"%d" % (int.from_bytes(frame.body, "big") - 1) for frame in sensor.frames()}
    if not display.closed:
        display.vanish()
    display = arrive()
    while before := display.core.out:
        read(len(before))
    acknowledged |= {b"%d" % (int.from_bytes(frame.body, "big") - 1) for frame in sensor.frames()}
    assert acknowledged <= got


def test_a_packet_that_never_ends_is_kept_only_up_to_the_limit():
    peer = fresh(4, connected=True)
    peer.core.receive(b"\x30\xff\x8f\x09", 0.0)
    for _ in range(40):
        peer.core.receive(b"x" * 4096, 0.0)
    assert peer.closed or len(peer.core._rest) <= MOST_KEPT


def test_topics_that_never_repeat_do_not_fill_the_memory():
    peer = fresh(4, connected=True)
    limits = peer.broker.limits
    for number in range(3_000):
        peer.publish(f"a/{number}")
    assert len(peer.core.routes) <= 1_000
    (space,) = peer.broker.spaces.values()
    assert len(space._routes) <= limits.routes
