"""Queues, topics, streams and log groups of moto 5.2 as targets of services: their policies, and sending into them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto.logs.models import logs_backends
from moto.sns.models import sns_backends
from moto.sqs.models import Queue, sqs_backends

from labcloud.api import Scope
from labcloud.errors import AwsError
from labcloud.motobase.refusals import as_aws_errors

Document = dict[str, Any]


def scope_of(arn: str) -> Scope:
    """The account and region that an ARN names."""
    parts = arn.split(":", 5)
    return Scope(parts[4], parts[3])


def send_to_queue(
    arn: str, body: str, *, group_id: str | None = None, attributes: Mapping[str, str] | None = None
) -> None:
    """SendMessage by the queue's ARN, with text attributes. Raises AwsError as SendMessage does."""
    queue, scope = _queue(arn), scope_of(arn)
    written = {name: {"DataType": "String", "StringValue": value} for name, value in (attributes or {}).items()}
    with as_aws_errors():
        sqs_backends[scope.account_id][scope.region].send_message(
            queue.name, body, message_attributes=written or None, group_id=group_id
        )


def queue_policy(arn: str) -> list[Document]:
    """The queue's policy, if it has one. Raises AwsError for a queue that does not exist."""
    policy = _queue(arn).policy
    return [json.loads(policy)] if policy else []


def queue_is_fifo(arn: str) -> bool:
    """Raises AwsError for a queue that does not exist."""
    return bool(_queue(arn).fifo_queue)


def topic_policy(arn: str) -> list[Document]:
    """The topic's policy. Raises AwsError NotFound."""
    scope = scope_of(arn)
    topic = sns_backends[scope.account_id][scope.region].topics.get(arn)
    if topic is None:
        raise AwsError("Topic does not exist", code="NotFound", status=404)
    return [json.loads(topic.policy)]


def log_policies(arn: str) -> list[Document]:
    """The resource policies of CloudWatch Logs in the log group's region."""
    scope = scope_of(arn)
    policies = logs_backends[scope.account_id][scope.region].resource_policies.values()
    return [json.loads(policy.policy_document) for policy in policies]


def _queue(arn: str) -> Queue:
    scope, name = scope_of(arn), arn.rsplit(":", 1)[-1]
    found = sqs_backends[scope.account_id][scope.region].queues.get(name)
    if found is None:
        message = "The specified queue does not exist."
        raise AwsError(message, code="AWS.SimpleQueueService.NonExistentQueue")
    return found
