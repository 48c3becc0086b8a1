"""TLS over asyncio with one read buffer for all connections.

asyncio's own TLS layer keeps 256 KiB per connection; a device fleet of 1,000 would need a quarter of a gigabyte.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable

READ_BUFFER_BYTES = 256 * 1024
RECORD_BYTES = 16 * 1024
WRITE_BUFFER_BYTES = 1024 * 1024
LINGER_S = 5.0
"""A peer that does not take its last bytes within this time is cut off."""


class TlsProtocol(asyncio.BufferedProtocol):
    """The server side of one TLS connection; subclasses get plain bytes. Needs a selector loop, as Unix has."""

    def __init__(
        self, context: ssl.SSLContext, loop: asyncio.AbstractEventLoop, buffer: memoryview, timeout_s: float
    ) -> None:
        self.loop = loop
        self._buffer = buffer
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._established = False
        self._closing = False
        self._reading = True
        self._timeout_s = timeout_s
        self._failure = ""
        self._timer: asyncio.TimerHandle | None = None
        self.transport: asyncio.Transport

    # -- for subclasses

    def established(self, certificate: bytes | None) -> None:
        """The handshake is done; the client's certificate in DER form, if it sent one."""
        raise RuntimeError("subclasses receive the handshake's end")

    def plain_received(self, data: bytes) -> None:
        """Decrypted bytes."""
        raise RuntimeError("subclasses receive the data")

    def writable(self, can_write: bool) -> None:
        """The transport's buffer is full, or has room again."""

    def gone(self, reason: str) -> None:
        """The connection is over."""

    @property
    def peer(self) -> str:
        """The peer's IP address."""
        name = self.transport.get_extra_info("peername")
        return str(name[0]) if name else ""

    def write(self, data: bytes) -> None:
        """Encrypts and sends; the transport buffers what the peer does not take."""
        if data and not self._closing:
            self._tls.write(data)
            self.transport.write(self._outgoing.read())

    def expect_within_timeout(self) -> None:
        """Cuts the peer off unless `stop_timeout` comes first."""
        self._set_timer(self._timeout_s, self.transport.abort)

    def stop_timeout(self) -> None:
        self._set_timer(None, None)

    def set_reading(self, reading: bool) -> None:
        """Stops or goes on reading from the peer."""
        if reading == self._reading or self._closing:
            return
        self._reading = reading
        if reading:
            self.transport.resume_reading()
            self.loop.call_soon(self._decrypt)
        else:
            self.transport.pause_reading()

    def close(self) -> None:
        """Sends what is buffered, says goodbye and closes; cuts off a peer that does not read."""
        if self._closing:
            return
        self._closing = True
        if self._established:
            self._try_tls(self._tls.unwrap)
            self.transport.write(self._outgoing.read())
        self.transport.close()
        self._set_timer(LINGER_S, self.transport.abort)

    # -- for asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        self.expect_within_timeout()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._incoming.write(self._buffer[:nbytes])
        if not self._established and not self._handshake():
            return
        self._decrypt()

    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None:
        self.writable(False)

    def resume_writing(self) -> None:
        self.writable(True)

    def connection_lost(self, exc: Exception | None) -> None:
        self._closing = True
        self.stop_timeout()
        self.gone(self._failure or str(exc or "closed"))

    # -- inside

    def _handshake(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self.transport.write(self._outgoing.read())
            return False
        except ssl.SSLError as error:
            self.transport.write(self._outgoing.read())
            self._failure = f"TLS handshake failed: {error.reason or error}"
            self._closing = True
            self.transport.close()
            return False
        self._established = True
        self.transport.write(self._outgoing.read())
        self._acknowledge_at_once()
        self.stop_timeout()
        self.established(self._tls.getpeercert(binary_form=True))
        return not self._closing

    def _acknowledge_at_once(self) -> None:
        """Without it, a client's first packet waits 40 ms: Nagle's algorithm there, a delayed TCP acknowledgement here."""
        if hasattr(socket, "TCP_QUICKACK"):
            self.transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def _decrypt(self) -> None:
        chunks: list[bytes] = []
        ended = False
        while self._reading and not self._closing:
            chunk = self._try_tls(lambda: self._tls.read(RECORD_BYTES))
            if chunk is None:
                break
            if not chunk:
                ended = True
                break
            chunks.append(chunk)
        if chunks:
            self.plain_received(b"".join(chunks))
        if ended:
            self.close()

    def _try_tls(self, operation: Callable[[], bytes | object]) -> bytes | None:
        """What it read; None: nothing now; empty: the peer is done or broke the protocol."""
        try:
            read = operation()
        except ssl.SSLWantReadError:
            return None
        except ssl.SSLError:
            return b""
        return read if isinstance(read, bytes) else None

    def _set_timer(self, after_s: float | None, callback: Callable[[], None] | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_later(after_s, callback) if after_s is not None and callback else None
