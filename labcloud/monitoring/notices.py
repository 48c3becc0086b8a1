"""Carries out an alarm's actions when its state changes: a message to a topic, or an invocation of a function.

Source: Amazon CloudWatch User Guide, "Notifying users on alarm changes" and "Invoke a Lambda function from an alarm".
Actions on EC2, Auto Scaling and Systems Manager are not served; the cloud's log says so when one is due.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from labcloud.api import Scope
from labcloud.errors import AwsError
from labcloud.motobase import topics
from labcloud.notifications.permissions import require_permission

log = logging.getLogger("labcloud.alarms")

TOPICS = "cloudwatch.amazonaws.com"
FUNCTIONS = "lambda.alarms.cloudwatch.amazonaws.com"

Invoke = Callable[[Scope, str, bytes, str, str], None]
"""invoke(scope, function ARN, payload, service, source ARN); raises AwsError."""


class Notices:
    """`state_changed` is called by moto's hook."""

    def __init__(self, invoke: Invoke) -> None:
        self._invoke = invoke

    def state_changed(self, account_id: str, region: str, alarm: Any, old: str) -> None:
        """Carries out the actions for the alarm's new state. A failure is logged."""
        if not alarm.actions_enabled:
            return
        scope = Scope(account_id, region)
        actions = {
            "ALARM": alarm.alarm_actions,
            "OK": alarm.ok_actions,
            "INSUFFICIENT_DATA": alarm.insufficient_data_actions,
        }
        for target in actions[alarm.state_value]:
            try:
                self._act(scope, target, alarm, old)
            except AwsError as error:
                log.warning("alarm %s: %s was not notified: %s", alarm.name, target, error)

    def _act(self, scope: Scope, target: str, alarm: Any, old: str) -> None:
        service = target.split(":")[2] if target.count(":") >= 5 else ""
        if service == "sns":
            document = topics.policy_of(scope.account_id, scope.region, target)
            require_permission(
                document,
                TOPICS,
                "sns:Publish",
                target,
                alarm.alarm_arn,
                scope.account_id,
                source_owner=scope.account_id,
            )
            text = json.dumps(render_notice(scope, alarm, old))
            subject = f'{alarm.state_value}: "{alarm.name}" in {scope.region}'[:100]
            topics.publish(scope.account_id, scope.region, target, text, subject=subject)
        elif service == "lambda":
            event = json.dumps(render_alarm_event(scope, alarm, old)).encode()
            self._invoke(scope, target, event, FUNCTIONS, alarm.alarm_arn)
        else:
            raise AwsError(f"The local cloud does not serve the alarm action {target}", code="ValidationError")


def render_notice(scope: Scope, alarm: Any, old: str) -> dict[str, Any]:
    """The message that a topic's subscribers get."""
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": scope.account_id,
        "AlarmConfigurationUpdatedTimestamp": _time(alarm.configuration_updated_timestamp),
        "NewStateValue": alarm.state_value,
        "NewStateReason": alarm.state_reason,
        "StateChangeTime": _time(alarm.state_updated_timestamp),
        "Region": scope.region,
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": old,
        "OKActions": list(alarm.ok_actions),
        "AlarmActions": list(alarm.alarm_actions),
        "InsufficientDataActions": list(alarm.insufficient_data_actions),
        "Trigger": {
            "MetricName": alarm.metric_name,
            "Namespace": alarm.namespace,
            "StatisticType": "Statistic",
            "Statistic": (alarm.statistic or "").upper(),
            "Unit": alarm.unit,
            "Dimensions": [{"value": d.value, "name": d.name} for d in alarm.dimensions],
            "Period": alarm.period,
            "EvaluationPeriods": alarm.evaluation_periods,
            "ComparisonOperator": alarm.comparison_operator,
            "Threshold": alarm.threshold,
            "TreatMissingData": alarm.treat_missing_data or "missing",
            "EvaluateLowSampleCountPercentile": "",
        },
    }


def render_alarm_event(scope: Scope, alarm: Any, old: str) -> dict[str, Any]:
    """The event of a function that an alarm invokes."""
    time = _time(alarm.state_updated_timestamp)
    metric = {
        "namespace": alarm.namespace,
        "name": alarm.metric_name,
        "dimensions": {d.name: d.value for d in alarm.dimensions},
    }
    stat = {"metric": metric, "period": alarm.period, "stat": alarm.statistic}
    return {
        "source": "aws.cloudwatch",
        "alarmArn": alarm.alarm_arn,
        "accountId": scope.account_id,
        "time": time,
        "region": scope.region,
        "alarmData": {
            "alarmName": alarm.name,
            "state": {"value": alarm.state_value, "reason": alarm.state_reason, "timestamp": time},
            "previousState": {"value": old},
            "configuration": {
                "description": alarm.description,
                "metrics": [{"id": "metric", "metricStat": stat, "returnData": True}],
            },
        },
    }


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
