"""HTTPS of one device on the broker's port: its requests are answered one after the other, outside the broker's thread."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import httptools

from labcloud.motobase.wire import WireResponse
from labcloud.shell.http import ServedRequest, render
from labcloud.shell.http_environ import BadTarget, Head, Incoming, TooLarge, environ_of

if TYPE_CHECKING:
    from labcloud.shell.mqtt_link import MqttLink

log = logging.getLogger("labcloud.mqtt")

DeviceAnswer = Callable[[ServedRequest, bytes, str], WireResponse]
"""answer(request, the device's certificate in DER form, its address)."""
LARGEST_BODY = 256 * 1024
METHODS = b"DGHPO"
"""What a request may begin with; no MQTT packet does that opens a connection."""


class DeviceRequests:
    """The requests of one connection."""

    def __init__(self, link: MqttLink, answer: DeviceAnswer, certificate: bytes) -> None:
        self._link = link
        self._answer = answer
        self._certificate = certificate
        self._parser = httptools.HttpRequestParser(self)
        self._head = Head()
        self._incoming = Incoming()
        self._size = 0
        self._whole: list[Incoming] = []
        self._busy = False

    def receive(self, data: bytes) -> None:
        """Bytes of the device; what is no HTTP is refused and the connection closed."""
        try:
            self._head.feed(self._parser, data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade, TooLarge) as error:
            text = f"{error.__context__ or error}\n".encode()
            self._link.write(render(WireResponse(400, {"Content-Type": "text/plain"}, text), "", False))
            self._link.close()

    def on_message_begin(self) -> None:
        self._incoming, self._size = Incoming(), 0
        self._head.begin()

    def on_url(self, url: bytes) -> None:
        self._incoming.add_target(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._incoming.add_header(name, value)

    def on_headers_complete(self) -> None:
        self._head.end()
        self._incoming.method = self._parser.get_method().decode("latin-1")
        self._incoming.keep_alive = self._parser.should_keep_alive()
        if self._incoming.header("expect").lower() == "100-continue":
            self._link.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > LARGEST_BODY:
            raise TooLarge(f"The body has more than {LARGEST_BODY} bytes.")
        self._incoming.add_body(body)

    def on_message_complete(self) -> None:
        self._whole.append(self._incoming)
        self._next()

    def _next(self) -> None:
        if self._busy or not self._whole:
            return
        self._busy = True
        self._link.stop_timeout()
        self._link.set_reading(len(self._whole) < 16)
        incoming = self._whole.pop(0)
        working = self._link.loop.run_in_executor(None, self._work, incoming, self._link.peer)
        working.add_done_callback(self._done)

    def _work(self, incoming: Incoming, peer: str) -> tuple[bytes, bool]:
        try:
            request = ServedRequest(environ_of(incoming, peer, 443))
            request.get_data(cache=True, parse_form_data=False)
            response = self._answer(request, self._certificate, peer)
        except BadTarget as error:
            response = WireResponse(400, {"Content-Type": "text/plain"}, f"{error}\n".encode())
        except Exception:
            log.exception("%s %r of a device could not be answered", incoming.method, incoming.target)
            response = WireResponse(500, {"Content-Type": "text/plain"}, b"The local cloud failed; see its log.\n")
        return render(response, incoming.method, incoming.keep_alive), incoming.keep_alive

    def _done(self, working: asyncio.Future[tuple[bytes, bool]]) -> None:
        self._busy = False
        with contextlib.suppress(asyncio.CancelledError):
            rendered, keep_alive = working.result()
            self._link.write(rendered)
            if not keep_alive:
                self._link.close()
                return
            self._link.expect_within_timeout()
            self._next()
