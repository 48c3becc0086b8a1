"""One HTTP/1.1 client: its bytes become requests, answered one after the other; nothing it does costs others time.

What a client may hold: one request's head and body while it comes in, a few that wait, one answer that it does not
take. Each phase has its deadline; the server's sweep ends what is over it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING

import httptools

from labcloud.shell.http_environ import Head, Incoming, TooLarge

if TYPE_CHECKING:
    from labcloud.shell.http import HttpServer

log = logging.getLogger("labcloud.http")

IDLE_S = 120.0
HEAD_S = 20.0
REQUEST_S = 300.0
WRITE_S = 60.0
"""How long a client may say nothing, send a request's head, send a whole request, take nothing of an answer."""
MOST_WAITING = 16
WRITE_BUFFER_BYTES = 1024 * 1024
"""An answer beyond it is taken by the client before the next request is answered."""


class Connection(asyncio.Protocol):
    def __init__(self, server: HttpServer) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._incoming = Incoming()
        self._waiting: deque[Incoming] = deque()
        self._answering: Incoming | None = None
        self._head = Head()
        self._can_write = True
        self._unsent = 0
        self.deadline: float | None = None
        self.transport: asyncio.Transport

    @property
    def is_idle(self) -> bool:
        """Nothing of it is being answered: it may be ended for somebody else's sake."""
        return self._answering is None and not self._waiting

    def overdue(self, now: float) -> bool:
        """Its time is over, and it has taken nothing of its answer since it got that time."""
        if self.deadline is None or self.deadline >= now:
            return False
        unsent = self.transport.get_write_buffer_size()
        if 0 < unsent < self._unsent:
            self._unsent = unsent
            self._give_time(WRITE_S)
            return False
        return True

    # -- asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        self._peer = str((transport.get_extra_info("peername") or ("",))[0])
        self._give_time(IDLE_S)
        self._server.joined(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.parted(self)
        for incoming in (self._incoming, *self._waiting):
            self._server.bodies.release(incoming)
        self._waiting.clear()

    def pause_writing(self) -> None:
        self._can_write = False

    def resume_writing(self) -> None:
        self._can_write = True
        if self._answering is None:
            self._answer_next()

    def data_received(self, data: bytes) -> None:
        try:
            self._head.feed(self._parser, data)
        except TooLarge as error:
            self._refuse(431, str(error))
        except httptools.HttpParserUpgrade:
            self._refuse(400, "Upgrades are not served.")
        except httptools.HttpParserError as error:
            too_large = isinstance(error.__context__, TooLarge)
            self._refuse(431 if too_large else 400, str(error.__context__ if too_large else error))

    # -- httptools

    def on_message_begin(self) -> None:
        self._incoming = Incoming()
        self._head.begin()
        if self._answering is None:
            self._give_time(HEAD_S)

    def on_url(self, url: bytes) -> None:
        self._incoming.add_target(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._incoming.add_header(name, value)

    def on_headers_complete(self) -> None:
        incoming = self._incoming
        self._head.end()
        incoming.method = self._parser.get_method().decode("latin-1")
        incoming.version = self._parser.get_http_version()
        incoming.keep_alive = self._parser.should_keep_alive()
        self._server.bodies.admit(incoming)
        if self._answering is None:
            self._give_time(REQUEST_S)
        if incoming.header("expect").lower() == "100-continue" and self.is_idle and not incoming.refused:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._server.bodies.add(self._incoming, body)

    def on_message_complete(self) -> None:
        self._waiting.append(self._incoming)
        self._incoming = Incoming()
        if self._answering is None:
            self._answer_next()
        elif len(self._waiting) > MOST_WAITING:
            self.transport.pause_reading()

    # -- answering

    def _answer_next(self) -> None:
        if not self._can_write:
            self._unsent = self.transport.get_write_buffer_size()
            self._give_time(WRITE_S)
        elif self._waiting:
            self._give_time(None)
            self._answering = self._waiting.popleft()
            self._server.answer(self, self._answering, self._peer)
        else:
            self._give_time(IDLE_S)

    def answered(self, incoming: Incoming, rendered: bytes) -> None:
        """The answer to the request that came first is there."""
        self._answering = None
        self._server.bodies.release(incoming)
        if self.transport.is_closing():
            return
        self.transport.write(rendered)
        if incoming.keep_alive:
            self.transport.resume_reading()
            self._answer_next()
        else:
            self._close()

    def _refuse(self, status: int, text: str) -> None:
        if not self.transport.is_closing():
            self.transport.write(self._server.plain(status, text))
            self._close()

    def _close(self) -> None:
        """The client has time to take what is unsent."""
        self.transport.close()
        self._unsent = self.transport.get_write_buffer_size()
        self._give_time(WRITE_S)

    def _give_time(self, seconds: float | None) -> None:
        self.deadline = self._loop.time() + seconds if seconds else None
