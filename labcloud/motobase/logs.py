"""Filter patterns and subscription filters of CloudWatch Logs, on moto 5.2.5.

moto takes patterns of several words for one, lets everything through where it does not understand a pattern, ignores
the patterns of subscription filters, and starts functions in Docker. Source: CloudWatch Logs User Guide, "Filter
pattern syntax for unstructured log events" and "Using subscription filters with AWS Lambda".
"""

from __future__ import annotations

import base64
import gzip
import json
import logging
import re
from collections.abc import Callable
from typing import Any

import moto.logs.models
from moto.awslambda.models import LambdaBackend
from moto.logs.models import LogStream

from labcloud.api import Scope
from labcloud.errors import AwsError
from labcloud.motobase import hooks

log = logging.getLogger("labcloud.logs")

SERVICE = "logs.amazonaws.com"

Invoke = Callable[[Scope, str, bytes, str, str], None]
"""invoke(scope, function ARN, payload, service, source ARN); raises AwsError."""

_invoke: Invoke = lambda scope, function_arn, payload, service, source_arn: None  # noqa: E731


def use(invoke: Invoke) -> None:
    """`invoke` starts a function whose policy lets the service do so."""
    global _invoke
    _invoke = invoke


def install() -> None:
    """Puts the hooks in place."""
    if hooks.first_time(__name__):
        hooks.replace(moto.logs.models, "EventMessageFilter", Terms)
        hooks.replace(LogStream, "_send_log_events", send_log_events)
        hooks.replace(LambdaBackend, "send_log_event", send_log_event)


class Terms:
    """A pattern of terms: all of the plain ones, one of those with `?` in front, none of those with `-` in front."""

    def __init__(self, pattern: str | None) -> None:
        found = re.findall(r'([?-]?)(?:"((?:[^"\\]|\\.)*)"|(\S+))', pattern or "")
        terms = [(mark, re.sub(r"\\(.)", r"\1", quoted) if quoted else plain) for mark, quoted, plain in found]
        self._all = [term for mark, term in terms if not mark]
        self._any = [term for mark, term in terms if mark == "?"]
        self._none = [term for mark, term in terms if mark == "-"]

    def matches(self, message: str) -> bool:
        if any(term in message for term in self._none) or not all(term in message for term in self._all):
            return False
        return bool(self._all) or not self._any or any(term in message for term in self._any)


def send_log_events(
    self: LogStream, service: str, destination_arn: str, filter_name: str, log_events: list[dict[str, Any]]
) -> None:
    """Only what the filter's pattern matches; nothing where nothing does."""
    terms = Terms(self.log_group.subscription_filters[filter_name].filter_pattern)
    chosen = [event for event in log_events if terms.matches(event["message"])]
    if chosen:
        hooks.stock(LogStream, "_send_log_events")(self, service, destination_arn, filter_name, chosen)


def send_log_event(
    self: LambdaBackend,
    function_arn: str,
    filter_name: str,
    log_group_name: str,
    log_stream_name: str,
    log_events: list[dict[str, Any]],
) -> None:
    """An asynchronous invocation, if the function's policy lets CloudWatch Logs do so for this group."""
    scope = Scope(self.account_id, self.region_name)
    data = subscribed_data(self.account_id, filter_name, log_group_name, log_stream_name, log_events)
    payload = json.dumps({"awslogs": {"data": base64.b64encode(data).decode()}}).encode()
    try:
        _invoke(scope, function_arn, payload, SERVICE, scope.arn("logs", f"log-group:{log_group_name}:*"))
    except AwsError as error:
        log.warning("log group %s: function %s took no lines: %s", log_group_name, function_arn, error)


def subscribed_data(
    account_id: str, filter_name: str, log_group_name: str, log_stream_name: str, log_events: list[dict[str, Any]]
) -> bytes:
    """One batch of lines as a subscription delivers it: gzipped JSON."""
    data = {
        "messageType": "DATA_MESSAGE",
        "owner": account_id,
        "logGroup": log_group_name,
        "logStream": log_stream_name,
        "subscriptionFilters": [filter_name],
        "logEvents": log_events,
    }
    return gzip.compress(json.dumps(data).encode(), mtime=0)
