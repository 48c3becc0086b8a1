"""Action republish: the result is published on another topic; `$$aws/...` stands for the reserved topic `$aws/...`.

Source: AWS IoT Core Developer Guide, "Republish".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labcloud.api import Scope
from labcloud.rules.actions.base import Action, Result
from labcloud.rules.deliveries import Republish


def plan(parameters: Mapping[str, Any], result: Result, scope: Scope) -> Republish:
    """One publish."""
    topic = parameters["topic"]
    if topic.startswith("$$"):
        topic = topic[1:]
    return Republish(topic, result.payload, int(parameters.get("qos") or 0))


ACTION = Action(plan, required=("roleArn", "topic"), literal=("roleArn", "qos"), known=("roleArn", "topic", "qos"))
