"""PutEvents and TestEventPattern: events meet the rules of their bus. moto keeps buses, rules and targets.

Source: EventBridge API Reference, PutEvents, PutEventsRequestEntry, PutEventsResultEntry.
"""

from __future__ import annotations

import contextvars
import functools
import json
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from labcloud.api import ApiRequest, Operation, Scope
from labcloud.errors import AwsError
from labcloud.events.delivery import Delivery
from labcloud.events.pattern import EventPattern
from labcloud.motobase.event_rules import EventRule, rules_of_bus

MOST_ENTRIES = 10
LARGEST_REQUEST = 262_144
REQUIRED = ("Source", "DetailType", "Detail")

DEEPEST = 5
_depth: contextvars.ContextVar[int] = contextvars.ContextVar("events from bus to bus", default=0)

pattern_of = functools.lru_cache(1024)(EventPattern)


class EventBus:
    """The service `events`, as far as events are concerned."""

    name = "events"

    def __init__(self, now: Callable[[], float], delivery: Delivery, begin_trace: Callable[..., None]) -> None:
        self._now = now
        self._delivery = delivery
        self._begin_trace = begin_trace
        self.operations: Mapping[str, Operation] = {
            "PutEvents": self.put_events,
            "TestEventPattern": self.test_event_pattern,
        }

    def put_events(self, request: ApiRequest) -> dict[str, Any]:
        """PutEvents: each entry succeeds or fails by itself."""
        entries = request.parameters.get("Entries") or []
        if not 1 <= len(entries) <= MOST_ENTRIES:
            raise AwsError(
                f"1 validation error detected: Value '[PutEventsRequestEntry]' at 'entries' failed to satisfy "
                f"constraint: Member must have length between 1 and {MOST_ENTRIES}",
                code="ValidationException",
            )
        if sum(map(size_of, entries)) > LARGEST_REQUEST:
            raise AwsError("Total size of the entries in the request is over the limit.", code="ValidationException")
        answers = [self._take(request.scope, entry) for entry in entries]
        return {"Entries": answers, "FailedEntryCount": sum("ErrorCode" in answer for answer in answers)}

    def test_event_pattern(self, request: ApiRequest) -> dict[str, Any]:
        """TestEventPattern."""
        try:
            event = json.loads(request.parameters["Event"])
        except ValueError as error:
            raise AwsError(f"Parameter Event is not valid: {error}", code="ValidationException") from error
        needed = ("id", "account", "source", "time", "region", "resources", "detail-type")
        if not isinstance(event, dict) or any(name not in event for name in needed):
            raise AwsError(f"Parameter Event is not valid: it has {', '.join(needed)}", code="ValidationException")
        return {"Result": EventPattern(request.parameters["EventPattern"]).matches(event)}

    def put(self, scope: Scope, entry: Mapping[str, Any]) -> None:
        """One event from within the cloud, of any source. Raises AwsError, also for rules that lead in a circle."""
        depth = _depth.get()
        if depth >= DEEPEST:
            raise AwsError("Events went from bus to bus too often: do rules lead in a circle?", code="LoopDetected")
        token = _depth.set(depth + 1)
        try:
            answer = self._take(scope, entry, trusted=True)
        finally:
            _depth.reset(token)
        if "ErrorCode" in answer:
            raise AwsError(answer["ErrorMessage"], code=answer["ErrorCode"])

    def offer(self, scope: Scope, rule: EventRule, event: dict[str, Any]) -> None:
        """An event of an AWS service for one rule: delivered if the rule matches."""
        if isinstance(event.get("time"), int | float):
            event["time"] = _instant(self._now())
        event.pop("ingestion-time", None)
        event["id"] = event.get("id") or str(uuid.uuid4())
        self._match(scope, [rule], event)

    def _take(self, scope: Scope, entry: Mapping[str, Any], *, trusted: bool = False) -> dict[str, Any]:
        for name in REQUIRED:
            if not entry.get(name):
                return _failed(
                    "InvalidArgument", f"Parameter {name} is not valid. Reason: {name} is a required argument."
                )
        if entry["Source"].startswith("aws.") and not trusted:
            return _failed("NotAuthorizedForSourceException", "Not authorized for the source.")
        try:
            detail = json.loads(entry["Detail"])
        except ValueError:
            detail = None
        if not isinstance(detail, dict):
            return _failed("MalformedDetail", "Detail is malformed.")
        rules = rules_of_bus(scope.account_id, scope.region, bus_name(entry.get("EventBusName")))
        if rules is None:
            return _failed("ResourceNotFoundException", f"Event bus {bus_name(entry['EventBusName'])} does not exist.")
        event = self._event(scope, entry, detail)
        self._match(scope, rules, event)
        return {"EventId": event["id"]}

    def _match(self, scope: Scope, rules: list[EventRule], event: dict[str, Any]) -> None:
        matching = [rule for rule in rules if rule.enabled and rule.pattern and pattern_of(rule.pattern).matches(event)]
        if matching:
            self._begin_trace(event["id"], f"events/{event['source']}", self._now())
        for rule in matching:
            self._delivery.deliver(scope, rule, event, event["id"])

    def _event(self, scope: Scope, entry: Mapping[str, Any], detail: dict[str, Any]) -> dict[str, Any]:
        given = entry.get("Time")
        when_s = given.timestamp() if isinstance(given, datetime) else self._now()
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": entry["DetailType"],
            "source": entry["Source"],
            "account": scope.account_id,
            "time": _instant(when_s),
            "region": scope.region,
            "resources": list(entry.get("Resources") or ()),
            "detail": detail,
        }


def bus_name(written: str | None) -> str:
    """A bus by its name or its ARN."""
    return (written or "default").rpartition("event-bus/")[2]


def size_of(entry: Mapping[str, Any]) -> int:
    """Source: User Guide, "Calculating PutEvents event entry size"."""
    texts = [entry.get(name) or "" for name in REQUIRED] + list(entry.get("Resources") or ())
    return (14 if entry.get("Time") else 0) + sum(len(str(text).encode()) for text in texts)


def _failed(code: str, message: str) -> dict[str, Any]:
    return {"ErrorCode": code, "ErrorMessage": message}


def _instant(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
