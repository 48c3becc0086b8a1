"""The relay between boxes and the cloud: bytes pass both ways, ends are told, and every connection is counted once."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

import pytest

from checker.isolation.relay import Relay
from tests.support import wait_until

AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER: closing resets the connection."""


def listening() -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    return listener


@pytest.fixture
def relay() -> Iterator[Relay]:
    relay = Relay()
    yield relay
    relay.close()


def connect(relay: Relay) -> tuple[socket.socket, socket.socket]:
    """A connection through the relay: the end in the box and the end outside."""
    with listening() as outside:
        inner = listening()
        address = inner.getsockname()
        relay.offer(inner, outside.getsockname())
        box_end = socket.create_connection(address, timeout=10)
        outside.settimeout(10)
        outer_end, _ = outside.accept()
        relay.withdraw(inner)
    outer_end.settimeout(10)
    return box_end, outer_end


def test_bytes_pass_both_ways_and_an_end_is_told(relay):
    box_end, outer_end = connect(relay)
    with box_end, outer_end:
        box_end.sendall(b"question")
        assert outer_end.recv(100) == b"question"
        box_end.shutdown(socket.SHUT_WR)
        assert outer_end.recv(100) == b""
        outer_end.sendall(b"answer")
        outer_end.close()
        assert box_end.recv(100) == b"answer"
        assert box_end.recv(100) == b""
    wait_until(lambda: relay.connections == 0)


def test_a_connection_that_both_ends_reset_is_counted_once(relay):
    for _ in range(30):
        pairs = [connect(relay) for _ in range(3)]
        for end in (end for pair in pairs for end in pair):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
            end.close()
        wait_until(lambda: relay.connections <= 0)
    assert relay.connections == 0


def test_a_closed_relay_tells_its_processor_time():
    relay = Relay()
    box_end, outer_end = connect(relay)
    with box_end, outer_end:
        box_end.sendall(b"x" * 100_000)
        assert outer_end.recv(1)
    assert relay.cpu_s == 0.0
    relay.close()
    assert relay.cpu_s > 0.0
