"""Serves sockets that listen in boxes: every connection is continued to a port outside. One thread for all of them."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass, field

Address = tuple[str, int]
CHUNK = 65_536
MOST_WAITING = 1_048_576
"""Bytes that one side may be ahead of the other."""
MOST_CONNECTIONS = 256


@dataclass(eq=False)
class _Side:
    """One end of a relayed connection; `waiting` is what it has still to send."""

    socket: socket.socket
    waiting: bytearray = field(default_factory=bytearray)
    peer: _Side | None = None
    ended: bool = False
    """It has said all that it will say."""
    told_end: bool = False


class Relay:
    """Continues connections until it is closed. Thread-safe."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self._woken.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        self._orders: deque[tuple[socket.socket, Address | None]] = deque()
        self._connections = 0
        self._closed = False
        self.cpu_s = 0.0
        """Processor time that it took, once it is closed."""
        self._thread = threading.Thread(target=self._run, name="box-relay", daemon=True)
        self._thread.start()

    @property
    def connections(self) -> int:
        """How many are relayed now."""
        return self._connections

    def offer(self, listener: socket.socket, address: Address) -> None:
        """Serves `listener`, which the relay owns from here."""
        self._order(listener, address)

    def withdraw(self, listener: socket.socket) -> None:
        """Stops accepting; connections end with their box."""
        self._order(listener, None)

    def close(self) -> None:
        self._closed = True
        self._wake.send(b".")
        self._thread.join(5)

    def _order(self, listener: socket.socket, address: Address | None) -> None:
        self._orders.append((listener, address))
        self._wake.send(b".")

    def _run(self) -> None:
        while not self._closed:
            for key, events in self._selector.select():
                if key.data is None:
                    self._obey()
                elif isinstance(key.data, _Side):
                    self._serve(key.data, events)
                else:
                    self._accept(key.fileobj, key.data)  # type: ignore[arg-type]
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self.cpu_s = time.thread_time()
        self._wake.close()
        self._selector.close()

    def _obey(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._woken.recv(4096):
                continue
        while self._orders:
            listener, address = self._orders.popleft()
            if address is not None:
                listener.setblocking(False)
                self._selector.register(listener, selectors.EVENT_READ, address)
            else:
                with contextlib.suppress(KeyError, ValueError):
                    self._selector.unregister(listener)
                listener.close()

    def _accept(self, listener: socket.socket, address: Address) -> None:
        with contextlib.suppress(OSError):
            inner, _ = listener.accept()
            if self._connections >= MOST_CONNECTIONS:
                inner.close()
                return
            try:
                outer = socket.create_connection(address, timeout=5)
            except OSError:
                inner.close()
                return
            sides = _Side(inner), _Side(outer)
            sides[0].peer, sides[1].peer = sides[1], sides[0]
            for side in sides:
                side.socket.setblocking(False)
                side.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._selector.register(side.socket, selectors.EVENT_READ, side)
            self._connections += 1

    def _serve(self, side: _Side, events: int) -> None:
        assert side.peer is not None
        if side.socket.fileno() == -1:
            return  # dropped with its peer in the same round
        try:
            if events & selectors.EVENT_READ and not side.ended:
                self._take(side)
            if events & selectors.EVENT_WRITE:
                self._send(side)
        except OSError:
            self._drop(side)
            return
        if side.told_end and side.peer.told_end:
            self._drop(side)
            return
        self._watch(side)
        self._watch(side.peer)

    def _take(self, side: _Side) -> None:
        assert side.peer is not None
        with contextlib.suppress(BlockingIOError):
            data = side.socket.recv(CHUNK)
            side.ended = not data
            side.peer.waiting += data
            self._send(side.peer)

    def _send(self, side: _Side) -> None:
        assert side.peer is not None
        with contextlib.suppress(BlockingIOError):
            while side.waiting:
                del side.waiting[: side.socket.send(side.waiting[:CHUNK])]
        if side.peer.ended and not side.waiting and not side.told_end:
            side.told_end = True
            with contextlib.suppress(OSError):
                side.socket.shutdown(socket.SHUT_WR)

    def _watch(self, side: _Side) -> None:
        """Reads while the other side keeps up, writes while something waits."""
        assert side.peer is not None
        reads = not side.ended and len(side.peer.waiting) < MOST_WAITING
        wanted = selectors.EVENT_READ * reads | (selectors.EVENT_WRITE if side.waiting else 0)
        registered = side.socket in self._selector.get_map()
        if wanted and registered:
            self._selector.modify(side.socket, wanted, side)
        elif wanted:
            self._selector.register(side.socket, wanted, side)
        elif registered:
            self._selector.unregister(side.socket)

    def _drop(self, side: _Side) -> None:
        assert side.peer is not None
        self._connections -= 1
        for each in (side, side.peer):
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(each.socket)
            each.socket.close()
