"""Sends messages into moto 5.2's SQS in-process."""

from __future__ import annotations

from urllib.parse import urlsplit

from moto.sqs.models import sqs_backends

from labcloud.motobase.refusals import as_aws_errors


def send_message(account_id: str, region: str, queue_url: str, body: str) -> None:
    """Sends a message to the queue that the URL's path names. Raises AwsError as SendMessage does."""
    name = urlsplit(queue_url).path.rsplit("/", 1)[-1]
    with as_aws_errors():
        sqs_backends[account_id][region].send_message(name, body)
