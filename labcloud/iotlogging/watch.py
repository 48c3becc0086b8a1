"""Listens to messages and to the rules' trace, and hands on what is to be logged and counted. Quick when nothing is.

It stands between the rules and the trace: every `note` goes to the trace first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from labcloud.api import Scope
from labcloud.iotlogging.entries import LIFECYCLE, Subject, lifecycle_entries, publish_entry, rule_entry
from labcloud.mqtt import Message

REMEMBERED = 10_000
"""Messages whose subject is known for the notes that follow; rules come soon after their message."""

Log = Callable[[Scope, str, Mapping[str, Any]], None]
"""log(scope, trace id, entry)"""

Count = Callable[[Scope, str, Mapping[str, str]], None]
"""count(scope, metric, dimensions)"""

_METRICS = {"Connect": "Connect.Success", "Subscribe": "Subscribe.Success", "Unsubscribe": "Unsubscribe.Success"}


class Trace(Protocol):
    """The lab's own trace."""

    def note(self, trace_id: str, text: str, **facts: Any) -> None: ...


class IotWatch:
    """`log` and `count` are called for what happens; `is_logged` says whether an account and region logs at all."""

    def __init__(self, trace: Trace, log: Log, count: Count, is_logged: Callable[[Scope], bool]) -> None:
        self._trace = trace
        self._log = log
        self._count = count
        self._is_logged = is_logged
        self._subjects: OrderedDict[str, Subject] = OrderedDict()

    def message_accepted(self, message: Message) -> None:
        """The broker took a message, from a client or from itself."""
        subject = _subject_of(message)
        self._subjects[message.trace_id] = subject
        if len(self._subjects) > REMEMBERED:
            self._subjects.popitem(last=False)
        if message.topic.startswith(LIFECYCLE):
            self._lifecycle(subject, message.payload)
            return
        self._count(subject.scope, "PublishIn.Success", {"Protocol": subject.protocol})
        if self._is_logged(subject.scope):
            self._log(subject.scope, subject.trace_id, publish_entry(subject))

    def note(self, trace_id: str, text: str, **facts: Any) -> None:
        """A step of a rule."""
        self._trace.note(trace_id, text, **facts)
        subject = self._subjects.get(trace_id)
        if subject is None or "rule" not in facts:
            return
        self._count_rule(subject.scope, facts)
        if self._is_logged(subject.scope) and (entry := rule_entry(subject, text, facts)):
            self._log(subject.scope, trace_id, entry)

    def _lifecycle(self, subject: Subject, payload: bytes) -> None:
        for entry in lifecycle_entries(subject, payload):
            if entry["status"] == "Failure":
                self._count(subject.scope, "Connect.AuthError", {"Protocol": "MQTT"})
            elif entry["eventType"] in _METRICS:
                self._count(subject.scope, _METRICS[entry["eventType"]], {"Protocol": "MQTT"})
            if self._is_logged(subject.scope):
                self._log(subject.scope, subject.trace_id, entry)

    def _count_rule(self, scope: Scope, facts: Mapping[str, Any]) -> None:
        rule = {"RuleName": str(facts["rule"])}
        if facts.get("matched"):
            self._count(scope, "TopicMatch", rule)
        if facts.get("fired"):
            self._count(scope, "RulesExecuted", {})
        if "action" in facts and (facts.get("delivered") or facts.get("refused")):
            metric = "Success" if facts.get("delivered") else "Failure"
            self._count(scope, metric, {**rule, "ActionType": str(facts["action"]).removesuffix("Action")})


def _subject_of(message: Message) -> Subject:
    return Subject(
        Scope(message.account_id, message.region),
        message.trace_id,
        message.topic,
        message.client_id,
        message.principal.id if message.principal else None,
        message.source_ip or None,
        "MQTT" if message.client_id is not None else "HTTP",
    )
