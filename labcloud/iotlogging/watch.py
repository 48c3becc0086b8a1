"""Listens to messages and to the rules' steps, and hands on what is to be logged and counted. Quick when nothing is.

It stands between the rules and the trace: every step goes to the trace first. Steps are counted by their kind, and
become metrics at the end of a turn.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from labcloud.api import Scope
from labcloud.iotlogging.entries import LIFECYCLE, Subject, lifecycle_entries, publish_entry, rule_entry
from labcloud.mqtt import Message
from labcloud.trace import Step, render_text

REMEMBERED = 10_000
"""Messages whose subject is known for the steps that follow; rules come soon after their message."""

Log = Callable[[Scope, str, Mapping[str, Any]], None]
"""log(scope, trace id, entry)"""


class Count(Protocol):
    """Counts events of a metric."""

    def __call__(self, scope: Scope, metric: str, dimensions: Mapping[str, str], number: int = 1) -> None: ...


_METRICS = {"Connect": "Connect.Success", "Subscribe": "Subscribe.Success", "Unsubscribe": "Unsubscribe.Success"}


class Trace(Protocol):
    """The lab's own trace."""

    def add(self, trace_id: str, text: str, arguments: tuple[object, ...], facts: Mapping[str, Any]) -> None: ...


class IotWatch:
    """`log` and `count` are called for what happens; `is_logged` says whether an account and region logs at all."""

    def __init__(self, trace: Trace, log: Log, count: Count, is_logged: Callable[[Scope], bool]) -> None:
        self._trace = trace
        self._log = log
        self._count = count
        self._is_logged = is_logged
        self._subjects: OrderedDict[str, Subject] = OrderedDict()
        self._lock = threading.Lock()
        self._tally: dict[Step, tuple[Scope, int]] = {}

    def messages_accepted(self, scope: Scope, messages: Sequence[Message]) -> None:
        """The broker took messages, from clients or from itself."""
        logged = self._is_logged(scope)
        by_protocol = {"MQTT": 0, "HTTP": 0}
        for message in messages:
            if message.topic.startswith(LIFECYCLE):
                self._lifecycle(_subject_of(scope, message), message.payload)
                continue
            by_protocol["HTTP" if message.client_id is None else "MQTT"] += 1
            if logged:
                subject = self._remembered(_subject_of(scope, message))
                self._log(scope, subject.trace_id, publish_entry(subject))
        for protocol, number in by_protocol.items():
            if number:
                self._count(scope, "PublishIn.Success", {"Protocol": protocol}, number)

    def step(self, scope: Scope, trace_id: str, step: Step, *arguments: object) -> None:
        """A step of a rule."""
        self._trace.add(trace_id, step.text, arguments, step.facts)
        with self._lock:
            known = self._tally.get(step)
            self._tally[step] = scope, 1 if known is None else known[1] + 1
        if self._is_logged(scope):
            self._log_step(scope, trace_id, step, arguments)

    def count_steps(self) -> None:
        """Makes metrics of the steps since the last time."""
        if not self._tally:
            return
        with self._lock:
            tally, self._tally = self._tally, {}
        for step, (scope, number) in tally.items():
            for metric, dimensions in _metrics_of(step.facts):
                self._count(scope, metric, dimensions, number)

    def _log_step(self, scope: Scope, trace_id: str, step: Step, arguments: tuple[object, ...]) -> None:
        subject = self._subjects.get(trace_id)
        if subject and (entry := rule_entry(subject, render_text(step.text, arguments), step.facts)):
            self._log(scope, trace_id, entry)

    def _remembered(self, subject: Subject) -> Subject:
        self._subjects[subject.trace_id] = subject
        if len(self._subjects) > REMEMBERED:
            self._subjects.popitem(last=False)
        return subject

    def _lifecycle(self, subject: Subject, payload: bytes) -> None:
        for entry in lifecycle_entries(subject, payload):
            if entry["status"] == "Failure":
                self._count(subject.scope, "Connect.AuthError", {"Protocol": "MQTT"})
            elif entry["eventType"] in _METRICS:
                self._count(subject.scope, _METRICS[entry["eventType"]], {"Protocol": "MQTT"})
            if self._is_logged(subject.scope):
                self._log(subject.scope, subject.trace_id, entry)


def _metrics_of(facts: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """The metrics that a step counts for, with their dimensions."""
    rule = {"RuleName": str(facts["rule"])}
    if facts.get("matched"):
        yield "TopicMatch", rule
    if facts.get("fired"):
        yield "RulesExecuted", {}
    if "action" in facts and (facts.get("delivered") or facts.get("refused")):
        metric = "Success" if facts.get("delivered") else "Failure"
        yield metric, {**rule, "ActionType": str(facts["action"]).removesuffix("Action")}


def _subject_of(scope: Scope, message: Message) -> Subject:
    return Subject(
        scope,
        message.trace_id,
        message.topic,
        message.client_id,
        message.principal.id if message.principal else None,
        message.source_ip or None,
        "MQTT" if message.client_id is not None else "HTTP",
    )
