"""Brings a topic's message to a subscriber: queue, function, HTTP endpoint or delivery stream.

Source: SNS Developer Guide, "Message delivery retries". A queue, function or stream that refuses is not tried again; an
HTTP endpoint gets the default policy's three retries, 20 s apart on the lab clock. Then the dead-letter queue, if any.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, Protocol

from labcloud.api import Scope
from labcloud.errors import AwsError, Refused
from labcloud.motobase import queues
from labcloud.notifications.messages import (
    Subscriber,
    TopicMessage,
    render_confirmation,
    render_function_event,
    render_json,
    render_notification,
)
from labcloud.notifications.permissions import require_permission
from labcloud.notifications.signing import Signer
from labcloud.shell.web import Answer, NotSent

log = logging.getLogger("labcloud.sns")

SERVICE = "sns.amazonaws.com"
HTTP_RETRIES = 3
HTTP_PAUSE_S = 20
HTTP_TIMEOUT_S = 15.0

Invoke = Callable[[Scope, str, bytes, str, str], None]
"""invoke(scope, function ARN, payload, service, source ARN); raises AwsError."""

PutRecords = Callable[[Scope, str, Sequence[bytes]], None]
"""put(scope, delivery stream, records); raises AwsError."""


class Sender(Protocol):
    """One POST. Raises NotSent."""

    def post(self, url: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> Answer: ...


class Roles(Protocol):
    """Decides for a role on behalf of a service. Raises Refused."""

    def require(self, role_arn: str, service: str, action: str, resource: str, context: Mapping[str, Any]) -> None: ...


class Clock(Protocol):
    """The lab clock, as far as it is needed here."""

    def now(self) -> float: ...

    def call_at(self, when_s: float, callback: Callable[[], None]) -> Any: ...


class FanOut:
    """Delivers to subscribers; what goes over HTTP has threads of its own."""

    def __init__(
        self,
        clock: Clock,
        endpoint_url: Callable[[], str],
        invoke: Invoke,
        put_records: PutRecords,
        roles: Roles,
        sender: Sender,
    ) -> None:
        self._clock = clock
        self._endpoint_url = endpoint_url
        self._invoke = invoke
        self._put_records = put_records
        self._roles = roles
        self._sender = sender
        self.signer = Signer(endpoint_url)
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="sns")
        self._running: set[Future[None]] = set()

    def deliver(self, subscriber: Subscriber, message: TopicMessage) -> None:
        """Brings a message to one subscriber. A failure is the subscriber's, never the publisher's."""
        if subscriber.protocol in ("http", "https"):
            self._submit(subscriber, message, 0)
            return
        try:
            self._deliver_inside(subscriber, message)
        except (AwsError, Refused) as error:
            self._give_up(subscriber, message, str(error))

    def ask_to_confirm(self, subscriber: Subscriber) -> str:
        """Sends an HTTP endpoint the confirmation of its subscription; gives the token."""
        token = secrets.token_hex(64)
        envelope = render_confirmation(subscriber, token, self._clock.now(), self._endpoint_url(), self.signer.sign)
        self._run(lambda: self._post_confirmation(subscriber, envelope))
        return token

    def wait_until_idle(self, within_s: float) -> bool:
        """Whether what is on its way over HTTP arrived or failed within the time."""
        return not wait(set(self._running), within_s).not_done

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    # -- inside

    def _envelope(self, subscriber: Subscriber, message: TopicMessage) -> dict[str, Any]:
        return render_notification(message, subscriber, self._clock.now(), self._endpoint_url(), self.signer.sign)

    def _deliver_inside(self, subscriber: Subscriber, message: TopicMessage) -> None:
        _, _, _, region, account_id, resource = subscriber.endpoint.split(":", 5)
        scope = Scope(account_id, region)
        if subscriber.protocol == "lambda":
            event = render_function_event(self._envelope(subscriber, message), subscriber)
            self._invoke(scope, subscriber.endpoint, json.dumps(event).encode(), SERVICE, subscriber.topic_arn)
        elif subscriber.protocol == "sqs":
            self._send_to_queue(scope, subscriber, message)
        else:
            context = {"aws:SourceArn": subscriber.topic_arn, "aws:SourceAccount": account_id}
            self._roles.require(subscriber.role_arn, SERVICE, "firehose:PutRecord", subscriber.endpoint, context)
            body = message.text if subscriber.raw else json.dumps(self._envelope(subscriber, message))
            self._put_records(scope, resource.rpartition("/")[2], [f"{body}\n".encode()])

    def _send_to_queue(self, scope: Scope, subscriber: Subscriber, message: TopicMessage) -> None:
        place = (scope.account_id, scope.region, subscriber.endpoint)
        require_permission(
            queues.policy_of(*place),
            SERVICE,
            "sqs:SendMessage",
            subscriber.endpoint,
            subscriber.topic_arn,
            scope.account_id,
        )
        body = message.text if subscriber.raw else render_json(self._envelope(subscriber, message))
        queues.send_message(
            *place,
            body,
            attributes=message.attributes if subscriber.raw else None,
            group_id=message.group_id,
            deduplication_id=message.deduplication_id,
        )

    def _submit(self, subscriber: Subscriber, message: TopicMessage, tries: int) -> None:
        self._run(lambda: self._post(subscriber, message, tries))

    def _run(self, job: Callable[[], None]) -> None:
        future = self._pool.submit(job)
        self._running.add(future)
        future.add_done_callback(self._running.discard)

    def _post(self, subscriber: Subscriber, message: TopicMessage, tries: int) -> None:
        headers = _headers(subscriber, "Notification", message.message_id)
        if subscriber.raw:
            headers["x-amz-sns-rawdelivery"] = "true"
        body = message.text if subscriber.raw else render_json(self._envelope(subscriber, message))
        reason = self._try(subscriber.endpoint, headers, body)
        if reason is None:
            return
        if tries >= HTTP_RETRIES:
            self._give_up(subscriber, message, reason)
            return
        self._clock.call_at(self._clock.now() + HTTP_PAUSE_S, lambda: self._submit(subscriber, message, tries + 1))

    def _post_confirmation(self, subscriber: Subscriber, envelope: Mapping[str, Any]) -> None:
        headers = _headers(subscriber, "SubscriptionConfirmation", envelope["MessageId"])
        if reason := self._try(subscriber.endpoint, headers, render_json(envelope)):
            log.warning("subscription %s could not be asked to confirm: %s", subscriber.arn, reason)

    def _try(self, url: str, headers: Mapping[str, str], body: str) -> str | None:
        """None if the endpoint took it, else why not."""
        try:
            status = self._sender.post(url, headers, body.encode(), HTTP_TIMEOUT_S).status
        except NotSent as error:
            return str(error)
        return None if 200 <= status < 300 else f"POST {url} was answered with {status}"

    def _give_up(self, subscriber: Subscriber, message: TopicMessage, reason: str) -> None:
        log.warning("subscriber %s of %s got no message: %s", subscriber.endpoint, subscriber.topic_arn, reason)
        if subscriber.dead_letter_queue is None:
            return
        _, _, _, region, account_id, _ = subscriber.dead_letter_queue.split(":", 5)
        queue = subscriber.dead_letter_queue
        body = message.text if subscriber.raw else render_json(self._envelope(subscriber, message))
        try:
            policy = queues.policy_of(account_id, region, queue)
            require_permission(policy, SERVICE, "sqs:SendMessage", queue, subscriber.topic_arn, account_id)
            queues.send_message(account_id, region, queue, body)
        except AwsError as error:
            log.warning("dead-letter queue %s got no message: %s", queue, error)


def _headers(subscriber: Subscriber, kind: str, message_id: str) -> dict[str, str]:
    headers = {
        "Content-Type": "text/plain; charset=UTF-8",
        "User-Agent": "Amazon Simple Notification Service Agent",
        "x-amz-sns-message-type": kind,
        "x-amz-sns-message-id": message_id,
        "x-amz-sns-topic-arn": subscriber.topic_arn,
    }
    return {**headers, "x-amz-sns-subscription-arn": subscriber.arn} if kind == "Notification" else headers
