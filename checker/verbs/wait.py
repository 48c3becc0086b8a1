"""Waiting with a deadline: the only place where a verb lets time pass."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def poll(look: Callable[[], T], *, within_s: float, until: Callable[[T], object] = bool, every_s: float = 0.05) -> T:
    """Looks until `until` holds of what it sees or the deadline is over; returns what it saw last."""
    deadline = time.monotonic() + within_s
    while True:
        seen = look()
        if until(seen) or time.monotonic() > deadline:
            return seen
        time.sleep(every_s)
        every_s = min(every_s * 1.5, 1.0)
