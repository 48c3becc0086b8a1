"""What goes by itself with time: items of DynamoDB tables with time to live, looked for each hour of the lab clock.

On AWS they go within a few days of their end.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

log = logging.getLogger("labcloud.expiry")

EVERY_S = 3600.0


class Clock(Protocol):
    """The lab clock, as far as it is needed here."""

    def now(self) -> float: ...

    def call_at(self, when_s: float, callback: Callable[[], None]) -> Any: ...


class Expiry:
    """`is_needed` says whether anything may expire; `remove` removes what is past at a lab time, and counts it."""

    def __init__(self, clock: Clock, is_needed: Callable[[], bool], remove: Callable[[float], int]) -> None:
        self._clock = clock
        self._is_needed = is_needed
        self._remove = remove
        self._lock = threading.Lock()
        self._timer: Any = None

    def reconcile(self) -> None:
        """Something may expire from now on, or nothing any more."""
        with self._lock:
            if self._timer is None and self._is_needed():
                self._timer = self._clock.call_at(self._clock.now() + EVERY_S, self._tick)

    def close(self) -> None:
        """Nothing more goes."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()

    def _tick(self) -> None:
        with suppress(RuntimeError):  # a table was changed meanwhile: the next look will see it
            if removed := self._remove(self._clock.now()):
                log.info("%d items have expired", removed)
        with self._lock:
            self._timer = None
        self.reconcile()
