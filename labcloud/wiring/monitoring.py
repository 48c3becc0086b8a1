"""CloudWatch: moto keeps metrics and alarms; alarms look at their metrics on the lab clock and notify."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from labcloud.api import ApiRequest, Served
from labcloud.monitoring.alarms import Alarms, check_composite_alarm, check_metric_alarm
from labcloud.monitoring.counters import Put
from labcloud.monitoring.notices import Notices
from labcloud.motobase.metrics import put_metric

if TYPE_CHECKING:
    from labcloud.cloud import Cloud

METRIC_READS = ("GetMetricData", "GetMetricStatistics", "ListMetrics")


def make_alarms(cloud: Cloud) -> Alarms:
    return Alarms(cloud.clock, cloud.count_so_far)


def make_notices(cloud: Cloud) -> Notices:
    return Notices(lambda *call: cloud.functions.invoke_by_service(*call))


def make_put_metric(cloud: Cloud) -> Put:
    """What puts a datum among the metrics."""
    return put_metric


def serve(cloud: Cloud) -> Mapping[str, Served]:
    def count_first(request: ApiRequest) -> None:
        """Before metrics are read, the latest counts are put among them."""
        cloud.count_so_far()

    checks = {
        "PutCompositeAlarm": check_composite_alarm,
        "PutMetricAlarm": check_metric_alarm,
        **dict.fromkeys(METRIC_READS, count_first),
    }
    return {"cloudwatch": Served(checks=checks, changed=lambda request: cloud.alarms.reconcile())}
