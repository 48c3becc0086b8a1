"""The way of each message, step by step, in words: what `lab trace` shows and what a check's "because" says. Bounded.

Writing a step down must be cheap, for nobody asks about most messages: texts are put together when they are read.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Mapping
from typing import Any

KEPT_MESSAGES = 5_000
KEPT_STEPS = 100

Facts = Mapping[str, Any]
Written = tuple[str, tuple[object, ...], Facts]
"""A text with %-places, what goes into them, and facts for programs (rule=…, refused=True, missing="iot:Publish")."""

NO_FACTS: Facts = {}


class Step:
    """One kind of step, made once for many messages; its texts' places differ from message to message."""

    __slots__ = ("text", "facts")

    def __init__(self, text: str, **facts: Any) -> None:
        self.text = text
        self.facts: Facts = facts


class MessageTrace:
    """One message's way. `number` grows by one a message; `at` is lab time in epoch seconds."""

    __slots__ = ("number", "trace_id", "topic", "at", "client_id", "steps")

    def __init__(self, number: int, trace_id: str, topic: str, at: float, client_id: str | None) -> None:
        self.number = number
        self.trace_id = trace_id
        self.topic = topic
        self.at = at
        self.client_id = client_id
        self.steps: list[Written] = []

    def as_dict(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "trace_id": self.trace_id,
            "topic": self.topic,
            "at": self.at,
            "client_id": self.client_id,
            "steps": [{"text": render_text(text, arguments), **facts} for text, arguments, facts in list(self.steps)],
        }


def render_text(text: str, arguments: tuple[object, ...]) -> str:
    """A step's text; without arguments a percent sign is only that."""
    return text % arguments if arguments else text


class Trace:
    """Keeps the latest KEPT_MESSAGES messages with up to KEPT_STEPS steps each. Thread-safe: each change is one step."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._messages: dict[str, MessageTrace] = {}
        self._order: deque[str] = deque()

    def begin(self, trace_id: str, topic: str, at: float, client_id: str | None = None) -> None:
        """Opens the trace of a message."""
        self._messages[trace_id] = MessageTrace(next(self._numbers), trace_id, topic, at, client_id)
        order = self._order
        order.append(trace_id)
        if len(order) > KEPT_MESSAGES:
            self._messages.pop(order.popleft(), None)

    def add(self, trace_id: str, text: str, arguments: tuple[object, ...] = (), facts: Facts = NO_FACTS) -> None:
        """Adds a step to a message's trace. Arguments must not change any more, and are kept: let them be small."""
        message = self._messages.get(trace_id)
        if message is not None and len(message.steps) < KEPT_STEPS:
            message.steps.append((text, arguments, facts))

    def note(self, trace_id: str, text: str, **facts: Any) -> None:
        """Adds a step whose text is ready."""
        self.add(trace_id, text, (), facts)

    def knows(self, trace_id: str) -> bool:
        """Whether a trace of that id was begun and is still kept."""
        return trace_id in self._messages

    def of(self, trace_id: str) -> dict[str, Any] | None:
        """One message's trace."""
        message = self._messages.get(trace_id)
        return message.as_dict() if message else None

    def latest(self, *, topic: str | None = None, after: int = 0, limit: int = 100) -> list[dict[str, Any]]:
        """The traces with a number above `after`, oldest first, at most the `limit` newest of them."""
        found = [one for one in list(self._messages.values()) if one.number > after and topic in (None, one.topic)]
        return [message.as_dict() for message in found[-limit:]]
