"""Publishes to moto 5.2's SNS topics in-process; the fan-out to subscribers is subscribers.py."""

from __future__ import annotations

from moto.sns.models import sns_backends

from labcloud.motobase import on_demand
from labcloud.motobase.refusals import as_aws_errors

_STATUSES = {"NotFound": 404}


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
