"""Keeps what was read elsewhere for some time, by a clock that is given."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

Read = TypeVar("Read")

MOST_KEPT = 1000


class Remembered:
    """Reads once, then answers from memory for `seconds`. A reading that raises is not kept."""

    def __init__(self, now: Callable[[], float], seconds: float) -> None:
        self._now = now
        self._seconds = seconds
        self._kept: dict[Hashable, tuple[float, object]] = {}

    def get(self, key: Hashable, read: Callable[[], Read]) -> Read:
        """What `read` answers, or has answered under this key not long ago."""
        now = self._now()
        read_at, value = self._kept.get(key, (None, None))
        if read_at is None or not 0 <= now - read_at < self._seconds:
            value = read()
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[key] = now, value
        return value  # type: ignore[return-value]
