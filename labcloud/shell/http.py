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
from collections import deque
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

import httptools
from moto.core.request import Request

from labcloud.motobase.wire import WireResponse
from labcloud.shell.http_environ import LARGEST_BODY, LARGEST_HEAD, Incoming, TooLarge, environ_of
from labcloud.shell.http_workers import Workers

log = logging.getLogger("labcloud.http")

Answer = Callable[[Request], WireResponse]
ANSWERING_THREADS = 128
"""A function that is invoked synchronously holds one and may itself send requests."""
MOST_CONNECTIONS = 4096
IDLE_S = 120.0
REQUEST_S = 300.0
"""How long a client may take for one request."""
SWEEP_S = 1.0


class ServedRequest(Request):
    """A request that arrived over a socket (moto asks)."""

    from_wsgi_server = True


class HttpServer:
    """Serves `answer` on a port of its own. The port is open once it is made; nothing is answered before `start`."""

    def __init__(self, host: str, port: int, answer: Answer) -> None:
        self._answer = answer
        self._socket = socket.create_server((host, port), backlog=512)
        self.port = int(self._socket.getsockname()[1])
        self._loop = asyncio.new_event_loop()
        self._workers = Workers(ANSWERING_THREADS)
        self._thread = threading.Thread(target=self._loop.run_forever, name="http", daemon=True)
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()

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
        self._server = await self._loop.create_server(lambda: _Connection(self), sock=self._socket)
        self._sweep()

    def _sweep(self) -> None:
        """Ends the connections whose time is over; a timer for each request would cost more than that."""
        now = self._loop.time()
        for connection in list(self._connections):
            if connection.deadline is not None and connection.deadline < now:
                connection.transport.abort()
        self._loop.call_later(SWEEP_S, self._sweep)

    async def _hang_up(self) -> None:
        if self._server:
            self._server.close()
        for connection in list(self._connections):
            connection.transport.abort()

    def joined(self, connection: _Connection) -> bool:
        """False: there are too many connections."""
        self._connections.add(connection)
        return len(self._connections) <= MOST_CONNECTIONS

    def parted(self, connection: _Connection) -> None:
        self._connections.discard(connection)

    def answer(self, connection: _Connection, incoming: Incoming, peer: str) -> None:
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
            request.get_data(cache=True, parse_form_data=False)  # before a form parser eats the body
            return self._answer(request)
        except Exception:
            log.exception("%s %r could not be answered", incoming.method, incoming.target)
            return WireResponse(
                500, {"Content-Type": "text/plain"}, b"The local cloud failed; its log has the details.\n"
            )


class _Connection(asyncio.Protocol):
    def __init__(self, server: HttpServer) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._incoming = Incoming()
        self._waiting: deque[Incoming] = deque()
        self._answering = False
        self.deadline: float | None = None
        self.transport: asyncio.Transport

    # -- asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._peer = str((transport.get_extra_info("peername") or ("",))[0])
        if not self._server.joined(self):
            log.warning("more than %d connections: one is turned away", MOST_CONNECTIONS)
            transport.abort()
        self._give_time(IDLE_S)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.parted(self)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except TooLarge as error:
            self._refuse(413, str(error))
        except httptools.HttpParserUpgrade:
            self._refuse(400, "Upgrades are not served.")
        except httptools.HttpParserError as error:
            too_large = isinstance(error.__context__, TooLarge)
            self._refuse(413 if too_large else 400, str(error.__context__ if too_large else error))

    # -- httptools

    def on_message_begin(self) -> None:
        self._incoming = Incoming()
        self._give_time(REQUEST_S)

    def on_url(self, url: bytes) -> None:
        self._incoming.add_target(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._incoming.add_header(name, value)

    def on_headers_complete(self) -> None:
        self._incoming.method = self._parser.get_method().decode("latin-1")
        self._incoming.version = self._parser.get_http_version()
        self._incoming.keep_alive = self._parser.should_keep_alive()
        if self._incoming.header("expect").lower() == "100-continue":
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._incoming.add_body(body)

    def on_message_complete(self) -> None:
        self._waiting.append(self._incoming)
        if not self._answering:
            self._answer_next()
        elif len(self._waiting) > 16:
            self.transport.pause_reading()

    # -- answering

    def _answer_next(self) -> None:
        if not self._waiting:
            self._answering = False
            self._give_time(IDLE_S)
            return
        self._answering = True
        self._give_time(None)
        incoming = self._waiting.popleft()
        self._server.answer(self, incoming, self._peer)

    def answered(self, incoming: Incoming, rendered: bytes) -> None:
        """The answer to the request that came first is there."""
        if self.transport.is_closing():
            return
        self.transport.write(rendered)
        if not incoming.keep_alive:
            self.transport.close()
            return
        self.transport.resume_reading()
        self._answer_next()

    def _refuse(self, status: int, text: str) -> None:
        self.transport.write(
            render(WireResponse(status, {"Content-Type": "text/plain"}, f"{text}\n".encode()), "", False)
        )
        self.transport.close()

    def _give_time(self, seconds: float | None) -> None:
        self.deadline = self._loop.time() + seconds if seconds else None


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
    return str(value).replace("\r", " ").replace("\n", " ")


__all__ = ["LARGEST_BODY", "LARGEST_HEAD", "Answer", "HttpServer", "ServedRequest", "render"]
