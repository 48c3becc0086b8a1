"""Which log events a group takes, and which of them it still shows, on moto 5.2.5.

moto 5.2.5 keeps a group's retention and never acts on it, counts in real time, tells wrong indexes of rejected events and
loses its place in a stream whose first events go. Sources: CloudWatch Logs API Reference, PutLogEvents, GetLogEvents;
User Guide, "Change log data retention": events past it are not read any more and are deleted up to 72 hours later, so a
longer retention shows them again. Here they stay in memory.
"""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from operator import attrgetter
from types import ModuleType
from typing import Any

from moto.logs import models
from moto.logs.exceptions import InvalidParameterException, ResourceNotFoundException
from moto.logs.models import LogEvent, LogGroup, LogsBackend, LogStream

from labcloud.motobase import hooks, lab_time

MODELS: ModuleType = models
DAY_MS = 86_400_000
TAKEN_AFTER_MS, TAKEN_BEFORE_MS = 14 * DAY_MS, 2 * 3_600_000
"""How old, and how far in the future, an event may be that is put."""
MOST_EVENTS = 10_000
"""Of one page, if the reader does not say."""

_stamp = attrgetter("timestamp")


def install() -> None:
    """Puts the hooks in place."""
    if hooks.first_time(__name__):
        hooks.replace(MODELS, "utcnow", lab_time.utcnow)
        hooks.replace(LogsBackend, "put_log_events", put_log_events)
        hooks.replace(LogStream, "get_log_events", get_log_events)
        hooks.replace(LogStream, "filter_log_events", filter_log_events)
        hooks.replace(LogStream, "to_describe_dict", to_describe_dict)


def kept_since_ms(group: LogGroup) -> int:
    """Older events of the group are not read any more; 0 where they are kept for ever."""
    days = int(group.retention_in_days or 0)
    return int(lab_time.now() * 1000) - days * DAY_MS if days else 0


def put_log_events(
    self: LogsBackend, log_group_name: str, log_stream_name: str, log_events: list[dict[str, Any]]
) -> tuple[str, Mapping[str, int]]:
    """Takes what is neither too old nor too new by both clocks: programs beside the lab stamp in real time."""
    group = self.groups.get(log_group_name)
    if group is None:
        raise ResourceNotFoundException()
    stamps = [event["timestamp"] for event in log_events]
    if stamps != sorted(stamps):
        raise InvalidParameterException("Log events in a single PutLogEvents request must be in chronological order.")
    clocks = (lab_time.now() * 1000, time.time() * 1000)
    too_old = bisect_left(stamps, min(clocks) - TAKEN_AFTER_MS)
    expired = bisect_left(stamps, kept_since_ms(group))
    too_new = bisect_right(stamps, max(clocks) + TAKEN_BEFORE_MS)
    taken = slice(max(too_old, expired), too_new)
    if (valid := stamps[taken]) and valid[-1] - valid[0] > DAY_MS:
        raise InvalidParameterException(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
        )
    token = group.put_log_events(log_stream_name, log_events[taken])
    rejected = {"tooOldLogEventEndIndex": too_old, "expiredLogEventEndIndex": expired}
    told = {name: index for name, index in rejected.items() if index}
    return token, told | ({"tooNewLogEventStartIndex": too_new} if too_new < len(stamps) else {})


def get_log_events(
    self: LogStream,
    start_time: int | None,
    end_time: int | None,
    limit: int | None,
    next_token: str | None,
    start_from_head: bool,
) -> tuple[list[dict[str, Any]], str, str]:
    """A page and the tokens of its neighbours: places among all events, also those that are not shown any more."""
    events = _between(self.events, start_time, end_time)
    first, size = bisect_left(events, kept_since_ms(self.log_group), key=_stamp), limit or MOST_EVENTS
    direction, place = _place(next_token)
    if direction == "b" or (direction is None and not start_from_head):
        end = len(events) if direction is None else place
        start = max(end - size, first)
    else:
        start = max(place, first)
        end = min(start + size, len(events))
    page = [event.to_response_dict() for event in events[start:end]]
    return page, f"b/{min(start, end):056d}", f"f/{max(start, end):056d}"


def filter_log_events(
    self: LogStream, start_time: int | None, end_time: int | None, filter_pattern: str
) -> list[dict[str, Any]]:
    """Only what the group still shows."""
    start_time = max(start_time or 0, kept_since_ms(self.log_group))
    found: list[dict[str, Any]] = hooks.stock(LogStream, "filter_log_events")(
        self, start_time, end_time, filter_pattern
    )
    return found


def to_describe_dict(self: LogStream) -> dict[str, Any]:
    """The first and the last event are those that are still shown."""
    described: dict[str, Any] = hooks.stock(LogStream, "to_describe_dict")(self)
    stamps = [event.timestamp for event in self.events if event.timestamp >= kept_since_ms(self.log_group)]
    for name, choose in (("firstEventTimestamp", min), ("lastEventTimestamp", max)):
        described.pop(name, None)
        if stamps:
            described[name] = choose(stamps)
    return described


def _between(events: Sequence[LogEvent], start_ms: int | None, end_ms: int | None) -> list[LogEvent]:
    chosen = (e for e in events if (not start_ms or e.timestamp >= start_ms) and (not end_ms or e.timestamp < end_ms))
    return sorted(chosen, key=_stamp)


def _place(token: str | None) -> tuple[str | None, int]:
    if token is None:
        return None, 0
    direction, _, place = token.partition("/")
    if direction not in ("b", "f") or not place.isdecimal():
        raise InvalidParameterException("The specified nextToken is invalid.")
    return direction, int(place)
