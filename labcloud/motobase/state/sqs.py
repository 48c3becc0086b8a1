"""SQS messages, each a row. Written against moto 5.2.5."""

from __future__ import annotations

import threading
from typing import Any

from moto.sqs.models import Message, Queue, SQSBackend

from labcloud.motobase.state.parts import KINDS, Kind, around, changed


def install() -> None:
    """Puts the hooks in place."""
    KINDS[Queue] = Kind(
        {
            "_messages": lambda queue: [],
            "_pending_messages": lambda queue: set(),
            "_messages_lock": lambda queue: threading.Condition(),
        },
        _ids,
        lambda queue, key: next((message for message in list(queue._messages) if message.id == key), None),
        _fill,
    )
    around(Queue, "add_message", _after_add)
    around(Queue, "delete_message", _after_delete)
    around(SQSBackend, "receive_message", _after_receive)
    around(SQSBackend, "change_message_visibility", _after_visibility)
    around(SQSBackend, "purge_queue", _after_purge)


def _ids(queue: Queue) -> list[str]:
    return [message.id for message in list(queue._messages)]


def _after_add(call: Any, queue: Queue, message: Message) -> None:
    call(queue, message)
    changed(queue, message.id)


def _after_delete(call: Any, queue: Queue, receipt_handle: str) -> None:
    before = _ids(queue)
    call(queue, receipt_handle)
    changed(queue, *set(before).difference(_ids(queue)))


def _after_receive(call: Any, backend: SQSBackend, queue_name: str, *arguments: Any, **named: Any) -> list[Message]:
    """What is received is changed; what was received too often goes to the dead-letter queue."""
    queue = backend.get_queue(queue_name)
    before = _ids(queue) if queue.dead_letter_queue is not None else []
    received = call(backend, queue_name, *arguments, **named)
    gone = set(before).difference(_ids(queue)) if before else ()
    changed(queue, *gone, *(message.id for message in received))
    return received


def _after_visibility(
    call: Any, backend: SQSBackend, queue_name: str, receipt_handle: str, *rest: Any, **named: Any
) -> None:
    call(backend, queue_name, receipt_handle, *rest, **named)
    queue = backend.get_queue(queue_name)
    changed(queue, *(message.id for message in queue._messages if message.had_receipt_handle(receipt_handle)))


def _after_purge(call: Any, backend: SQSBackend, queue_name: str) -> None:
    queue = backend.get_queue(queue_name)
    before = _ids(queue)
    call(backend, queue_name)
    changed(queue, *before)


def _fill(queue: Queue, messages: list[Message]) -> None:
    """In the order in which they were sent; those that were received and not given back are pending."""
    queue._messages = sorted(messages, key=lambda m: (m.sent_timestamp or 0, int(m.sequence_number or 0)))
    queue._pending_messages = {message for message in messages if message.receipt_handle and not message.visible}
