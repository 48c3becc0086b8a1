"""POST requests to receivers outside the cloud: HTTP rule actions, confirmations, SNS subscribers.

They go to this machine only, unless the cloud was told otherwise: whoever can create a rule or a subscription could
else make this process call into the network that it stands in. The address that was checked is the one that is called.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

LONGEST_ANSWER = 16_384


class NotSent(Exception):
    """There is no usable answer; the text says why."""


class AnswerTooLong(NotSent):
    """The receiver answered with more than LONGEST_ANSWER bytes."""


@dataclass(frozen=True)
class Answer:
    """A receiver's answer."""

    status: int
    body: bytes


class Web:
    """Sends requests; with `anywhere` not only to loopback addresses.

    HTTPS receivers need a certificate of a public authority, or of `own_authority` (PEM).
    """

    def __init__(self, anywhere: bool = False, own_authority: str | None = None) -> None:
        self._anywhere = anywhere
        self._own_authority = own_authority

    def post(self, url: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> Answer:
        """One POST, redirects are not followed. Raises NotSent."""
        parts = urlsplit(url)
        deadline = time.monotonic() + timeout_s
        try:
            port = parts.port or (443 if parts.scheme == "https" else 80)
            connection = self._connection(parts.scheme, parts.hostname or "", port, timeout_s)
            try:
                path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                connection.request("POST", path, body, {"Host": parts.netloc.rpartition("@")[2], **headers})
                return _read(connection, deadline)
            finally:
                connection.close()
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise NotSent(f"POST {url}: {error or type(error).__name__}") from error

    def _connection(self, scheme: str, host: str, port: int, timeout_s: float) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
        link = socket.create_connection((self._allowed_address(host, port), port), timeout_s)
        connection.sock = self._secured(link, host) if scheme == "https" else link
        return connection

    def _secured(self, link: socket.socket, host: str) -> ssl.SSLSocket:
        context = ssl.create_default_context()
        if self._own_authority:
            context.load_verify_locations(cadata=self._own_authority)
        try:
            return context.wrap_socket(link, server_hostname=host)
        except OSError:
            link.close()
            raise

    def _allowed_address(self, host: str, port: int) -> str:
        found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        for address in found:
            if self._anywhere or ipaddress.ip_address(address).is_loopback:
                return address
        raise NotSent(
            f"{host} is not this machine: the local cloud posts to loopback addresses only; "
            "start it with --post-anywhere to let rules and subscriptions reach other hosts"
        )


def _read(connection: http.client.HTTPConnection, deadline: float) -> Answer:
    assert connection.sock is not None
    connection.sock.settimeout(max(0.01, deadline - time.monotonic()))
    response = connection.getresponse()
    body = response.read(LONGEST_ANSWER + 1)
    if len(body) > LONGEST_ANSWER:
        raise AnswerTooLong(f"the answer has more than {LONGEST_ANSWER} bytes")
    return Answer(response.status, body)
