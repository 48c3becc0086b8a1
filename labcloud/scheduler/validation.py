"""What CreateSchedule and UpdateSchedule take and refuse. Source: EventBridge Scheduler API Reference.

Sentences are AWS's where they are known ("cannot be earlier than 5 minutes ago", the execution role); the others are ours.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from labcloud.errors import AwsError
from labcloud.outlets import service_of
from labcloud.schedule import ScheduleError, parse_schedule

TEMPLATED = ("lambda", "sqs", "sns", "kinesis", "firehose", "events", "states")
PARAMETERS = {"sqs": "SqsParameters", "kinesis": "KinesisParameters", "events": "EventBridgeParameters"}
UNIVERSAL = "arn:aws:scheduler:::aws-sdk:"
READS = (
    *("get", "describe", "list", "poll", "receive", "search", "scan", "query", "select", "read", "lookup", "discover"),
    *("validate", "batchget", "batchdescribe", "batchread", "transactget", "adminget", "adminlist", "testmigration"),
    *("retrieve", "testconnection", "translatedocument", "isauthorized", "invokemodel"),
)
"""Beginnings of operations that universal targets may not name: they change nothing."""
DEFAULT_RETRY = {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185}

IsServed = Callable[[str, str], bool]
"""is_served(service, action in camel case): whether the local cloud carries the API operation out."""


def settings_of(parameters: Mapping[str, Any], now_s: float, is_served: IsServed) -> dict[str, Any]:
    """The schedule's settings with their defaults. Raises AwsError ValidationException."""
    settings = {name: value for name, value in parameters.items() if name not in ("Name", "GroupName", "ClientToken")}
    for name in ("StartDate", "EndDate"):
        if isinstance(settings.get(name), datetime):
            settings[name] = settings[name].timestamp()
    settings.setdefault("ScheduleExpressionTimezone", "UTC")
    settings.setdefault("State", "ENABLED")
    settings.setdefault("ActionAfterCompletion", "NONE")
    if settings.pop("KmsKeyArn", None):
        raise refusal("The local cloud does not serve KmsKeyArn of a schedule.")
    _check_times(settings, now_s)
    _check_window(settings["FlexibleTimeWindow"])
    settings["Target"] = _checked_target(settings["Target"], is_served)
    return settings


def refusal(message: str) -> AwsError:
    """A ValidationException."""
    return AwsError(message, code="ValidationException")


def _check_times(settings: Mapping[str, Any], now_s: float) -> None:
    expression = settings["ScheduleExpression"]
    try:
        parse_schedule(expression, settings["ScheduleExpressionTimezone"], service="scheduler")
    except ScheduleError as error:
        if "Timezone" in error.message:
            raise refusal(f"Invalid ScheduleExpressionTimezone. {error.reason}") from error
        raise refusal(f"Invalid Schedule Expression {expression}. {error.reason}") from error
    start, end = settings.get("StartDate"), settings.get("EndDate")
    if expression.startswith("at("):
        return
    if start is not None and start < now_s - 300:
        raise refusal("The StartDate you specify cannot be earlier than 5 minutes ago.")
    if end is not None and end < now_s:
        raise refusal("The EndDate you specify cannot be in the past.")
    if start is not None and end is not None and end <= start:
        raise refusal("The EndDate you specify must be later than the StartDate.")


def _check_window(window: Mapping[str, Any]) -> None:
    minutes = window.get("MaximumWindowInMinutes")
    if window["Mode"] == "FLEXIBLE" and minutes is None:
        raise refusal("A FLEXIBLE FlexibleTimeWindow needs MaximumWindowInMinutes.")
    if window["Mode"] == "OFF" and minutes is not None:
        raise refusal("A FlexibleTimeWindow that is OFF has no MaximumWindowInMinutes.")


def _checked_target(written: Mapping[str, Any], is_served: IsServed) -> dict[str, Any]:
    target = dict(written)
    arn = target["Arn"]
    target["RetryPolicy"] = {**DEFAULT_RETRY, **(target.get("RetryPolicy") or {})}
    if arn.startswith(UNIVERSAL):
        _check_universal(target, is_served)
    elif arn.startswith("arn:"):
        _check_templated(target, service_of(arn))
    else:
        raise refusal(f"Provided Arn is not in correct format: {arn}")
    return target


def _check_templated(target: Mapping[str, Any], service: str) -> None:
    if service not in TEMPLATED:
        raise refusal(
            f"The local cloud does not serve {service or target['Arn']} as a target of a schedule; "
            f"it serves {', '.join(TEMPLATED)}, and API operations as {UNIVERSAL}service:action."
        )
    own = PARAMETERS.get(service)
    given = [name for name in target if name.endswith("Parameters")]
    if others := [name for name in given if name != own]:
        raise refusal(f"{', '.join(others)} is not for a target of {service}.")
    if own and own not in given and (service != "sqs" or target["Arn"].endswith(".fifo")):
        raise refusal(f"{own} must be specified for target {target['Arn']}.")
    if service == "events":
        _json_of(target)


def _check_universal(target: Mapping[str, Any], is_served: IsServed) -> None:
    service, _, action = target["Arn"].removeprefix(UNIVERSAL).partition(":")
    if not service or not action or action.lower().startswith(READS):
        raise refusal(f"{target['Arn']} is not a supported target: it names no operation that changes something.")
    if not is_served(service, action):
        raise refusal(f"The local cloud does not serve {service} {action} as a target of a schedule.")
    if not isinstance(_json_of(target), dict):
        raise refusal("Input of a universal target is a JSON object with the operation's parameters.")


def _json_of(target: Mapping[str, Any]) -> Any:
    try:
        return json.loads(target.get("Input") or "{}")
    except ValueError as error:
        raise refusal(f"Input of target {target['Arn']} is not valid JSON: {error}") from error
