"""What becomes of the messages that the broker accepts: traced, counted, and given to the topic rules.

Those of one turn of the broker's loop go to the rules together.
"""

from __future__ import annotations

import functools
import itertools
import uuid
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Protocol

from labcloud.api import Scope
from labcloud.iotlogging import IotWatch
from labcloud.mqtt import BasicIngest, Message, ShadowRequest
from labcloud.trace import Trace

if TYPE_CHECKING:
    from labcloud.shadows import Shadows

_PROCESS = str(uuid.uuid4())[:24]
_NUMBERS = itertools.count(1)


def new_trace_id() -> str:
    """In the form of a UUID: random for the process, then counted, as drawing each would cost as much as a message."""
    return f"{_PROCESS}{next(_NUMBERS):012x}"


class BrokerTrace:
    """The broker's view of the trace."""

    def __init__(self, trace: Trace, now: Callable[[], float]) -> None:
        self._begin = trace.begin
        self._now = now
        self.note = trace.add

    def begin(self, topic: str = "", client_id: str | None = None) -> str:
        trace_id = new_trace_id()
        self._begin(trace_id, topic, self._now(), client_id)
        return trace_id


class Rules(Protocol):
    """The topic rules."""

    def take(self, scope: Scope, messages: Sequence[Message]) -> None: ...

    def is_behind(self) -> bool: ...


class MessageRouter:
    """The broker's Listener and ReservedTopics. Runs in the broker's thread."""

    def __init__(self, shadows: Callable[[], Shadows], watch: IotWatch) -> None:
        self._shadows = shadows
        self._watch = watch
        self._accepted: list[Message] = []
        self.rules: Rules | None = None
        """None as long as nobody has made a rule."""

    def message_published(self, message: Message) -> None:
        """Its rules are evaluated at the end of the turn."""
        self._accepted.append(message)

    def basic_ingest(self, message: Message, request: BasicIngest) -> None:
        """The same: the rules see that only one of them is meant."""
        self._accepted.append(message)

    def shadow_request(self, message: Message, request: ShadowRequest) -> None:
        """A get, update or delete of a shadow; its answers are published after this message is through."""
        scope = Scope(message.account_id, message.region)
        asked = request.thing, request.shadow, request.operation
        self._shadows().request(scope, *asked, message.payload, message.client_id)

    def is_behind(self) -> bool:
        """Whether the rules have so much to do that clients should wait."""
        return self.rules is not None and self.rules.is_behind()

    def turn_over(self) -> None:
        """Before anything is acknowledged: what follows from the messages is done, or will be done after a crash too."""
        accepted, self._accepted = self._accepted, []
        for place, group in itertools.groupby(accepted, attrgetter("account_id", "region")):
            scope, messages = _scope(*place), list(group)
            self._watch.messages_accepted(scope, messages)
            if self.rules is not None:
                self.rules.take(scope, messages)


_scope = functools.cache(Scope)
"""One object a place: comparing it costs nothing."""
