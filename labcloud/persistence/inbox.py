"""Acknowledged messages whose rules have not been carried out yet: after a crash they go through their rules again.

So an action may be done twice, never not at all: AWS IoT promises no more for a QoS 1 message.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import replace

from labcloud.api import Scope
from labcloud.iotsql import Message
from labcloud.persistence.pickles import dumps
from labcloud.persistence.state import Persistence

SPACE = "inbox"


class Inbox:
    """The dispatcher's Pending. Rows are written with the acknowledgements of the broker's turn."""

    def __init__(self, kept: Persistence) -> None:
        self._kept = kept
        self._numbers = itertools.count(time.time_ns())
        self._held: dict[str, tuple[Scope, Message]] = {}

    def begin(self, scope: Scope, message: Message) -> str:
        """A message's rules are about to be carried out; gives the name under which `done` ends it."""
        name = f"{next(self._numbers):020d}"
        self._held[name] = scope, message
        self._kept.mark(SPACE, name, lambda: self._row(name))
        return name

    def done(self, name: str) -> None:
        """Everything that the message's rules wanted was tried."""
        self._held.pop(name, None)
        self._kept.mark(SPACE, name, lambda: self._row(name))

    def resume(self, submit: Callable[[Scope, Message], None]) -> None:
        """Hands over what an earlier process did not finish, in the old order."""
        for name, (scope, message) in self._kept.rows(SPACE):
            submit(scope, message)
            self.done(name)
        self._kept.commit()

    def _row(self, name: str) -> bytes | None:
        held = self._held.get(name)
        if held is None:
            return None
        scope, message = held
        return dumps((scope, replace(message)))  # without what it has parsed
