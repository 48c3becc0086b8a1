"""Joins the broker with the rules: every accepted message goes to the engine, its runs to the dispatcher."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable

from labcloud.api import Scope
from labcloud.iotlogging import IotWatch
from labcloud.iotsql import Message as SqlMessage
from labcloud.mqtt import BasicIngest, Message, MessageProperties, ShadowRequest
from labcloud.rules.dispatcher import Dispatcher
from labcloud.shadows import Shadows
from labcloud.trace import Trace

_NO_PROPERTIES = MessageProperties()


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


class MessageRouter:
    """The broker's Listener and ReservedTopics. Runs in the broker's thread; deliveries run elsewhere."""

    def __init__(self, dispatcher: Dispatcher, shadows: Shadows, trace: Trace, watch: IotWatch) -> None:
        self._dispatcher = dispatcher
        self._shadows = shadows
        self._trace = trace
        self._watch = watch

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
        self._shadows.request(scope, *asked, message.payload, message.client_id)

    def _evaluate(self, message: Message) -> None:
        self._watch.message_accepted(message)
        scope = Scope(message.origin.account_id, message.origin.region)
        if self._dispatcher.has_rules(scope):
            self._dispatcher.submit(scope, sql_message(message), keep=message.qos > 0)


def sql_message(message: Message) -> SqlMessage:
    """The broker's message as IoT SQL sees it."""
    properties, origin = message.properties or _NO_PROPERTIES, message.origin
    return SqlMessage(
        topic=message.topic,
        payload=message.payload,
        timestamp_ms=int(message.accepted_at * 1000),
        client_id=origin.client_id,
        principal=origin.principal.id if origin.principal else None,
        source_ip=origin.source_ip or None,
        trace_id=message.trace_id,
        protocol="mqtt" if origin.client_id is not None else "http",
        content_type=properties.content_type,
        response_topic=properties.response_topic,
        correlation_data=properties.correlation_data,
        format_indicator=properties.payload_format_indicator,
        user_properties=properties.user_properties,
    )
