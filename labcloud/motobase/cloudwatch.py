"""CloudWatch on moto 5.2.5: alarms begin without data, keep their state when they are changed, and tell of changes.

moto 5.2.5 makes every alarm OK, forgets the state of one that is changed, and carries no action of an alarm out. Its
GetMetricStatistics takes data with further dimensions for the asked metric: alarms here ask for exactly theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC
from typing import Any

from moto.cloudwatch.models import (
    Alarm,
    CloudWatchBackend,
    MetricAggregatedDatum,
    MetricDatum,
    cloudwatch_backends,
)

from labcloud.motobase import hooks, lab_time

StateChanged = Callable[[str, str, Alarm, str], None]
"""state_changed(account id, region, moto's alarm, old state)"""

_state_changed: StateChanged = lambda account_id, region, alarm, old: None  # noqa: E731


def use(state_changed: StateChanged) -> None:
    """`state_changed` is told of each change."""
    global _state_changed
    _state_changed = state_changed


def install() -> None:
    """Puts the hooks in place."""
    if hooks.first_time(__name__):
        hooks.replace(CloudWatchBackend, "put_metric_alarm", put_metric_alarm)
        hooks.replace(Alarm, "update_state", update_state)


def put_metric_alarm(self: CloudWatchBackend, name: str, *rest: Any, **named: Any) -> Alarm:
    """A new alarm has no data yet; a changed one keeps its state."""
    old = self.alarms.get(name)
    alarm: Alarm = hooks.stock(CloudWatchBackend, "put_metric_alarm")(self, name, *rest, **named)
    if old is None:
        alarm.state_value, alarm.state_updated_timestamp = "INSUFFICIENT_DATA", lab_time.utcnow()
        return alarm
    for member in ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp", "history"):
        setattr(alarm, member, getattr(old, member))
    return alarm


def update_state(self: Alarm, reason: str, reason_data: str, state_value: str) -> None:
    """Changes the state, and tells if it is another one."""
    old = self.state_value
    hooks.stock(Alarm, "update_state")(self, reason, reason_data, state_value)
    self.state_updated_timestamp = lab_time.utcnow()
    if old != state_value:
        _, _, _, region, account_id, _ = self.alarm_arn.split(":", 5)
        _state_changed(account_id, region, self, old)


def metric_alarms(account_id: str) -> Iterator[tuple[str, Alarm]]:
    """(region, alarm) of every alarm that looks at one metric."""
    for region, backend in list(cloudwatch_backends[account_id].items()):
        for alarm in list(backend.alarms.values()):
            if alarm.metric_name and not alarm.rule:
                yield region, alarm


def data_of(account_id: str, region: str, alarm: Alarm, start_s: float, end_s: float) -> list[tuple[float, Any]]:
    """(epoch seconds, statistics) of the alarm's metric from start to end, with exactly its dimensions."""
    wanted = {dimension.name: dimension.value for dimension in alarm.dimensions}
    found = []
    for datum in cloudwatch_backends[account_id][region].metric_data:
        if datum.name != alarm.metric_name or datum.namespace != alarm.namespace:
            continue
        if alarm.unit and datum.unit != alarm.unit:
            continue
        at_s = datum.timestamp.replace(tzinfo=datum.timestamp.tzinfo or UTC).timestamp()
        if start_s <= at_s < end_s and {d.name: d.value for d in datum.dimensions} == wanted:
            found.append((at_s, _statistics(datum)))
    return found


def _statistics(datum: Any) -> dict[str, float]:
    if isinstance(datum, MetricAggregatedDatum):
        return {
            "SampleCount": datum.sample_count,
            "Sum": datum.sum,
            "Minimum": datum.min,
            "Maximum": datum.max,
        }
    assert isinstance(datum, MetricDatum)
    return {"SampleCount": 1, "Sum": datum.value, "Minimum": datum.value, "Maximum": datum.value}
