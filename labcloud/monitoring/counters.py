"""Counts the events of AWS IoT minute by minute and puts them into CloudWatch as one datum a minute and metric.

Source: AWS IoT Core Developer Guide, "AWS IoT metrics and dimensions".
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from labcloud.api import Scope

NAMESPACE = "AWS/IoT"
MINUTE_S = 60
MOST_KEPT = 5_000

Key = tuple[Scope, int, str, tuple[tuple[str, str], ...]]
"""(account and region, minute, metric, dimensions)"""


Put = Callable[[str, str, str, Mapping[str, Any]], None]
"""put(account id, region, namespace, datum)"""


class Counters:
    """`count` from any thread; `flush` hands over what was counted. The current minute's count may come in parts."""

    def __init__(self, now: Callable[[], float], put: Put) -> None:
        self._now = now
        self._put = put
        self._lock = threading.Lock()
        self._counts: dict[Key, int] = {}

    def count(self, scope: Scope, metric: str, dimensions: Mapping[str, str], number: int = 1) -> None:
        """So many more in this minute."""
        key = (scope, int(self._now() // MINUTE_S), metric, tuple(dimensions.items()))
        with self._lock:
            self._counts[key] = self._counts.get(key, 0) + number
            many = len(self._counts) > MOST_KEPT
        if many:
            self.flush()

    def flush(self) -> None:
        """Puts every count into CloudWatch."""
        with self._lock:
            counts, self._counts = self._counts, {}
        for (scope, minute, metric, dimensions), number in counts.items():
            datum: dict[str, Any] = {
                "name": metric,
                "unit": "Count",
                "timestamp_s": minute * MINUTE_S,
                "dimensions": dict(dimensions),
                "statistics": {"SampleCount": number, "Sum": number, "Minimum": 1, "Maximum": 1},
            }
            self._put(scope.account_id, scope.region, NAMESPACE, datum)
