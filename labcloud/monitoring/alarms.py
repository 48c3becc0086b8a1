"""Looks at the alarms' metrics on the lab clock: each minute, or each 10 s while an alarm has so short a period.

Source: Amazon CloudWatch User Guide, "Using Amazon CloudWatch alarms".
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from labcloud.api import ApiRequest
from labcloud.errors import AwsError
from labcloud.monitoring.evaluation import COMPARISONS, MISSING, STATISTICS, Watched, judge
from labcloud.motobase.backends import ACCOUNT_ID
from labcloud.motobase.cloudwatch import data_of, metric_alarms

MINUTE_S = 60
SHORT_S = 10


class Clock(Protocol):
    """The lab clock, as far as it is needed here."""

    def now(self) -> float: ...

    def call_at(self, when_s: float, callback: Callable[[], None]) -> Any: ...


class Alarms:
    """Evaluates every alarm of the account; `flush` brings the latest counts into CloudWatch first."""

    def __init__(self, clock: Clock, flush: Callable[[], None]) -> None:
        self._clock = clock
        self._flush = flush
        self._lock = threading.Lock()
        self._timer: Any = None

    def reconcile(self) -> None:
        """The set of alarms may have changed: they are looked at as long as there are any."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = None
            if pause_s := self._pause_s():
                due_s = (self._clock.now() // pause_s + 1) * pause_s
                self._timer = self._clock.call_at(due_s, self._tick)

    def close(self) -> None:
        """No more evaluations."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()

    def evaluate(self) -> None:
        """Looks at every alarm now."""
        self._flush()
        for region, alarm in metric_alarms(ACCOUNT_ID):
            state, reason = judge(_watched(alarm), self._values(region, alarm), alarm.state_value)
            if state != alarm.state_value:
                data = {"version": "1.0", "threshold": alarm.threshold, "period": alarm.period}
                alarm.update_state(reason, json.dumps(data), state)

    def _tick(self) -> None:
        try:
            self.evaluate()
        finally:
            self.reconcile()

    def _pause_s(self) -> int | None:
        periods = [int(alarm.period) for _, alarm in metric_alarms(ACCOUNT_ID)]
        if not periods:
            return None
        return SHORT_S if min(periods) < MINUTE_S else MINUTE_S

    def _values(self, region: str, alarm: Any) -> list[float | None]:
        period, periods = int(alarm.period), int(alarm.evaluation_periods)
        step = min(period, MINUTE_S)
        end_s = self._clock.now() // step * step
        start_s = end_s - period * periods
        slots: list[list[dict[str, float]]] = [[] for _ in range(periods)]
        for at_s, statistics in data_of(ACCOUNT_ID, region, alarm, start_s, end_s):
            slots[int((at_s - start_s) // period)].append(statistics)
        return [_value(slot, alarm.statistic or "Average") for slot in slots]


def check_metric_alarm(request: ApiRequest) -> None:
    """Refuses what PutMetricAlarm asks for and the local cloud cannot evaluate. Raises AwsError."""
    asked = request.parameters
    refused = [name for name in ("Metrics", "ThresholdMetricId", "ExtendedStatistic") if asked.get(name)]
    if refused:
        raise AwsError(
            f"The local cloud evaluates alarms on one metric and a plain statistic, not {', '.join(refused)}.",
            code="ValidationError",
        )
    period_s = int(asked.get("Period") or 60)
    if period_s not in (10, 20, 30) and period_s % 60:
        raise AwsError("Period must be 10, 20, 30 or a multiple of 60", code="ValidationError")
    _check_choice("ComparisonOperator", asked.get("ComparisonOperator"), tuple(COMPARISONS))
    _check_choice("Statistic", asked.get("Statistic"), STATISTICS)
    _check_choice("TreatMissingData", asked.get("TreatMissingData"), MISSING)


def check_composite_alarm(request: ApiRequest) -> None:
    """Composite alarms are not evaluated. Raises AwsError."""
    raise AwsError("The local cloud does not serve composite alarms.", code="ValidationError")


def _check_choice(name: str, value: str | None, allowed: Sequence[str]) -> None:
    if value is not None and value not in allowed:
        raise AwsError(f"{name} is one of {', '.join(allowed)}, not {value}.", code="ValidationError")


def _watched(alarm: Any) -> Watched:
    periods = int(alarm.evaluation_periods)
    return Watched(
        alarm.comparison_operator,
        float(alarm.threshold),
        periods,
        int(alarm.datapoints_to_alarm or periods),
        alarm.treat_missing_data or "missing",
    )


def _value(slot: Sequence[dict[str, float]], statistic: str) -> float | None:
    if not slot:
        return None
    count, total = sum(s["SampleCount"] for s in slot), sum(s["Sum"] for s in slot)
    values = {
        "SampleCount": count,
        "Sum": total,
        "Average": total / count if count else 0.0,
        "Minimum": min(s["Minimum"] for s in slot),
        "Maximum": max(s["Maximum"] for s in slot),
    }
    return float(values[statistic])
