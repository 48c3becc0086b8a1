"""CloudWatch metrics, alarms and dashboards. Source: Service Authorization Reference, "Amazon CloudWatch"."""

from __future__ import annotations

from collections.abc import Mapping

from labcloud.iam.context import Value
from labcloud.iam.permissions.table import Request, Table


def _namespace(request: Request) -> Mapping[str, Value]:
    namespace = request.text("Namespace")
    return {"cloudwatch:namespace": namespace} if namespace else {}


CLOUDWATCH = Table(
    prefix="cloudwatch",
    rows={
        "alarm:{AlarmName}": "PutMetricAlarm PutCompositeAlarm SetAlarmState DescribeAlarmHistory",
        "alarm:{AlarmNames[]}": "DeleteAlarms DescribeAlarms EnableAlarmActions DisableAlarmActions",
        "arn:aws:cloudwatch::{@account}:dashboard/{DashboardName}": "PutDashboard GetDashboard",
        "arn:aws:cloudwatch::{@account}:dashboard/{DashboardNames[]}": "DeleteDashboards",
        "metric-stream/{Name}": "PutMetricStream GetMetricStream DeleteMetricStream",
        "{ResourceARN}": "TagResource UntagResource ListTagsForResource",
        "*": (
            "PutMetricData GetMetricData GetMetricStatistics ListMetrics DescribeAlarmsForMetric ListDashboards "
            "GetMetricWidgetImage DescribeAnomalyDetectors PutAnomalyDetector DeleteAnomalyDetector ListMetricStreams"
        ),
    },
    passes_role_to="streams.metrics.cloudwatch.amazonaws.com",
    tag_action="cloudwatch:TagResource",
    context=_namespace,
)
