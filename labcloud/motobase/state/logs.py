"""CloudWatch Logs events, each a row, and the counters of their stream. Written against moto 5.2.5."""

from __future__ import annotations

from typing import Any

from moto.logs.models import LogEvent, LogStream

from labcloud.motobase.state.parts import KINDS, Kind, around, changed

COUNTERS = -1
"""The key of the stream's counters, which change with every event."""


def install() -> None:
    """Puts the hook in place."""
    KINDS[LogStream] = Kind(
        {"events": lambda stream: []},
        lambda stream: range(COUNTERS, len(stream.events)),
        _read,
        _fill,
        lambda index: f"{index:012d}",
    )
    around(LogStream, "put_log_events", _after_put)


def _after_put(call: Any, stream: LogStream, log_events: list[dict[str, Any]]) -> str:
    before = len(stream.events)
    token = call(stream, log_events)
    changed(stream, COUNTERS, *range(before, len(stream.events)))
    return token


def _read(stream: LogStream, index: int) -> Any:
    if index == COUNTERS:
        return stream.upload_sequence_token, stream.last_ingestion_time, stream.stored_bytes
    return stream.events[index] if index < len(stream.events) else None


def _fill(stream: LogStream, rows: list[Any]) -> None:
    counters = [row for row in rows if isinstance(row, tuple)]
    stream.events = [row for row in rows if isinstance(row, LogEvent)]
    for stream.upload_sequence_token, stream.last_ingestion_time, stream.stored_bytes in counters:
        break
    if stream.events:
        LogEvent._event_id = max(LogEvent._event_id, *(event.event_id + 1 for event in stream.events))
