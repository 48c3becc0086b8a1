"""The way of each message, step by step, in words: what `lab trace` shows and what a check's "because" says. Bounded."""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

KEPT_MESSAGES = 5_000
KEPT_STEPS = 100


@dataclass(slots=True)
class MessageTrace:
    """One message's way. `number` grows by one a message; `at` is lab time in epoch seconds."""

    number: int
    trace_id: str
    topic: str
    at: float
    client_id: str | None
    steps: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """(text, facts); put together only for those who ask, since most messages nobody asks about."""

    def as_dict(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "trace_id": self.trace_id,
            "topic": self.topic,
            "at": self.at,
            "client_id": self.client_id,
            "steps": [{"text": text, **facts} for text, facts in list(self.steps)],
        }


class Trace:
    """Keeps the latest KEPT_MESSAGES messages with up to KEPT_STEPS steps each. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._messages: OrderedDict[str, MessageTrace] = OrderedDict()

    def begin(self, trace_id: str, topic: str, at: float, client_id: str | None = None) -> None:
        """Opens the trace of a message."""
        with self._lock:
            self._messages[trace_id] = MessageTrace(next(self._numbers), trace_id, topic, at, client_id)
            while len(self._messages) > KEPT_MESSAGES:
                self._messages.popitem(last=False)

    def name(self, trace_id: str, topic: str, client_id: str | None) -> None:
        """Fills in what was not known yet when the trace was begun."""
        message = self._messages.get(trace_id)
        if message is not None:
            message.topic, message.client_id = topic, client_id

    def note(self, trace_id: str, text: str, **facts: Any) -> None:
        """Adds a step to a message's trace; `facts` are for programs (rule=…, refused=True, missing="iot:Publish")."""
        message = self._messages.get(trace_id)
        if message is not None and len(message.steps) < KEPT_STEPS:
            message.steps.append((text, facts))

    def of(self, trace_id: str) -> dict[str, Any] | None:
        """One message's trace."""
        message = self._messages.get(trace_id)
        return message.as_dict() if message else None

    def latest(self, *, topic: str | None = None, after: int = 0, limit: int = 100) -> list[dict[str, Any]]:
        """The traces with a number above `after`, oldest first, at most the `limit` newest of them."""
        with self._lock:
            kept = list(self._messages.values())
        found = [message for message in kept if message.number > after and topic in (None, message.topic)]
        return [message.as_dict() for message in found[-limit:]]
