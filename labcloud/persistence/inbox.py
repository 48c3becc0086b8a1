"""Acknowledged work that is not done yet: after a crash it is begun again.

So it may be done twice, never not at all. AWS promises no more for the rules of a QoS 1 message, nor for an
asynchronous invocation.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from labcloud.api import Scope
from labcloud.persistence.pickles import dumps
from labcloud.persistence.state import Persistence

if TYPE_CHECKING:
    from labcloud.iotsql import Message


class Inbox:
    """One kind of work; each piece is a row from `begin` to `done`."""

    def __init__(self, kept: Persistence, space: str) -> None:
        self._kept = kept
        self._space = space
        self._numbers = itertools.count(time.time_ns())
        self._held: dict[str, tuple[Any, ...]] = {}

    def begin(self, *work: Any) -> str:
        """Work was taken on; gives the name under which `done` ends it."""
        name = f"{next(self._numbers):020d}"
        self._held[name] = work
        self._kept.mark(self._space, name, lambda: self._row(name))
        return name

    def done(self, name: str) -> None:
        """All that was wanted was tried."""
        self._held.pop(name, None)
        self._kept.mark(self._space, name, lambda: self._row(name))

    def resume(self, again: Callable[..., None]) -> None:
        """Hands over what an earlier process did not finish, in the old order."""
        for name, work in self._kept.rows(self._space):
            again(*work)
            self.done(name)
        self._kept.commit()

    def _row(self, name: str) -> bytes | None:
        held = self._held.get(name)
        return None if held is None else dumps(held)


class MessageInbox(Inbox):
    """Messages whose rules are carried out: the rules' Pending. Those of one turn are one piece of work."""

    def begin(self, scope: Scope, messages: Sequence[Message]) -> str:
        return super().begin(scope, tuple(messages))
