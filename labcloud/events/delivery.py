"""Delivers an event to a rule's targets: permission, input, retries, dead-letter queue.

Source: EventBridge User Guide, "Using dead-letter queues": missing permissions and targets that do not exist are not
retried. Functions, queues, topics and log groups let EventBridge in by their own policies, the others by a role.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from labcloud.api import Scope
from labcloud.errors import AccessDenied, AwsError
from labcloud.events.targets import BY_ROLE
from labcloud.events.transform import input_for
from labcloud.iam.resource_policy import service_refused
from labcloud.motobase.event_rules import EventRule
from labcloud.outlets import ACTIONS, Attempts, GivenUp, Outlets, Parcel, RetryPolicy, service_of

SERVICE = "events.amazonaws.com"
THROTTLES = ("TooManyRequestsException", "ThrottlingException", "ProvisionedThroughputExceededException")

MayDo = Callable[[str, str, str, Mapping[str, Any]], None]
"""may_do(role ARN, action, resource, context) raises AwsError unless EventBridge may do it through the role."""
MayInvoke = Callable[[Scope, str, str, str], object]
"""may_invoke(scope, function ARN, service, source ARN) raises AwsError unless the function's policy allows it."""


class Clock(Protocol):
    @property
    def jumping(self) -> bool: ...


class Delivery:
    """Carries events to targets. While the clock jumps it waits for functions, so that the order is kept."""

    def __init__(
        self,
        clock: Clock,
        outlets: Outlets,
        attempts: Attempts,
        may_do: MayDo,
        may_invoke: MayInvoke,
        note: Callable[..., None],
    ) -> None:
        self._clock = clock
        self._outlets = outlets
        self._attempts = attempts
        self._may_do = may_do
        self._may_invoke = may_invoke
        self._note = note

    def deliver(self, scope: Scope, rule: EventRule, event: Mapping[str, Any], trace_id: str) -> None:
        """To every target of the rule; the first attempts are over when it returns."""
        if not rule.targets:
            self._note(trace_id, f"rule {rule.name} matched: it has no target")
        for target in rule.targets:
            self._deliver_to(scope, rule, dict(target), event, trace_id)

    def _deliver_to(
        self, scope: Scope, rule: EventRule, target: dict[str, Any], event: Mapping[str, Any], trace_id: str
    ) -> None:
        arn = target["Arn"]

        def attempt(number: int) -> None:
            self._require_permission(scope, rule, target, arn, ACTIONS[service_of(arn)])
            self._outlets.send(_parcel(rule, target, event), wait=self._clock.jumping)
            self._note(trace_id, f"rule {rule.name} fired: {arn} got the event", delivered=True)

        def give_up(end: GivenUp) -> None:
            self._note(
                trace_id, f"rule {rule.name} fired: {arn} did not get the event: {end.error.message}", refused=True
            )
            queue = (target.get("DeadLetterConfig") or {}).get("Arn")
            if queue:
                self._bury(scope, rule, target, queue, event, end, trace_id)

        self._attempts.run(attempt, RetryPolicy.of(target.get("RetryPolicy")), give_up, is_retriable)

    def _require_permission(
        self, scope: Scope, rule: EventRule, target: Mapping[str, Any], arn: str, action: str
    ) -> None:
        service = service_of(arn)
        if service == "lambda":
            self._may_invoke(scope, arn, SERVICE, rule.arn)
        elif service in BY_ROLE:
            context = {"aws:SourceArn": rule.arn, "aws:SourceAccount": scope.account_id}
            self._may_do(target["RoleArn"], action, arn, context)
        else:
            needed = ("logs:CreateLogStream", action) if service == "logs" else (action,)
            resource = f"{arn.removesuffix(':*')}:log-stream:events" if service == "logs" else arn
            documents = self._outlets.policy_documents(arn)
            for each in needed:
                why = service_refused(documents, SERVICE, each, resource, rule.arn, scope.account_id)
                if why is not None:
                    raise AccessDenied(why)

    def _bury(
        self,
        scope: Scope,
        rule: EventRule,
        target: Mapping[str, Any],
        queue: str,
        event: Mapping[str, Any],
        end: GivenUp,
        trace_id: str,
    ) -> None:
        try:
            self._require_permission(scope, rule, target, queue, ACTIONS["sqs"])
            attributes = dead_letter_attributes(rule, target["Arn"], end)
            self._outlets.send(Parcel(queue, json.dumps(event), attributes=attributes))
            self._note(trace_id, f"the event went to dead-letter queue {queue}")
        except AwsError as error:
            self._note(trace_id, f"dead-letter queue {queue} did not get the event: {error.message}", refused=True)


def is_retriable(error: AwsError) -> bool:
    """Throttling and failures of the target's service."""
    return error.code in THROTTLES or error.status >= 500


def dead_letter_attributes(rule: EventRule, target_arn: str, end: GivenUp) -> dict[str, str]:
    """What a dead letter says of the failure."""
    attributes = {
        "RULE_ARN": rule.arn,
        "TARGET_ARN": target_arn,
        "ERROR_CODE": error_code(end.error),
        "ERROR_MESSAGE": end.error.message or end.error.code,
        "EXHAUSTED_RETRY_CONDITION": end.exhausted,
        "RETRY_ATTEMPTS": str(end.retries),
    }
    return {name: value for name, value in attributes.items() if value}


def error_code(error: AwsError) -> str:
    """One of the codes that the User Guide lists for dead letters."""
    if error.code in THROTTLES:
        return "THROTTLING"
    if error.code.startswith("AccessDenied"):
        return "NO_PERMISSIONS"
    if error.code in ("ResourceNotFoundException", "NotFound", "AWS.SimpleQueueService.NonExistentQueue"):
        return "NO_RESOURCE"
    return "ERROR_FROM_TARGET"


def _parcel(rule: EventRule, target: Mapping[str, Any], event: Mapping[str, Any]) -> Parcel:
    to_bus = service_of(target["Arn"]) == "events"
    body = json.dumps(event["detail"]) if to_bus else input_for(target, event, rule.name, rule.arn)
    return Parcel(target["Arn"], body, _options(rule, target, event))


def _options(rule: EventRule, target: Mapping[str, Any], event: Mapping[str, Any]) -> dict[str, str]:
    service = service_of(target["Arn"])
    if service == "logs":
        return {"Stream": rule.arn}
    if service == "events":
        return {"Source": str(event.get("source", "")), "DetailType": str(event.get("detail-type", ""))}
    if service == "kinesis" and (path := (target.get("KinesisParameters") or {}).get("PartitionKeyPath")):
        key = input_for({"InputPath": path}, event, rule.name, rule.arn)
        return {"PartitionKey": key.strip('"')}
    return dict(target.get("SqsParameters") or {})
