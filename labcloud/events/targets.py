"""What a scheduled rule sends to its targets. Source: EventBridge User Guide, "Schedule expressions", "Targets"."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from labcloud.api import Scope
from labcloud.errors import AwsError
from labcloud.motobase.schedules import ScheduledRule

SERVED_TARGETS = ("lambda",)
UNSERVED_SETTINGS = ("InputPath", "InputTransformer", "RoleArn", "RetryPolicy", "DeadLetterConfig")


def scheduled_event(scope: Scope, rule: ScheduledRule, due_s: float) -> dict[str, Any]:
    """The event that a schedule makes."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": scope.account_id,
        "time": datetime.fromtimestamp(due_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": scope.region,
        "resources": [rule.arn],
        "detail": {},
    }


def input_for(target: Mapping[str, Any], event: Mapping[str, Any]) -> bytes:
    """What the target gets: its constant Input if it has one, else the event."""
    return target["Input"].encode() if target.get("Input") else json.dumps(event).encode()


def check_targets(targets: list[Mapping[str, Any]]) -> None:
    """Refuses targets that the local cloud would not serve. Raises AwsError ValidationException."""
    for target in targets:
        arn = target.get("Arn", "")
        service = arn.split(":")[2] if arn.count(":") >= 5 else ""
        if service not in SERVED_TARGETS:
            raise AwsError(
                f"The local cloud does not serve {service or arn or 'this'} as a target of an EventBridge rule; "
                f"it serves {', '.join(SERVED_TARGETS)}.",
                code="ValidationException",
            )
        if unserved := [name for name in UNSERVED_SETTINGS if target.get(name)]:
            raise AwsError(
                f"The local cloud does not serve {', '.join(unserved)} of a target of an EventBridge rule.",
                code="ValidationException",
            )
