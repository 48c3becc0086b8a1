"""Sends messages into moto 5.2's SQS in-process, and reads the policies of queues."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from typing import Any

from moto.sqs.models import Message, Queue, SQSBackend, sqs_backends

from labcloud.motobase.refusals import as_aws_errors


def send_message(
    account_id: str,
    region: str,
    queue: str,
    body: str,
    *,
    attributes: Mapping[str, Mapping[str, Any]] | None = None,
    group_id: str | None = None,
    deduplication_id: str | None = None,
) -> None:
    """Sends a message to the queue that a URL or ARN names. Raises AwsError as SendMessage does."""
    backend = sqs_backends[account_id][region]
    typed = {name: _attribute(value) for name, value in (attributes or {}).items()} or None
    with as_aws_errors():
        found = backend.get_queue(_name_of(queue))
        if found.fifo_queue:
            backend.send_message(
                found.name,
                body,
                message_attributes=typed,
                group_id=group_id,
                deduplication_id=deduplication_id,
                validate_group_id=False,
            )
        else:
            _append(backend, found, body, typed)


def _append(backend: SQSBackend, queue: Queue, body: str, attributes: dict[str, Any] | None) -> None:
    """What moto's send_message does for a standard queue, without its count of every message that is in the queue."""
    backend._validate_message(queue, message_body=body, delay_seconds=0)
    message = Message(str(uuid.uuid4()), body, None)
    if attributes:
        message.message_attributes = attributes
    message.mark_sent(delay_seconds=queue.delay_seconds)
    queue.add_message(message)


def policy_of(account_id: str, region: str, queue: str) -> dict[str, Any] | None:
    """The policy document of a queue, or None. Raises AwsError if there is no such queue."""
    with as_aws_errors():
        written = sqs_backends[account_id][region].get_queue(_name_of(queue)).policy
    return json.loads(written) if written else None


def _name_of(queue: str) -> str:
    return re.split("[/:]", queue)[-1]


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    member = "BinaryValue" if value["Type"].startswith("Binary") else "StringValue"
    content = value["Value"]
    return {"DataType": value["Type"], member: content if isinstance(content, bytes) else str(content)}
