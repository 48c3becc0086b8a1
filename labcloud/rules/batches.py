"""Messages of an HTTP action that wait for others to share a request with. Pure: it is told the time.

Source: AWS IoT Core Developer Guide, "Batching HTTP action messages": a batch is sent when the first limit is reached.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class BatchLimits:
    """When a batch is full, and how long it stays open."""

    open_ms: int = 20
    messages: int = 10
    size_bytes: int = 5120
    across_topics: bool = False


@dataclass
class Batch(Generic[T]):
    """What has gathered so far."""

    due_s: float
    entries: list[T] = field(default_factory=list)
    size: int = 2
    """Bytes of the JSON array."""


class Batches(Generic[T]):
    """Open batches by what may share a request. Not thread-safe."""

    def __init__(self) -> None:
        self._open: dict[Hashable, Batch[T]] = {}

    def add(self, key: Hashable, entry: T, size: int, limits: BatchLimits, now_s: float) -> list[list[T]]:
        """Adds an entry; gives the batches that are full now, which are no longer open."""
        ready = []
        batch = self._open.get(key)
        if batch is not None and batch.size + size + 1 > limits.size_bytes:
            ready.append(self._open.pop(key).entries)
            batch = None
        if batch is None:
            batch = self._open[key] = Batch(now_s + limits.open_ms / 1000)
        batch.size += size + (1 if batch.entries else 0)
        batch.entries.append(entry)
        if len(batch.entries) >= limits.messages or batch.size >= limits.size_bytes:
            ready.append(self._open.pop(key).entries)
        return ready

    def due(self, now_s: float) -> list[list[T]]:
        """The batches whose time is over."""
        keys = [key for key, batch in self._open.items() if batch.due_s <= now_s]
        return [self._open.pop(key).entries for key in keys]

    def all(self) -> list[list[T]]:
        """Every open batch, due or not."""
        return self.due(float("inf"))

    def next_due_s(self) -> float | None:
        """When the next batch's time is over."""
        return min((batch.due_s for batch in self._open.values()), default=None)
