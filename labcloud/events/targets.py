"""What PutRule and PutTargets take and refuse. Source: EventBridge User Guide, "Targets", API Reference, Target."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from labcloud.api import ApiRequest
from labcloud.errors import AwsError
from labcloud.events.pattern import EventPattern
from labcloud.events.transform import check_input
from labcloud.outlets import service_of
from labcloud.schedule import ScheduleError, parse_schedule

BY_ROLE = ("kinesis", "firehose", "events", "states")
"""Targets that EventBridge reaches through the target's role; the others let it in by their own policies."""
SERVED_TARGETS = ("lambda", "sqs", "sns", "logs", *BY_ROLE)
SETTINGS = {"lambda": (), "sqs": ("SqsParameters",), "kinesis": ("KinesisParameters",)}
COMMON = (*("Id", "Arn", "RoleArn", "Input", "InputPath", "InputTransformer", "RetryPolicy", "DeadLetterConfig"),)
MOST_TARGETS = 5
"""Of a rule. Source: EventBridge User Guide, "Amazon EventBridge quotas"."""
EMITTED = ("aws.s3", "aws.events", "aws.scheduler")
"""Sources of AWS whose events the local cloud makes."""


def check_rule(request: ApiRequest) -> None:
    """PutRule: refuses schedules and patterns that are not valid, and patterns that could never match here."""
    expression, pattern = request.parameters.get("ScheduleExpression"), request.parameters.get("EventPattern")
    if expression:
        try:
            parse_schedule(expression, service="events")
        except ScheduleError as error:
            raise _invalid(str(error)) from error
    if pattern:
        sources = [source for source in EventPattern(pattern).sources if isinstance(source, str)]
        silent = [source for source in sources if source.startswith("aws.") and source not in EMITTED]
        if sources and len(silent) == len(sources):
            raise _invalid(
                f"The local cloud makes no events of {', '.join(silent)}: the rule would never match. "
                f"It makes events of {', '.join(EMITTED)}, and takes yours by PutEvents."
            )


def check_targets(request: ApiRequest, present: Iterable[Mapping[str, Any]]) -> None:
    """PutTargets: refuses targets that would not be served, and a sixth beside those that are `present`."""
    asked = request.parameters.get("Targets") or ()
    for target in asked:
        check_target(target)
    if len({target["Id"] for target in (*present, *asked)}) > MOST_TARGETS:
        raise AwsError("The requested resource exceeds the maximum number allowed.", code="LimitExceededException")


def check_target(target: Mapping[str, Any]) -> None:
    """Raises AwsError ValidationException."""
    arn, service = target.get("Arn", ""), service_of(target.get("Arn", ""))
    if not service:
        raise _invalid(f"Parameter {arn} is not valid. Reason: Provided Arn is not in correct format.")
    kinds = {"events": ":event-bus/", "states": ":stateMachine:"}
    if service not in SERVED_TARGETS or kinds.get(service, "") not in arn:
        raise _invalid(
            f"The local cloud does not serve {service} as a target of an EventBridge rule ({arn}); "
            f"it serves {', '.join(SERVED_TARGETS)}."
        )
    known = {*COMMON, *SETTINGS.get(service, ())}
    if unserved := sorted(name for name, value in target.items() if value and name not in known):
        raise _invalid(f"The local cloud does not serve {', '.join(unserved)} of target {arn} of an EventBridge rule.")
    if service in BY_ROLE and not target.get("RoleArn"):
        raise _invalid(f"RoleArn is required for target {arn}.")
    if arn.endswith(".fifo") and service == "sqs" and not target.get("SqsParameters"):
        raise _invalid(f"Parameter(s) SqsParameters must be specified for target: {target.get('Id')}.")
    if service == "events" and any(target.get(name) for name in ("Input", "InputPath", "InputTransformer")):
        raise _invalid(f"An event bus gets the whole event: target {target.get('Id')} takes no input.")
    check_input(target)
    queue = (target.get("DeadLetterConfig") or {}).get("Arn")
    if queue and (service_of(queue) != "sqs" or queue.endswith(".fifo")):
        raise _invalid(f"A dead-letter queue is a standard SQS queue, not {queue}.")
    policy = target.get("RetryPolicy") or {}
    if not 0 <= policy.get("MaximumRetryAttempts", 185) <= 185:
        raise _invalid("MaximumRetryAttempts lies from 0 to 185.")
    if not 60 <= policy.get("MaximumEventAgeInSeconds", 86_400) <= 86_400:
        raise _invalid("MaximumEventAgeInSeconds lies from 60 to 86400.")


def _invalid(message: str) -> AwsError:
    return AwsError(message, code="ValidationException")
