"""Puts metric data and alarm states into moto 5.2's CloudWatch in-process."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends

from labcloud.motobase import on_demand
from labcloud.motobase.refusals import as_aws_errors

_STATUSES = {"ResourceNotFound": 404}


def put_metric(account_id: str, region: str, namespace: str, metric: Mapping[str, Any]) -> None:
    """Puts one datum: name, value or statistics, unit, timestamp_s and dimensions. Raises AwsError."""
    datum: dict[str, Any] = {
        "MetricName": metric["name"],
        "Unit": metric["unit"],
        "Timestamp": datetime.fromtimestamp(metric["timestamp_s"], UTC).replace(tzinfo=None),
        "Dimensions": [{"Name": name, "Value": value} for name, value in (metric.get("dimensions") or {}).items()],
    }
    if "statistics" in metric:
        datum["StatisticValues"] = metric["statistics"]
    else:
        datum["Value"] = metric["value"]
    with as_aws_errors():
        cloudwatch_backends[account_id][region].put_metric_data(namespace, [datum])


def set_alarm_state(account_id: str, region: str, alarm: str, state: str, reason: str, data: str = "{}") -> None:
    """Sets the state of an alarm. Raises AwsError ResourceNotFound."""
    on_demand.install_for("cloudwatch")
    with as_aws_errors(_STATUSES):
        cloudwatch_backends[account_id][region].set_alarm_state(alarm, reason, data, state)
