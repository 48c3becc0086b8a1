"""Sends a text to a target by its ARN. Asks no permission: that is the sender's affair, who knows on whose behalf."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from labcloud.api import Scope
from labcloud.errors import AwsError
from labcloud.motobase import event_targets, log_groups, streams, topics
from labcloud.motobase.event_targets import scope_of

ACTIONS: Mapping[str, str] = {
    "lambda": "lambda:InvokeFunction",
    "sqs": "sqs:SendMessage",
    "sns": "sns:Publish",
    "logs": "logs:PutLogEvents",
    "kinesis": "kinesis:PutRecord",
    "firehose": "firehose:PutRecord",
    "events": "events:PutEvents",
    "states": "states:StartExecution",
}
"""A target's service and the permission that sending to it needs."""


class StartFunction(Protocol):
    """Invokes asynchronously; with `wait` it returns when the first attempt is over. Raises AwsError."""

    def __call__(self, scope: Scope, function_arn: str, payload: bytes, *, wait: bool) -> None: ...


class StartExecution(Protocol):
    """Begins an execution; with `wait` it returns when the tasks before the first pause are over. Raises AwsError."""

    def __call__(self, scope: Scope, machine_arn: str, text: str, *, wait: bool) -> None: ...


PutRecords = Callable[[Scope, str, Sequence[bytes]], None]
"""put_records(scope, delivery stream, records); raises AwsError."""

PutEvents = Callable[[Scope, Mapping[str, Any]], None]
"""put_events(scope, an entry of PutEvents); raises AwsError for an entry that is refused."""


@dataclass(frozen=True)
class Parcel:
    """A text for a target; `options` are the target's parameters (MessageGroupId, PartitionKey, Source, DetailType)."""

    arn: str
    body: str
    options: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Text attributes of a message to a queue."""


class Outlets:
    """Every target of the cloud. Methods raise AwsError as the target's own API does."""

    def __init__(
        self,
        start: StartFunction,
        execute: StartExecution,
        put_records: PutRecords,
        put_events: PutEvents,
        now_ms: Callable[[], int],
    ) -> None:
        self._start = start
        self._execute = execute
        self._put_records = put_records
        self._put_events = put_events
        self._now_ms = now_ms

    def send(self, parcel: Parcel, *, wait: bool = False) -> None:
        """Sends; with `wait` it returns when a function's first attempt or an execution's first tasks are over."""
        service = service_of(parcel.arn)
        if service == "lambda":
            self._start(scope_of(parcel.arn), parcel.arn, parcel.body.encode(), wait=wait)
        elif service == "states":
            self._execute(scope_of(parcel.arn), parcel.arn, parcel.body, wait=wait)
        elif service == "logs":
            self._log(parcel)
        else:
            self._hand_over(service, parcel)

    def policy_documents(self, arn: str) -> list[dict[str, Any]]:
        """The resource policies that decide who may send to a queue, a topic or a log group."""
        read = {
            "sqs": event_targets.queue_policy,
            "sns": event_targets.topic_policy,
            "logs": event_targets.log_policies,
        }
        return read[service_of(arn)](arn)

    def _hand_over(self, service: str, parcel: Parcel) -> None:
        scope, name, options = scope_of(parcel.arn), parcel.arn.split(":", 5)[-1], parcel.options
        if service == "sqs":
            group = options.get("MessageGroupId")
            event_targets.send_to_queue(parcel.arn, parcel.body, group_id=group, attributes=parcel.attributes)
        elif service == "sns":
            topics.publish(scope.account_id, scope.region, parcel.arn, parcel.body)
        elif service == "kinesis":
            key = options.get("PartitionKey") or str(uuid.uuid4())
            data = parcel.body.encode()
            streams.put_record(scope.account_id, scope.region, name.removeprefix("stream/"), key, data)
        elif service == "firehose":
            self._put_records(scope, name.removeprefix("deliverystream/"), [parcel.body.encode()])
        elif service == "events":
            entry = {"EventBusName": name.removeprefix("event-bus/"), "Detail": parcel.body, **options}
            self._put_events(scope, entry)
        else:
            raise AwsError(f"The local cloud cannot send to {parcel.arn}.", code="ValidationException")

    def _log(self, parcel: Parcel) -> None:
        scope, group = scope_of(parcel.arn), log_group_of(parcel.arn)
        stream = str(uuid.uuid5(uuid.NAMESPACE_URL, parcel.options.get("Stream", parcel.arn)))
        lines = [(self._now_ms(), _compact(parcel.body))]
        log_groups.put_lines_into(scope.account_id, scope.region, group, stream, lines)


def service_of(arn: str) -> str:
    """The service in an ARN; nothing if it is none."""
    parts = arn.split(":", 5)
    return parts[2] if len(parts) == 6 and parts[0] == "arn" else ""


def log_group_of(arn: str) -> str:
    """arn:aws:logs:region:account:log-group:NAME, with or without :* at its end."""
    return arn.split(":", 6)[-1].removesuffix(":*")


def _compact(body: str) -> str:
    try:
        return json.dumps(json.loads(body), separators=(",", ":"), ensure_ascii=False)
    except ValueError:
        return body
