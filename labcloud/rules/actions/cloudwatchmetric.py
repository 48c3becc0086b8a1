"""Action cloudwatchMetric: one datum of a metric, every part of which may come from the message.

Source: AWS IoT Core Developer Guide, "CloudWatch metrics".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labcloud.api import Scope
from labcloud.rules.actions.base import Action, ActionFailed, Result, chosen
from labcloud.rules.deliveries import Need, Origin, Ports

_SIZES = ("Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes", "Bits", "Kilobits", "Megabits", "Gigabits")
_SIZES = (*_SIZES, "Terabits")
UNITS = (
    *("Seconds", "Microseconds", "Milliseconds", "Percent", "Count", "Count/Second", "None"),
    *_SIZES,
    *(f"{size}/Second" for size in _SIZES),
)


@dataclass(frozen=True)
class PutMetric:
    """Puts one datum (action cloudwatchMetric)."""

    namespace: str
    name: str
    value: float
    unit: str
    timestamp_s: float
    failed_action = "CloudwatchMetricAction"

    @property
    def resource(self) -> str:
        return self.name

    @property
    def summary(self) -> str:
        return f"PutMetricData {self.namespace} {self.name} = {self.value:g}"

    def needs(self, scope: Scope) -> list[Need]:
        return [Need("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": self.namespace})]

    def send(self, origin: Origin, ports: Ports) -> None:
        metric = {"name": self.name, "value": self.value, "unit": self.unit, "timestamp_s": self.timestamp_s}
        ports.put_metric(origin.scope, self.namespace, metric)


def plan(parameters: Mapping[str, Any], result: Result, scope: Scope) -> PutMetric:
    """One datum."""
    unit = chosen("CloudWatch metric", "metricUnit", parameters["metricUnit"], UNITS)
    given = parameters.get("metricTimestamp")
    timestamp_s = result.now_ms / 1000 if given in (None, "") else _number("metricTimestamp", given)
    value = _number("metricValue", parameters["metricValue"])
    return PutMetric(parameters["metricNamespace"], parameters["metricName"], value, unit, timestamp_s)


def _number(key: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ActionFailed(f"The CloudWatch metric action's {key} '{text}' is not a number.")
    return number


ACTION = Action(
    plan,
    PutMetric.failed_action,
    required=("roleArn", "metricNamespace", "metricName", "metricValue", "metricUnit"),
    known=("roleArn", "metricNamespace", "metricName", "metricValue", "metricUnit", "metricTimestamp"),
    choices={"metricUnit": UNITS},
)
