"""The HTTP/1.1 server: one thread reads and writes (asyncio, httptools), a pool of threads answers.

A connection that sends slowly or nothing costs no thread; its requests are answered one after the other.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import socket
import threading
import time
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

from moto.core.request import Request

from labcloud.motobase.wire import WireResponse
from labcloud.shell.files import allow_many_files
from labcloud.shell.http_bodies import Bodies, Limit
from labcloud.shell.http_connection import Connection
from labcloud.shell.http_environ import BadTarget, Incoming, environ_of
from labcloud.shell.http_workers import Workers

log = logging.getLogger("labcloud.http")

Answer = Callable[[Request], WireResponse]
Refuse = Callable[[Request, int, str], WireResponse]
"""Writes why a request is not taken (status, reason), as its service would."""
ANSWERING_THREADS = 128
"""A function that is invoked synchronously holds one and may itself send requests."""
MOST_CONNECTIONS = 4096
SWEEP_S = 1.0


class ServedRequest(Request):
    """A request that arrived over a socket (moto asks)."""

    from_wsgi_server = True


class HttpServer:
    """Serves `answer` on a port of its own. The port is open once it is made; nothing is answered before `start`."""

    def __init__(
        self, host: str, port: int, answer: Answer, *, largest_body: Limit | None = None, refuse: Refuse | None = None
    ) -> None:
        self._answer = answer
        self._refuse = refuse or (lambda request, status, reason: _text(status, reason))
        self.bodies = Bodies(largest_body)
        self.most_connections = MOST_CONNECTIONS
        self._socket = socket.create_server((host, port), backlog=512)
        self.port = int(self._socket.getsockname()[1])
        self._loop = asyncio.new_event_loop()
        self._workers = Workers(ANSWERING_THREADS)
        self._thread = threading.Thread(target=self._loop.run_forever, name="http", daemon=True)
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()
        self._crowded = False

    def start(self) -> None:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()

    def close(self) -> None:
        """Frees the port of a server that was never started."""
        self._socket.close()
        self._loop.close()

    def stop(self) -> None:
        """Stops listening; requests that are being answered are given up."""
        asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()
        self._workers.stop()

    async def _listen(self) -> None:
        self.most_connections = min(MOST_CONNECTIONS, allow_many_files() // 3)
        self._server = await self._loop.create_server(lambda: Connection(self), sock=self._socket)
        self._sweep()

    def _sweep(self) -> None:
        """Ends the connections whose time is over; a timer for each request would cost more than that."""
        now = self._loop.time()
        for connection in list(self._connections):
            if connection.overdue(now):
                connection.transport.abort()
        self._crowded = self._crowded and len(self._connections) >= self.most_connections
        self._loop.call_later(SWEEP_S, self._sweep)

    async def _hang_up(self) -> None:
        if self._server:
            self._server.close()
        for connection in list(self._connections):
            connection.transport.abort()

    def joined(self, connection: Connection) -> None:
        """Where there are too many, the newcomer takes the place of the one that has been idle for longest."""
        self._connections.add(connection)
        if len(self._connections) > self.most_connections:
            idle = (each for each in self._connections if each.is_idle and each is not connection)
            ended = min(idle, key=lambda each: each.deadline or 0.0, default=connection)
            self._say_once("more than %d connections: the ones that have been idle for longest are ended")
            self._connections.discard(ended)
            ended.transport.abort()

    def _say_once(self, text: str) -> None:
        """A crowd does not fill the log: one line until the crowd is gone."""
        if not self._crowded:
            self._crowded = True
            log.warning(text, self.most_connections)

    def parted(self, connection: Connection) -> None:
        self._connections.discard(connection)

    def answer(self, connection: Connection, incoming: Incoming, peer: str) -> None:
        """Answers in a worker's thread; the connection then writes in the loop's."""

        def work() -> None:
            response = self._answer_one(incoming, peer)
            rendered = render(response, incoming.method, incoming.keep_alive)
            with contextlib.suppress(RuntimeError):  # the server has been stopped meanwhile
                self._loop.call_soon_threadsafe(connection.answered, incoming, rendered)

        self._workers.do(work)

    def _answer_one(self, incoming: Incoming, peer: str) -> WireResponse:
        try:
            request = ServedRequest(environ_of(incoming, peer, self.port))
            if incoming.refused:
                return self._refuse(request, *incoming.refused)
            request.get_data(cache=True, parse_form_data=False)  # before a form parser eats the body
            return self._answer(request)
        except BadTarget as error:
            incoming.keep_alive = False
            return _text(400, str(error))
        except Exception:
            log.exception("%s %r could not be answered", incoming.method, incoming.target)
            return _text(500, "The local cloud failed; its log has the details.")

    def plain(self, status: int, text: str) -> bytes:
        """An answer to what is no request."""
        return render(_text(status, text), "", False)


def _text(status: int, text: str) -> WireResponse:
    return WireResponse(status, {"Content-Type": "text/plain"}, f"{text}\n".encode())


def render(response: WireResponse, method: str, keep_alive: bool) -> bytes:
    """The bytes of a response. A HEAD keeps the length that the answer names and has no body."""
    status = response.status
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Unknown')}"]
    length: Any = len(response.body)
    for name, value in response.headers.items():
        lowered = name.lower()
        if lowered == "content-length":
            length = value if method == "HEAD" else length
        elif lowered not in ("connection", "transfer-encoding"):
            lines.append(f"{name}: {_one_line(value)}")
    if status >= 200 and status not in (204, 304):
        lines.append(f"Content-Length: {length}")
    lines.append(f"Date: {_date(int(time.time()))}")
    lines.append(f"Connection: {'keep-alive' if keep_alive else 'close'}")
    body = b"" if method == "HEAD" or status in (204, 304) else response.body
    return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + body


REASONS = {status.value: status.phrase for status in HTTPStatus}


@functools.lru_cache(4)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


def _one_line(value: Any) -> str:
    """Nothing in a header's value ends the header (RFC 9110 §5.5)."""
    return str(value).translate(_CONTROLS)


_CONTROLS = dict.fromkeys((*range(9), *range(10, 32), 127), " ")
