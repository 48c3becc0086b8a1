"""Brokers without sockets, peers for them, and a throw-away certificate authority for the tests with real clients."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from labcloud.clock import ManualClock
from labcloud.mqtt import Broker, Refusal

from .peer import AllowAll, Ears, Peer


class Strangers:
    """Certificates play no part where peers are let in by name."""

    def principal_of(self, der: bytes) -> Refusal:
        return Refusal("unknown certificate")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def policies() -> AllowAll:
    return AllowAll()


@pytest.fixture
def ears() -> Ears:
    return Ears()


@pytest.fixture
def broker(clock: ManualClock, policies: AllowAll, ears: Ears) -> Broker:
    return Broker(principals=Strangers(), policies=policies, now=clock.now, listener=ears, reserved=ears, trace=ears)


@pytest.fixture
def client(broker: Broker) -> Callable[..., Peer]:
    """Connects a peer: `client("name", version=5, …)`; its CONNACK has been read."""

    def connect(client_id: str = "thermometer", version: int = 4, **options: object) -> Peer:
        peer = Peer(broker, version)
        connack = peer.connect(client_id, **options)  # type: ignore[arg-type]
        assert connack.kind == 2 and connack.body[1] == 0, connack
        return peer

    return connect
