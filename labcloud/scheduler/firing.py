"""What a due schedule does: asks its role, calls its target, tries again, and at last writes to the dead-letter queue.

Sources: EventBridge Scheduler User Guide, "Managing targets", "Adding context attributes", "Configuring a dead-letter
queue". AWS does not say which failures are not worth a retry: here every failure is retried as the policy says.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from labcloud.errors import AwsError
from labcloud.outlets import ACTIONS, Attempts, GivenUp, Outlets, Parcel, RetryPolicy, service_of
from labcloud.scheduler.model import StoredSchedule, moment
from labcloud.scheduler.validation import UNIVERSAL

SERVICE = "scheduler.amazonaws.com"
LARGEST_DEAD_LETTER = 200_000

MayDo = Callable[[str, str, str, Mapping[str, Any]], None]
"""may_do(role ARN, action, resource, context) raises AwsError unless Scheduler may do it through the role."""
CallApi = Callable[[StoredSchedule, str, str, Mapping[str, Any]], None]
"""call_api(schedule, service, action, input) calls an API operation as the schedule's role; raises AwsError."""
Note = Callable[..., None]


class Clock(Protocol):
    """`jumping`: the clock stands still until this firing is over."""

    @property
    def jumping(self) -> bool: ...


@dataclass(frozen=True)
class Occasion:
    """One time at which a schedule is due."""

    schedule: StoredSchedule
    due_s: float
    execution_id: str
    trace_id: str


class Firing:
    """`fire` makes the first attempt at once; further ones are timers of the lab clock."""

    def __init__(
        self, clock: Clock, outlets: Outlets, attempts: Attempts, may_do: MayDo, call_api: CallApi, note: Note
    ) -> None:
        self._clock = clock
        self._outlets = outlets
        self._attempts = attempts
        self._may_do = may_do
        self._call_api = call_api
        self._note = note

    def fire(self, schedule: StoredSchedule, due_s: float, trace_id: str, done: Callable[[], None]) -> None:
        """Invokes the target; `done` is called when it worked or was given up."""
        occasion = Occasion(schedule, due_s, secrets.token_hex(8), trace_id)

        def attempt(number: int) -> None:
            self._invoke(occasion, number)
            self._note(trace_id, f"schedule {schedule.name} invoked {schedule.target['Arn']}", delivered=True)
            done()

        def give_up(end: GivenUp) -> None:
            self._bury(occasion, end)
            done()

        self._attempts.run(attempt, RetryPolicy.of(schedule.target["RetryPolicy"]), give_up, lambda error: True)

    def _invoke(self, occasion: Occasion, number: int) -> None:
        schedule = occasion.schedule
        target, arn = schedule.target, schedule.target["Arn"]
        body = input_of(occasion, number)
        if arn.startswith(UNIVERSAL):
            service, _, action = arn.removeprefix(UNIVERSAL).partition(":")
            self._call_api(schedule, service, action, json.loads(body))
            return
        self._may_do(target["RoleArn"], ACTIONS[service_of(arn)], arn, context_of(schedule))
        self._outlets.send(Parcel(arn, body, options_of(target)), wait=self._clock.jumping)

    def _bury(self, occasion: Occasion, end: GivenUp) -> None:
        schedule = occasion.schedule
        text = f"schedule {schedule.name}: {schedule.target['Arn']} was not invoked: {end.error.message}"
        self._note(occasion.trace_id, text, refused=True)
        queue = (schedule.target.get("DeadLetterConfig") or {}).get("Arn")
        if queue is None:
            return
        try:
            self._may_do(schedule.target["RoleArn"], ACTIONS["sqs"], queue, context_of(schedule))
            body = input_of(occasion, end.retries + 1)
            kept = body[:LARGEST_DEAD_LETTER]
            attributes = dead_letter_attributes(occasion, end, truncated=len(kept) < len(body))
            self._outlets.send(Parcel(queue, kept, attributes=attributes))
            self._note(occasion.trace_id, f"the event went to dead-letter queue {queue}")
        except AwsError as error:
            self._note(occasion.trace_id, f"dead-letter queue {queue} did not get the event: {error}", refused=True)


def context_of(schedule: StoredSchedule) -> dict[str, Any]:
    """The keys with which Scheduler assumes a role; its source is the group, never the single schedule."""
    return {"aws:SourceArn": schedule.group_arn, "aws:SourceAccount": schedule.scope.account_id}


def options_of(target: Mapping[str, Any]) -> dict[str, str]:
    """The templated target's own parameters."""
    names = ("SqsParameters", "KinesisParameters", "EventBridgeParameters")
    return {key: value for name in names for key, value in (target.get(name) or {}).items()}


def input_of(occasion: Occasion, attempt: int) -> str:
    """The target's Input with its context attributes filled in, or the event that Scheduler makes."""
    schedule = occasion.schedule
    written: str | None = schedule.target.get("Input")
    scheduled = moment(occasion.due_s).strftime("%Y-%m-%dT%H:%M:%SZ")
    if written is None:
        return json.dumps(_default_event(occasion, scheduled))
    values = {
        "schedule-arn": schedule.arn,
        "scheduled-time": scheduled,
        "execution-id": occasion.execution_id,
        "attempt-number": str(attempt),
    }
    for name, value in values.items():
        written = written.replace(f"<aws.scheduler.{name}>", value)
    return written


def dead_letter_attributes(occasion: Occasion, end: GivenUp, *, truncated: bool) -> dict[str, str]:
    """What a dead letter says of the failure."""
    attributes = {
        "ERROR_CODE": end.error.code,
        "ERROR_MESSAGE": end.error.message or end.error.code,
        "EXECUTION_ID": occasion.execution_id,
        "EXHAUSTED_RETRY_CONDITION": end.exhausted,
        "IS_PAYLOAD_TRUNCATED": str(truncated).lower(),
        "RETRY_ATTEMPTS": str(end.retries),
        "SCHEDULED_TIME": moment(occasion.due_s).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "SCHEDULE_ARN": occasion.schedule.arn,
        "TARGET_ARN": occasion.schedule.target["Arn"],
    }
    return {name: value for name, value in attributes.items() if value}


def _default_event(occasion: Occasion, scheduled: str) -> dict[str, Any]:
    schedule = occasion.schedule
    return {
        "version": "0",
        "id": occasion.execution_id,
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": schedule.scope.account_id,
        "time": scheduled,
        "region": schedule.scope.region,
        "resources": [schedule.arn],
        "detail": "{}",
    }
