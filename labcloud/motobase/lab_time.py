"""The lab's time for what moto stamps: most of its services know real time only."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

_now: Callable[[], float] = time.time


def use(now: Callable[[], float]) -> None:
    """`now` is the lab clock, in epoch seconds."""
    global _now
    _now = now


def now() -> float:
    """Epoch seconds of the lab clock."""
    return _now()


def utcnow() -> datetime:
    """Lab time as moto's own function of this name gives it: without a zone."""
    return datetime.fromtimestamp(_now(), UTC).replace(tzinfo=None)
