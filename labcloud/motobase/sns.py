"""SNS on moto 5.2.5: messages go to the subscribers through this cloud's own fan-out.

moto 5.2.5 delivers without asking anybody's policy, makes a certificate for each message (and keeps them all), runs
functions in Docker, and takes every HTTP subscription for confirmed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.sns.models import SNSBackend, Subscription
from moto.sns.responses import SNSResponse

from labcloud.motobase import hooks, topics
from labcloud.notifications.messages import Subscriber, TopicMessage

SERVED = ("sqs", "lambda", "http", "https", "firehose")
PENDING = "pending confirmation"

Deliver = Callable[[Subscriber, TopicMessage], None]
AskToConfirm = Callable[[Subscriber], str]

_deliver: Deliver = lambda subscriber, message: None  # noqa: E731
_ask_to_confirm: AskToConfirm = lambda subscriber: ""  # noqa: E731


def use(deliver: Deliver, ask_to_confirm: AskToConfirm) -> None:
    """`deliver` brings a message to a subscriber; `ask_to_confirm` sends a confirmation and gives its token."""
    global _deliver, _ask_to_confirm
    _deliver, _ask_to_confirm = deliver, ask_to_confirm


def install() -> None:
    """Puts the hooks in place."""
    if hooks.first_time(__name__):
        hooks.replace(Subscription, "publish", publish)
        hooks.replace(SNSBackend, "subscribe", subscribe)
        hooks.replace(SNSResponse, "subscribe", answer_subscribe)
        hooks.replace(SNSResponse, "confirm_subscription", answer_confirm_subscription)


def publish(
    self: Subscription,
    message: str,
    message_id: str,
    subject: str | None = None,
    message_attributes: dict[str, Any] | None = None,
    group_id: str | None = None,
    deduplication_id: str | None = None,
    message_structure: str | None = None,
) -> None:
    """Filters as moto does, then hands the message on."""
    matcher = self._filter_policy_matcher
    if matcher is not None and not matcher.matches(message_attributes, message):
        return
    if message_structure == "json":
        message = self._parse_message_structure(message, self.protocol)
    if self.protocol not in SERVED or _is_true(self.attributes.get("PendingConfirmation")):
        return
    content = TopicMessage(message_id, message, subject, message_attributes or {}, group_id, deduplication_id)
    _deliver(_subscriber(self), content)


def subscribe(self: SNSBackend, topic_arn: str, endpoint: str, protocol: str) -> Subscription:
    """A new HTTP subscription is pending until its endpoint has confirmed, one by e-mail for ever: none is sent."""
    known = set(self.subscriptions)
    subscription: Subscription = hooks.stock(SNSBackend, "subscribe")(self, topic_arn, endpoint, protocol)
    if subscription.arn not in known and protocol in ("http", "https"):
        subscription.attributes |= {"PendingConfirmation": True, "ConfirmationWasAuthenticated": False}
        setattr(subscription, topics.TOKEN, _ask_to_confirm(_subscriber(subscription)))
    if subscription.arn not in known and protocol in ("email", "email-json"):
        subscription.attributes |= {"PendingConfirmation": True, "ConfirmationWasAuthenticated": False}
    return subscription


def answer_subscribe(self: SNSResponse) -> ActionResult:
    """The ARN of a pending subscription is only told if it was asked for."""
    answer: ActionResult = hooks.stock(SNSResponse, "subscribe")(self)
    result: Any = answer.result
    subscription = self.backend.subscriptions[result["SubscriptionArn"]]
    if _is_true(subscription.attributes.get("PendingConfirmation")) and not self._get_param("ReturnSubscriptionArn"):
        return ActionResult({"SubscriptionArn": PENDING})
    return answer


def answer_confirm_subscription(self: SNSResponse) -> ActionResult:
    """Confirms by the token."""
    return ActionResult(
        {"SubscriptionArn": topics.confirm_subscription(self._get_param("TopicArn"), self._get_param("Token"))}
    )


def _subscriber(subscription: Subscription) -> Subscriber:
    redrive = subscription.attributes.get("RedrivePolicy")
    return Subscriber(
        arn=subscription.arn,
        topic_arn=subscription.topic_arn,
        protocol=subscription.protocol,
        endpoint=subscription.endpoint,
        raw=_is_true(subscription.attributes.get("RawMessageDelivery")),
        dead_letter_queue=json.loads(redrive).get("deadLetterTargetArn") if redrive else None,
        role_arn=subscription.attributes.get("SubscriptionRoleArn") or "",
    )


def _is_true(value: Any) -> bool:
    return value is True or str(value).lower() == "true"
