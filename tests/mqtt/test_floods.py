"""Floods: peers that never say who they are, sessions and retained messages without end. Others are still served."""

from __future__ import annotations

import resource
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from labcloud.clock import ManualClock
from labcloud.mqtt import Broker, Limits, Principal
from labcloud.mqtt.websocket import parse_upgrade
from labcloud.shell.mqtt import MqttServer
from tests.support import wait_until

from .conftest import Strangers
from .peer import ACCOUNT, REGION, AllowAll, Peer, packet, text
from .pki import Authority, Credentials
from .test_websocket import UPGRADE, KnownKeys

KEEP = b"\x11\x00\x00\x0e\x10"
"""Session expiry: an hour."""


class Everybody:
    def principal_of(self, der: bytes) -> Principal:
        return Principal("c", f"arn:aws:iot:{REGION}:{ACCOUNT}:cert/c", ACCOUNT, REGION)


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def device(authority) -> Credentials:
    return authority.issue("device")


@pytest.fixture
def server(authority) -> Iterator[MqttServer]:
    broker = Broker(principals=Everybody(), policies=AllowAll(), now=time.time)
    server = MqttServer(broker, authority.server_context(), callers=KnownKeys(), handshake_timeout_s=120)
    server.start_in_thread()
    yield server
    server.stop_thread()


def is_served(server: MqttServer, authority: Authority, device: Credentials) -> bool:
    """Whether an honest client connects and gets its own message back."""
    context = authority.client_context(device)
    with (
        socket.create_connection(("127.0.0.1", server.port), 10) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as tls,
    ):
        tls.sendall(packet(0x10, text("MQTT") + b"\x04\x02\x00\x3c" + text("honest")))
        tls.sendall(packet(0x82, b"\x00\x01" + text("t") + b"\x00") + packet(0x30, text("t") + b"hello"))
        received = b""
        while b"hello" not in received:
            received += tls.recv(1000)
        return True


def test_half_open_handshakes_do_not_keep_others_out(server, authority, device):
    """Silent ones, and ones that stop after their first record; three times as many as may be there at once."""
    server._most_entering = 200
    hello = first_record(authority, device)
    with ExitStack() as crowd:
        for number in range(600):
            raw = crowd.enter_context(socket.create_connection(("127.0.0.1", server.port), 10))
            raw.sendall((b"", hello, hello[:20])[number % 3])
        assert is_served(server, authority, device)
        wait_until(lambda: len(server._links) <= 201, within_s=30, because="the crowd is bounded")
    wait_until(lambda: not server._links, within_s=30, because="everybody is gone")
    assert server._entering == {}


def first_record(authority: Authority, device: Credentials) -> bytes:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = authority.client_context(device).wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


def test_a_thousand_half_open_handshakes_are_small(server, authority, device):
    hello = first_record(authority, device)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with ExitStack() as crowd:
        for _ in range(1000):
            crowd.enter_context(socket.create_connection(("127.0.0.1", server.port), 10)).sendall(hello)
        wait_until(lambda: len(server._links) == 1000, within_s=60, because="all are there")
        assert is_served(server, authority, device)
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 150 * 1024, f"{grown_kib} KiB for 1,000 half-open handshakes"


def test_a_web_page_from_elsewhere_opens_no_web_socket(server, authority):
    head = "".join(f"{name}: {value}\r\n" for name, value in UPGRADE.items())
    context = authority.client_context(None)
    with (
        socket.create_connection(("127.0.0.1", server.port), 10) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as tls,
    ):
        tls.sendall(f"GET /mqtt HTTP/1.1\r\n{head}Origin: http://evil.example\r\n\r\n".encode())
        answer = b""
        while piece := tls.recv(1000):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"a web page of 'http://evil.example' may not use this machine's broker" in answer
    assert parse_upgrade(f"GET /mqtt HTTP/1.1\r\n{head}\r\n".encode()) is not None


def make_broker(limits: Limits) -> Broker:
    return Broker(principals=Strangers(), policies=AllowAll(), now=ManualClock().now, limits=limits)


def test_persistent_sessions_are_bounded_and_known_clients_come_back():
    broker = make_broker(Limits(absent_sessions=50))
    for number in range(50):
        peer = Peer(broker, 5)
        peer.connect(f"client-{number}", clean=False, properties=KEEP)
        peer.vanish()
    refused = Peer(broker, 5)
    assert refused.connect("one too many", clean=False, properties=KEEP).body[1] == 0x97
    known = Peer(broker, 5)
    assert known.connect("client-7", clean=False, properties=KEEP).body[1] == 0
    fleeting = Peer(broker, 5)
    assert fleeting.connect("without a session", clean=True).body[1] == 0
    assert len(broker.space(ACCOUNT, REGION).sessions) == 51


def test_retained_messages_are_bounded_by_their_bytes():
    broker = make_broker(Limits(retained_bytes=100_000))
    peer = Peer(broker, 4)
    peer.connect("flood", clean=True)
    for number in range(300):
        peer.publish(f"t/{number}", b"x" * 1000, retain=True)
    space = broker.space(ACCOUNT, REGION)
    assert 70 < len(space.retained) < 100 and space.retained_bytes <= 100_000
    for topic in list(space.retained):
        peer.publish(topic, b"", retain=True)
    assert (space.retained, space.retained_bytes) == ({}, 0)
    peer.publish("t", b"x" * 90_000, retain=True)
    peer.publish("t", b"y" * 90_000, retain=True)
    assert space.retained["t"].message.payload[:1] == b"y"


def test_a_packet_may_come_byte_by_byte():
    broker = make_broker(Limits())
    peer = Peer(broker, 4)
    peer.connect("slow", clean=True)
    peer.subscribe("t")
    for byte in peer.publish_packet("t", b"x" * 5000, 0):
        peer.core.receive(bytes((byte,)), 0.0)
    assert [message.payload for message in peer.messages()] == [b"x" * 5000]
