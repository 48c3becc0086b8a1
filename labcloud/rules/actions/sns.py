"""Action sns: the result is published to a topic as it is, or read as one message for each protocol (JSON).

Source: AWS IoT Core Developer Guide, "SNS". FIFO topics are not supported there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labcloud.api import Scope
from labcloud.rules.actions.base import Action, Result, invalid, text_of
from labcloud.rules.deliveries import Need, Origin, Ports


@dataclass(frozen=True)
class Notify:
    """Publishes the result to a topic (action sns)."""

    target_arn: str
    message: str
    structure: str | None
    failed_action = "SnsAction"

    @property
    def resource(self) -> str:
        return self.target_arn

    @property
    def summary(self) -> str:
        return f"Publish to topic {self.target_arn.rsplit(':', 1)[-1]}"

    def needs(self, scope: Scope) -> list[Need]:
        return [Need("sns:Publish", self.target_arn)]

    def send(self, origin: Origin, ports: Ports) -> None:
        ports.notify(origin.scope, self.target_arn, self.message, self.structure)


def plan(parameters: Mapping[str, Any], result: Result, scope: Scope) -> Notify:
    """One message."""
    structure = "json" if parameters.get("messageFormat") == "JSON" else None
    return Notify(parameters["targetArn"], text_of(result, "SNS"), structure)


def check(parameters: Mapping[str, Any]) -> None:
    """No FIFO topics."""
    if parameters["targetArn"].endswith(".fifo"):
        raise invalid("Action sns: AWS IoT does not support FIFO topics.")


ACTION = Action(
    plan,
    Notify.failed_action,
    required=("roleArn", "targetArn"),
    literal=("roleArn", "messageFormat"),
    known=("roleArn", "targetArn", "messageFormat"),
    choices={"messageFormat": ("RAW", "JSON")},
    check=check,
)
