"""Publishes to moto 5.2's SNS topics in-process; the fan-out to subscribers is subscribers.py."""

from __future__ import annotations

import json
from typing import Any

from moto.sns.models import SNSBackend, sns_backends

from labcloud.errors import AwsError
from labcloud.motobase import on_demand
from labcloud.motobase.refusals import as_aws_errors

_STATUSES = {"NotFound": 404}
TOKEN = "confirmation_token"
"""The attribute of a moto subscription that keeps the token which would confirm it."""


def publish(
    account_id: str,
    region: str,
    target_arn: str,
    message: str,
    *,
    subject: str | None = None,
    structure: str | None = None,
) -> str:
    """Publishes and returns the message's id; `structure` "json": one text for each protocol. Raises AwsError."""
    on_demand.install_for("sns")
    with as_aws_errors(_STATUSES):
        message_id: str = sns_backends[account_id][region].publish(
            message, target_arn, subject=subject, message_structure=structure
        )
    return message_id


def policy_of(account_id: str, region: str, topic_arn: str) -> dict[str, Any]:
    """The policy document of a topic. Raises AwsError if there is no such topic."""
    with as_aws_errors(_STATUSES):
        document: dict[str, Any] = json.loads(sns_backends[account_id][region].get_topic(topic_arn).policy)
    return document


def confirm_subscription(topic_arn: str, token: str) -> str:
    """Confirms an HTTP subscription by the token of its confirmation. Raises AwsError."""
    for subscription in _backend_of(topic_arn).subscriptions.values():
        if token and getattr(subscription, TOKEN, None) == token:
            subscription.attributes["PendingConfirmation"] = False
            return str(subscription.arn)
    raise AwsError("Invalid parameter: Token", code="InvalidParameter")


def unsubscribe(subscription_arn: str) -> str:
    """Ends a subscription. Raises AwsError NotFound."""
    backend = _backend_of(subscription_arn)
    if subscription_arn not in backend.subscriptions:
        raise AwsError("Subscription does not exist", code="NotFound", status=404)
    backend.unsubscribe(subscription_arn)
    return subscription_arn


def _backend_of(arn: str) -> SNSBackend:
    parts = arn.split(":")
    if len(parts) < 6 or parts[2] != "sns":
        raise AwsError("Invalid parameter: TopicArn", code="InvalidParameter")
    backend: SNSBackend = sns_backends[parts[4]][parts[3]]
    return backend
