"""Log subscriptions on moto 5.2.5 that lead into a delivery stream.

moto 5.2.5 writes each batch of log lines to S3 at once, past the stream's buffer, prefix and role.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from moto.firehose.models import FirehoseBackend

from labcloud.api import Scope
from labcloud.errors import AwsError
from labcloud.motobase import hooks
from labcloud.motobase.logs import subscribed_data

log = logging.getLogger("labcloud.firehose")

Put = Callable[[Scope, str, Sequence[bytes]], None]

_put: Put = lambda scope, name, records: None  # noqa: E731


def use(put: Put) -> None:
    """`put` takes records for a delivery stream."""
    global _put
    _put = put


def install() -> None:
    """Puts the hook in place."""
    if hooks.first_time(__name__):
        hooks.replace(FirehoseBackend, "send_log_event", send_log_event)


def send_log_event(
    self: FirehoseBackend,
    delivery_stream_arn: str,
    filter_name: str,
    log_group_name: str,
    log_stream_name: str,
    log_events: list[dict[str, Any]],
) -> None:
    """One gzipped record for each batch of lines. Source: CloudWatch Logs User Guide, "Subscription filters"."""
    data = subscribed_data(self.account_id, filter_name, log_group_name, log_stream_name, log_events)
    name = delivery_stream_arn.rpartition("/")[2]
    try:
        _put(Scope(self.account_id, self.region_name), name, [data])
    except AwsError as error:
        log.warning("log group %s: delivery stream %s took no lines: %s", log_group_name, name, error)
