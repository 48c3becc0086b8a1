"""What becomes of the messages that the broker accepts: traced, counted, and given to the topic rules."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable
from typing import Protocol

from labcloud.api import Scope
from labcloud.iotlogging import IotWatch
from labcloud.mqtt import BasicIngest, Message, ShadowRequest
from labcloud.shadows import Shadows
from labcloud.trace import Trace

_PROCESS = uuid.uuid4().hex[:20]
_NUMBERS = itertools.count(1)


def new_trace_id() -> str:
    """In the form of a UUID: random for the process, then counted, as drawing each would cost as much as a message."""
    return f"{_PROCESS[:8]}-{_PROCESS[8:12]}-{_PROCESS[12:16]}-{_PROCESS[16:]}-{next(_NUMBERS):012x}"


class BrokerTrace:
    """The broker's view of the trace; the topic is filled in when a message is accepted."""

    def __init__(self, trace: Trace, now: Callable[[], float]) -> None:
        self._trace = trace
        self._now = now

    def begin(self) -> str:
        trace_id = new_trace_id()
        self._trace.begin(trace_id, "", self._now())
        return trace_id

    def note(self, trace_id: str, text: str) -> None:
        self._trace.note(trace_id, text)


class Rules(Protocol):
    """The topic rules."""

    def take(self, message: Message) -> None: ...


class MessageRouter:
    """The broker's Listener and ReservedTopics. Runs in the broker's thread; deliveries run elsewhere."""

    def __init__(self, shadows: Callable[[], Shadows], trace: Trace, watch: IotWatch) -> None:
        self._shadows = shadows
        self._trace = trace
        self._watch = watch
        self.rules: Rules | None = None
        """None as long as nobody has made a rule."""

    def message_published(self, message: Message) -> None:
        """Evaluates the rules of the message's account and region."""
        self._trace.name(message.trace_id, message.topic, message.client_id)
        self._evaluate(message)

    def basic_ingest(self, message: Message, request: BasicIngest) -> None:
        """Evaluates only the rule that the topic names."""
        self._trace.name(message.trace_id, message.topic, message.client_id)
        self._evaluate(message)

    def shadow_request(self, message: Message, request: ShadowRequest) -> None:
        """A get, update or delete of a shadow; its answers are published after this message is through."""
        scope = Scope(message.account_id, message.region)
        asked = request.thing, request.shadow, request.operation
        self._shadows().request(scope, *asked, message.payload, message.client_id)

    def _evaluate(self, message: Message) -> None:
        self._watch.message_accepted(message)
        if self.rules is not None:
            self.rules.take(message)
