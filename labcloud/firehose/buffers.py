"""What has arrived and is not delivered yet, stream by stream. Pure: told the time, it says what is due."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labcloud.api import Scope
from labcloud.firehose.objects import Record

StreamKey = tuple[Scope, str]


@dataclass
class Buffer:
    """The records of one stream since its last delivery."""

    records: list[Record] = field(default_factory=list)
    size: int = 0

    def add(self, records: Sequence[Record]) -> None:
        self.records += records
        self.size += sum(len(record.data) for record in records)


class Buffers:
    """Every stream's buffer. Not thread-safe by itself."""

    def __init__(self) -> None:
        self._buffers: dict[StreamKey, Buffer] = {}

    def add(self, key: StreamKey, records: Sequence[Record]) -> Buffer:
        """Appends records; gives the stream's buffer."""
        buffer = self._buffers.setdefault(key, Buffer())
        buffer.add(records)
        return buffer

    def take(self, key: StreamKey) -> list[Record]:
        """Empties a stream's buffer."""
        buffer = self._buffers.pop(key, None)
        return buffer.records if buffer else []

    def waiting(self) -> list[StreamKey]:
        """The streams that have something to deliver."""
        return list(self._buffers)

    def first_arrival_ms(self, key: StreamKey) -> int | None:
        """When the oldest waiting record of a stream arrived."""
        buffer = self._buffers.get(key)
        return buffer.records[0].arrived_ms if buffer else None

    def state(self) -> list[dict[str, Any]]:
        """What must survive a restart, as JSON."""
        return [
            {
                "scope": [scope.account_id, scope.region],
                "stream": name,
                "records": [[base64.b64encode(r.data).decode(), r.arrived_ms] for r in buffer.records],
            }
            for (scope, name), buffer in self._buffers.items()
        ]

    def restore(self, state: Iterable[Mapping[str, Any]]) -> None:
        """Takes over what `state` gave."""
        for entry in state:
            records = [Record(base64.b64decode(data), arrived_ms) for data, arrived_ms in entry["records"]]
            self.add((Scope(*entry["scope"]), entry["stream"]), records)
