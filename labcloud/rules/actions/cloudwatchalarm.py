"""Action cloudwatchAlarm: sets the state of an alarm.

Source: AWS IoT Core Developer Guide, "CloudWatch alarms".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labcloud.api import Scope
from labcloud.rules.actions.base import Action, Result, chosen
from labcloud.rules.deliveries import Need, Origin, Ports

STATES = ("OK", "ALARM", "INSUFFICIENT_DATA")


@dataclass(frozen=True)
class SetAlarmState:
    """Sets an alarm's state with a reason (action cloudwatchAlarm)."""

    alarm: str
    state: str
    reason: str
    failed_action = "CloudwatchAlarmAction"

    @property
    def resource(self) -> str:
        return self.alarm

    @property
    def summary(self) -> str:
        return f"SetAlarmState of {self.alarm} to {self.state}"

    def needs(self, scope: Scope) -> list[Need]:
        return [Need("cloudwatch:SetAlarmState", scope.arn("cloudwatch", f"alarm:{self.alarm}"))]

    def send(self, origin: Origin, ports: Ports) -> None:
        ports.set_alarm_state(origin.scope, self.alarm, self.state, self.reason)


def plan(parameters: Mapping[str, Any], result: Result, scope: Scope) -> SetAlarmState:
    """One change of state."""
    state = chosen("CloudWatch alarm", "stateValue", parameters["stateValue"], STATES)
    return SetAlarmState(parameters["alarmName"], state, parameters["stateReason"])


ACTION = Action(
    plan,
    SetAlarmState.failed_action,
    required=("roleArn", "alarmName", "stateReason", "stateValue"),
    known=("roleArn", "alarmName", "stateReason", "stateValue"),
    choices={"stateValue": STATES},
)
