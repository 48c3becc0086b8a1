"""MQTT over TLS: sockets and the event loop around the broker of labcloud.mqtt. No decisions here.

All frames of one loop turn leave in one write per client.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from labcloud.mqtt import Broker, Origin, Published
from labcloud.mqtt.entrance import Callers
from labcloud.shell.files import allow_many_files
from labcloud.shell.mqtt_http import DeviceAnswer
from labcloud.shell.mqtt_journal import MqttJournal
from labcloud.shell.mqtt_link import MqttLink
from labcloud.shell.tls import READ_BUFFER_BYTES

logger = logging.getLogger("labcloud.mqtt")

T = TypeVar("T")
TICK_S = 1.0
RELIEF_S = 0.01
"""How often clients that have to wait are looked at."""
MOST_ENTERING = 2_000
"""Peers in the TLS handshake, or before a WebSocket's upgrade: a whole fleet may come at once, a flood may not stay."""
ALPN = ("x-amzn-mqtt-ca", "x-amzn-http-ca", "mqtt", "http/1.1")
"""What clients may ask for on AWS's port 443; here one port serves all (Developer Guide, "Protocols, port mappings")."""


class MqttServer:
    """Serves one broker on one port. Use `start` in a running loop, or `start_in_thread` from anywhere.

    With `devices`, peers with a certificate may send HTTP requests. With `callers`, peers without a certificate may
    come by WebSocket; the context must not require certificates then. With `journal`, persistent sessions and retained
    messages outlive the process. `turn_over` is called after messages were accepted and before anything is
    acknowledged. While `is_behind` says so, clients that bring messages have to wait.
    """

    def __init__(
        self,
        broker: Broker,
        context: ssl.SSLContext,
        *,
        callers: Callers | None = None,
        devices: DeviceAnswer | None = None,
        journal: MqttJournal | None = None,
        turn_over: Callable[[], None] = lambda: None,
        is_behind: Callable[[], bool] = lambda: False,
        handshake_timeout_s: float = 10.0,
        most_clients: int = 10_000,
    ) -> None:
        self.broker = broker
        self.callers = callers
        self.devices = devices
        self._journal = journal
        self._turn_over = turn_over
        self._is_behind = is_behind
        self.halted = False
        """Who brings messages now is not read from any more for a while."""
        self.held: set[MqttLink] = set()
        self.port = 0
        context.set_alpn_protocols(list(ALPN))
        self._context = context
        self._handshake_timeout_s = handshake_timeout_s
        self._most_clients = most_clients
        self._most_entering = MOST_ENTERING
        self._links: set[MqttLink] = set()
        self._entering: dict[MqttLink, None] = {}
        self._buffer = memoryview(bytearray(READ_BUFFER_BYTES))
        self._flush_due = False
        self._loop: asyncio.AbstractEventLoop
        self._server: asyncio.Server
        self._ticking: asyncio.TimerHandle
        self._thread: threading.Thread | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listens; returns the port."""
        self._most_clients = min(self._most_clients, allow_many_files() // 2)
        self._most_entering = min(self._most_entering, self._most_clients)
        self._loop = asyncio.get_running_loop()
        if self._journal is not None:
            self._journal.open(self.broker)
        self._server = await self._loop.create_server(self._link, host, port, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]
        self._tick()
        return self.port

    async def stop(self) -> None:
        """Ends all connections and stops listening."""
        self._ticking.cancel()
        self._server.close()
        self.broker.shut_down()
        self._flush()
        for link in list(self._links):
            link.close()
        if self._journal is not None:
            self._journal.close(self.broker)

    def start_in_thread(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """The same in a thread of its own; returns when clients can connect."""
        loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=loop.run_forever, name="mqtt", daemon=True)
        self._thread.start()
        try:
            return asyncio.run_coroutine_threadsafe(self.start(host, port), loop).result()
        except Exception:
            loop.call_soon_threadsafe(loop.stop)
            self._thread.join()
            loop.close()
            raise

    def stop_thread(self) -> None:
        """Stops what `start_in_thread` started."""
        assert self._thread is not None
        asyncio.run_coroutine_threadsafe(self.stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def is_running(self) -> bool:
        """Whether `start_in_thread` was called and `stop_thread` was not."""
        return self._thread is not None and self._thread.is_alive()

    # -- from other threads

    def call_threadsafe(self, function: Callable[[], T]) -> Future[T]:
        """Runs the function in the broker's thread; the future has its result. Never wait for it in that thread."""
        future: Future[T] = Future()

        def call() -> None:
            try:
                result = function()
                self._finish_turn()
                future.set_result(result)
            except Exception as error:
                future.set_exception(error)
            self.flush_soon()

        self._loop.call_soon_threadsafe(call)
        return future

    def publish_threadsafe(self, origin: Origin, topic: str, payload: bytes, **options: Any) -> Future[Published]:
        """`Broker.publish` from any thread."""
        return self.call_threadsafe(lambda: self.broker.publish(origin, topic, payload, **options))

    def tick_threadsafe(self) -> Future[None]:
        """Lets the broker see at once that the lab clock was moved."""
        return self.call_threadsafe(lambda: self.broker.tick(self._loop.time()))

    # -- inside the loop

    def _link(self) -> MqttLink:
        return MqttLink(self, self._context, self._loop, self._buffer, self._handshake_timeout_s)

    def _tick(self) -> None:
        self.broker.tick(self._loop.time())
        self._finish_turn()
        self.flush_soon()
        self._ticking = self._loop.call_later(TICK_S, self._tick)

    def flush_soon(self) -> None:
        """Sends what the broker has for its clients at the end of this loop turn."""
        if (self.broker.changed or self.broker.accepted) and not self._flush_due:
            self._flush_due = True
            self._loop.call_soon(self._flush)

    def _finish_turn(self) -> None:
        """All that must be safe before anybody is told of it."""
        if self.broker.accepted:
            self.broker.accepted = False
            try:
                self._turn_over()
            except Exception:
                logger.exception("what follows from the messages of a turn failed; the broker goes on")
            if not self.halted and self._is_behind():
                self.halted = True
                self._loop.call_later(RELIEF_S, self._relieve)
        if self._journal is not None:
            self._journal.write(self.broker)

    def _relieve(self) -> None:
        if self._is_behind():
            for link in self.held:
                link.wait_on()
            self._loop.call_later(RELIEF_S, self._relieve)
            return
        self.halted = False
        held, self.held = self.held, set()
        for link in held:
            link.go_on()

    def _flush(self) -> None:
        self._flush_due = False
        self._finish_turn()
        while self.broker.changed:
            changed, self.broker.changed = self.broker.changed, []
            for connection in changed:
                connection.scheduled = False
                if isinstance(connection.link, MqttLink):
                    connection.link.push(connection)

    def joined(self, link: MqttLink) -> None:
        """A peer that has not shown who it is yet. Where there are too many, the oldest of these has to go."""
        self._links.add(link)
        self._entering[link] = None
        if len(self._entering) > self._most_entering or len(self._links) > self._most_clients:
            oldest = next(iter(self._entering))
            self.parted(oldest)
            oldest.transport.abort()

    def entered(self, link: MqttLink) -> None:
        """The peer is known: by its certificate, or by a signature."""
        self._entering.pop(link, None)

    def parted(self, link: MqttLink) -> None:
        self._links.discard(link)
        self.held.discard(link)
        self._entering.pop(link, None)
