"""HTTP as a careless or hostile client writes it: bytes in, status and body out."""

from __future__ import annotations

import socket
from typing import NamedTuple

JSON = "Content-Type: application/x-amz-json-1.0\r\nX-Amz-Target: "
FORM = "Content-Type: application/x-www-form-urlencoded\r\n"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def credential(service: str) -> str:
    return f"AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/{service}/aws4_request, Signature=x"


def request(
    service: str, body: bytes | str = b"", headers: str = "", *, method: str = "POST", path: str = "/", host="localhost"
) -> bytes:
    """One signed request that wants the connection closed; `headers` with their line ends."""
    body = body.encode() if isinstance(body, str) else body
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {credential(service)}\r\n{headers}"
    return head.encode("latin-1") + f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


def connect(port: int, timeout_s: float = 20.0) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout_s)


def exchange(port: int, data: bytes) -> Answer | None:
    """What comes back until the server closes; None: it closed without an answer."""
    with connect(port) as link:
        try:
            link.sendall(data)
            return read_answer(link)
        except ConnectionError:
            return None


def read_answer(link: socket.socket) -> Answer | None:
    """The next answer on a connection."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = link.recv(65536)
        if not piece:
            return None
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    status = int(first.split()[1])
    if status == 100:
        return Answer(status, headers, body)
    while len(body) < int(headers.get("content-length", "0")):
        body += link.recv(65536)
    return Answer(status, headers, body)
