"""How much of requests' bodies the server holds: each request has its limit, all together have one.

A body beyond it is read and forgotten, so that the client can send it to the end and read why it was refused.
"""

from __future__ import annotations

from collections.abc import Callable

from labcloud.shell.http_environ import Incoming

LARGEST_BODY = 512 * 1024 * 1024
MOST_BYTES = 1024 * 1024 * 1024
"""Bytes of one body, where the service says nothing else, and of all that are held at a time."""

ALWAYS_ALLOWED = 64 * 1024

Limit = Callable[[Incoming], int]
"""The largest body that a request may have, by its head."""


class Bodies:
    """Used in the event loop's thread only."""

    def __init__(self, limit: Limit | None = None, most_bytes: int = MOST_BYTES) -> None:
        self._limit = limit
        self._most_bytes = most_bytes
        self.held = 0

    def admit(self, incoming: Incoming) -> None:
        """The head is there: how large may the body be, and how large does it say that it is?"""
        declared = incoming.header("content-length")
        size = int(declared) if declared.isdigit() else None
        if size is not None and size <= ALWAYS_ALLOWED:
            incoming.largest = size
            return
        incoming.largest = self._limit(incoming) if self._limit else LARGEST_BODY
        if size is not None and size > incoming.largest:
            self._refuse_size(incoming)

    def add(self, incoming: Incoming, piece: bytes) -> None:
        if incoming.refused:
            return
        if incoming.size + len(piece) > incoming.largest:
            self._refuse_size(incoming)
        elif self.held + len(piece) > self._most_bytes:
            self._refuse(incoming, 503, f"Requests of more than {self._most_bytes} bytes are being received already.")
        else:
            self.held += len(piece)
            incoming.add_body(piece)

    def release(self, incoming: Incoming) -> None:
        """Its body is not needed any more."""
        self.held -= incoming.size
        incoming.forget_body()

    def _refuse_size(self, incoming: Incoming) -> None:
        self._refuse(incoming, 413, f"The request's body has more than {incoming.largest} bytes.")

    def _refuse(self, incoming: Incoming, status: int, text: str) -> None:
        self.release(incoming)
        incoming.refused = (status, text)
