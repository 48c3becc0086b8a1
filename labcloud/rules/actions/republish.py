"""Action republish: the result is published on another topic; `$$aws/...` stands for the reserved topic `$aws/...`.

Source: AWS IoT Core Developer Guide, "Republish".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labcloud.api import Scope
from labcloud.rules.actions.base import Action, Result
from labcloud.rules.deliveries import Need, Origin, Ports


@dataclass(frozen=True)
class Republish:
    """Publishes the result on another topic (action republish)."""

    topic: str
    payload: bytes
    qos: int
    failed_action = "RepublishAction"

    @property
    def resource(self) -> str:
        return self.topic

    @property
    def summary(self) -> str:
        return f"Republish on {self.topic}"

    def needs(self, scope: Scope) -> list[Need]:
        return [Need("iot:Publish", scope.arn("iot", f"topic/{self.topic}"))]

    def send(self, origin: Origin, ports: Ports) -> None:
        ports.publish(origin.scope, self.topic, self.payload, self.qos, origin.trace_id)


def plan(parameters: Mapping[str, Any], result: Result, scope: Scope) -> Republish:
    """One publish."""
    topic = parameters["topic"]
    if topic.startswith("$$"):
        topic = topic[1:]
    return Republish(topic, result.payload, int(parameters.get("qos") or 0))


ACTION = Action(plan, required=("roleArn", "topic"), literal=("roleArn", "qos"), known=("roleArn", "topic", "qos"))
