"""One MQTT client's socket: its bytes to the core, the core's bytes to it, directly or in WebSocket frames."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from labcloud.mqtt import Refusal
from labcloud.mqtt.connection import Connection
from labcloud.mqtt.entrance import Admitted, Entrance
from labcloud.mqtt.websocket import Frames, encode_frame
from labcloud.shell.mqtt_http import METHODS, DeviceRequests
from labcloud.shell.tls import TlsProtocol

if TYPE_CHECKING:
    from labcloud.shell.mqtt import MqttServer

logger = logging.getLogger("labcloud.mqtt")


class MqttLink(TlsProtocol):
    """One client: bytes to the core, the core's bytes to the client, through WebSocket frames if it came so.

    A device with a certificate may speak HTTP instead: AWS's ALPN `x-amzn-http-ca`, here told by its first byte.
    """

    def __init__(self, server: MqttServer, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._server = server
        self._connection: Connection | None = None
        self._entrance: Entrance | None = None
        self._frames: Frames | None = None
        self._requests: DeviceRequests | None = None
        self._certificate = b""
        """Until the first byte shows whether its owner speaks MQTT or HTTP."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._server.joined(self)

    def established(self, certificate: bytes | None) -> None:
        if certificate is None and self._server.callers is not None:
            self._entrance = Entrance(self._server.callers)
            self.expect_within_timeout()
            return
        accepted = self._server.broker.accept_certificate(certificate, self.peer, self.loop.time())
        if isinstance(accepted, Refusal):
            self.close()
        else:
            self._certificate = certificate or b""
            self._serve(accepted)

    def plain_received(self, data: bytes) -> None:
        if self._entrance is not None:
            self._enter(self._entrance, data)
        elif self._frames is not None:
            self._unwrap(self._frames, data)
        elif self._requests is not None:
            self._requests.receive(data)
        elif self._connection is not None:
            self._from_device(self._connection, data)
        if self._server.halted and self._server.broker.accepted and self._connection is not None:
            self._server.held.add(self)
            self.set_reading(False)
        self._server.flush_soon()

    def wait_on(self) -> None:
        """The client cannot be heard, through no fault of its own."""
        if self._connection is not None:
            self._connection.last_heard_s = self.loop.time()

    def go_on(self) -> None:
        """The client's messages are wanted again."""
        if self._connection is not None and not self._connection.closed:
            self.set_reading(self._connection.wants_reading)

    def writable(self, can_write: bool) -> None:
        if self._connection is not None:
            self._connection.set_writable(can_write, self.loop.time())
            self._server.flush_soon()

    def gone(self, reason: str) -> None:
        self._server.parted(self)
        if self._connection is None:
            logger.info("MQTT peer %s: %s", self.peer, reason)
        else:
            self._connection.lost(self.loop.time())
            self._server.flush_soon()

    def push(self, connection: Connection) -> None:
        """Writes what the core has for the client, closes, stops or goes on reading, as the core wishes."""
        if connection.out and (connection.writable or connection.closed):
            data = connection.take_output()
            self.write(data if self._frames is None else encode_frame(data))
        if connection.closed:
            self.close()
        else:
            self.set_reading(connection.wants_reading and self not in self._server.held)

    def _from_device(self, connection: Connection, data: bytes) -> None:
        certificate, self._certificate = self._certificate, b""
        if certificate and data[0] in METHODS and self._server.devices is not None:
            self._server.broker.forget(connection)
            self._connection = None
            self._requests = DeviceRequests(self, self._server.devices, certificate)
            self.expect_within_timeout()
            self._requests.receive(data)
        else:
            connection.receive(data, self.loop.time())

    def _serve(self, connection: Connection) -> None:
        self._server.entered(self)
        self._connection = connection
        connection.link = self

    def _enter(self, entrance: Entrance, data: bytes) -> None:
        outcome = entrance.receive(data, time.time())
        if outcome is None:
            return
        if not isinstance(outcome, Admitted):
            self._server.broker.refused(self.peer, outcome.reason)
            self.write(outcome.response)
            self.close()
            return
        self.write(outcome.response)
        self.stop_timeout()
        self._entrance, self._frames = None, Frames()
        self._serve(self._server.broker.accept_websocket(outcome.principal, self.peer, self.loop.time()))
        self._unwrap(self._frames, outcome.rest)

    def _unwrap(self, frames: Frames, data: bytes) -> None:
        assert self._connection is not None
        if found := frames.receive(data):
            self._connection.receive(found, self.loop.time())
        if self._connection.writable or frames.closed:
            self.write(b"".join(frames.replies))
        frames.replies.clear()
        if frames.closed:
            self._connection.leave(self.loop.time())
