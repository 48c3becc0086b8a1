"""Delivers an HTTP action's request, again after some failures.

Source: AWS IoT Core Developer Guide, "HTTP": at most three tries, again only after 429 and 500 to 599, all within the
action's time. Nothing is said of a pause between tries; there is none here.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from labcloud.errors import AwsError
from labcloud.shell.web import Answer, NotSent

MOST_TRIES = 3
TIME_LIMIT_S = 3.0


class Sender(Protocol):
    """One POST. Raises NotSent."""

    def post(self, url: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> Answer: ...


def post_until_taken(
    sender: Sender,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Returns when the receiver answered 2xx. Raises AwsError with the last failure."""
    began, status = monotonic(), 0
    for _ in range(MOST_TRIES):
        left_s = TIME_LIMIT_S - (monotonic() - began)
        if left_s <= 0:
            raise AwsError(f"POST {url} took longer than {TIME_LIMIT_S:.0f} s", code="RequestTimeout")
        try:
            status = sender.post(url, headers, body, left_s).status
        except NotSent as error:
            raise AwsError(str(error), code="EndpointFailure") from error
        if status < 300 and status >= 200:
            return
        if status != 429 and not 500 <= status <= 599:
            break
    reason = http.client.responses.get(status, "Unknown")
    text = "HttpAction failed to make a request to the specified endpoint."
    raise AwsError(f"{text} StatusCode: {status}. Reason: {reason}.", code="EndpointFailure")
