"""Delays, visibility and retention of SQS messages on the lab clock: moto 5.2.5 takes the machine's.

An expired message stays in moto's queue and hides, each time that it is met, those behind it: it is taken out.
"""

from __future__ import annotations

from typing import Any

import moto.sqs.models
from moto.sqs.models import Message, SQSBackend

from labcloud.motobase import hooks, lab_time


def install() -> None:
    """Puts the hooks in place."""
    if hooks.first_time(__name__):
        hooks.replace(moto.sqs.models, "unix_time", lab_time.now)
        hooks.replace(moto.sqs.models, "unix_time_millis", unix_time_millis)
        hooks.replace(SQSBackend, "receive_message", receive_message)


def unix_time_millis() -> float:
    return lab_time.now() * 1000.0


def receive_message(self: SQSBackend, queue_name: str, *arguments: Any, **named: Any) -> list[Message]:
    """What is older than the queue's MessageRetentionPeriod is gone."""
    queue = self.get_queue(queue_name)
    oldest_ms = unix_time_millis() - 1000.0 * int(queue.message_retention_period)
    for message in [each for each in queue._messages if each.sent_timestamp <= oldest_ms]:
        queue._messages.remove(message)
        queue.pending_messages.discard(message)
        queue.deleted_messages.update(message.all_receipt_handles)
    return hooks.stock(SQSBackend, "receive_message")(self, queue_name, *arguments, **named)
