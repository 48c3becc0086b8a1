"""Action sqs: the result becomes a message of a queue, in base64 if the rule says so.

Source: AWS IoT Core Developer Guide, "SQS". FIFO queues are not supported there.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from labcloud.api import Scope
from labcloud.rules.actions.base import Action, Result, invalid, text_of
from labcloud.rules.deliveries import Need, Origin, Ports


@dataclass(frozen=True)
class SendMessage:
    """Sends the result to a queue (action sqs)."""

    queue_url: str
    body: str
    failed_action = "SqsAction"

    @property
    def resource(self) -> str:
        return self.queue_url

    @property
    def queue(self) -> str:
        return urlsplit(self.queue_url).path.rsplit("/", 1)[-1]

    @property
    def summary(self) -> str:
        return f"SendMessage to queue {self.queue}"

    def needs(self, scope: Scope) -> list[Need]:
        return [Need("sqs:SendMessage", scope.arn("sqs", self.queue))]

    def send(self, origin: Origin, ports: Ports) -> None:
        ports.send_message(origin.scope, self.queue_url, self.body)


def plan(parameters: Mapping[str, Any], result: Result, scope: Scope) -> SendMessage:
    """One message."""
    encoded = parameters.get("useBase64")
    body = base64.b64encode(result.payload).decode() if encoded else text_of(result, "SQS")
    return SendMessage(parameters["queueUrl"], body)


def check(parameters: Mapping[str, Any]) -> None:
    """No FIFO queues."""
    if parameters["queueUrl"].endswith(".fifo"):
        raise invalid("Action sqs: AWS IoT does not support FIFO queues.")


ACTION = Action(
    plan,
    SendMessage.failed_action,
    required=("roleArn", "queueUrl"),
    literal=("roleArn", "useBase64"),
    known=("roleArn", "queueUrl", "useBase64"),
    choices={"useBase64": (True, False)},
    check=check,
)
