"""MQTT over WebSocket without I/O: the HTTP upgrade (RFC 6455 §4) and the frames (§5). Binary frames only.

AWS serves `wss://<endpoint>/mqtt` with the subprotocol `mqtt` (Developer Guide, "MQTT over WSS").
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus

LARGEST_REQUEST = 16 * 1024
LARGEST_FRAME = 256 * 1024
ACCEPT_KEY = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
PROTOCOL_ERROR, UNSUPPORTED_DATA, TOO_BIG = 1002, 1003, 1009


class BadUpgrade(ValueError):
    """The HTTP request is not a WebSocket upgrade for MQTT; `status` is the answer."""

    def __init__(self, status: str, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True)
class Upgrade:
    """The HTTP request that asks for a WebSocket: query pairs decoded, header names in lower case."""

    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]


def parse_upgrade(data: bytes) -> tuple[Upgrade, bytes] | None:
    """The request and what follows it; None: not all of it has arrived."""
    head, end, rest = data.partition(b"\r\n\r\n")
    if len(head) > LARGEST_REQUEST:
        raise BadUpgrade("431 Request Header Fields Too Large", "the request's head is too long")
    if not end:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or words[0] != "GET" or not words[2].startswith("HTTP/1.1"):
        raise BadUpgrade("400 Bad Request", f"not a WebSocket upgrade: {first[:80]!r}")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    path, _, query = words[1].partition("?")
    pairs = (item.partition("=") for item in query.split("&") if item)
    upgrade = Upgrade(path, tuple((unquote_plus(name), unquote_plus(value)) for name, _, value in pairs), headers)
    _check(upgrade)
    return upgrade, rest


def _check(upgrade: Upgrade) -> None:
    headers = upgrade.headers
    if upgrade.path != "/mqtt":
        raise BadUpgrade("404 Not Found", f"MQTT over WebSocket is at /mqtt, not at {upgrade.path[:80]}")
    if headers.get("upgrade", "").lower() != "websocket" or "sec-websocket-key" not in headers:
        raise BadUpgrade("400 Bad Request", "the request does not ask for a WebSocket")
    if headers.get("sec-websocket-version") != "13":
        raise BadUpgrade("426 Upgrade Required", "only WebSocket version 13 is served")
    if "mqtt" not in [name.strip() for name in headers.get("sec-websocket-protocol", "").split(",")]:
        raise BadUpgrade("400 Bad Request", "the subprotocol mqtt is missing")


def accept_response(upgrade: Upgrade) -> bytes:
    """101 Switching Protocols."""
    digest = hashlib.sha1((upgrade.headers["sec-websocket-key"] + ACCEPT_KEY).encode()).digest()
    lines = (
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {base64.b64encode(digest).decode()}",
        "Sec-WebSocket-Protocol: mqtt",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def refuse_response(status: str, text: str) -> bytes:
    """An HTTP error with its reason as the body."""
    body = text.encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"Connection: close\r\n\r\n" + body


def encode_frame(payload: bytes, opcode: int = BINARY) -> bytes:
    """One unmasked frame, as servers send them [RFC 6455 §5.1]."""
    size = len(payload)
    if size < 126:
        return bytes((0x80 | opcode, size)) + payload
    if size < 0x10000:
        return bytes((0x80 | opcode, 126)) + size.to_bytes(2, "big") + payload
    return bytes((0x80 | opcode, 127)) + size.to_bytes(8, "big") + payload


class Frames:
    """The client's frames taken apart. `receive` returns the MQTT bytes; `replies` and `closed` are for the shell."""

    def __init__(self) -> None:
        self.replies: list[bytes] = []
        self.closed = False
        self._rest = b""

    def receive(self, data: bytes) -> bytes:
        """MQTT bytes in the frames that are complete; frame borders mean nothing to MQTT [MQTT-6.0.0-2]."""
        buffer, position, found = self._rest + data, 0, []
        while not self.closed and (frame := self._read(buffer, position)) is not None:
            opcode, payload, position = frame
            if opcode in (BINARY, CONTINUATION):
                found.append(payload)
            elif opcode == PING:
                self.replies.append(encode_frame(payload, PONG))
            elif opcode == CLOSE:
                self._close(payload[:2])
            elif opcode != PONG:
                self._close(UNSUPPORTED_DATA.to_bytes(2, "big"))
        self._rest = b"" if self.closed else buffer[position:]
        return b"".join(found)

    def _read(self, buffer: bytes, at: int) -> tuple[int, bytes, int] | None:
        if len(buffer) - at < 2:
            return None
        opcode, size, masked = buffer[at] & 0x0F, buffer[at + 1] & 0x7F, buffer[at + 1] & 0x80
        extra = {126: 2, 127: 8}.get(size, 0)
        body = at + 2 + extra + 4
        if len(buffer) < body:
            return None
        if extra:
            size = int.from_bytes(buffer[at + 2 : at + 2 + extra], "big")
        control = opcode & 8
        if not masked or buffer[at] & 0x70 or (control and (size > 125 or not buffer[at] & 0x80)):
            self._close(PROTOCOL_ERROR.to_bytes(2, "big"))
            return None
        if size > LARGEST_FRAME:
            self._close(TOO_BIG.to_bytes(2, "big"))
            return None
        if len(buffer) < body + size:
            return None
        return opcode, _unmask(buffer[body : body + size], buffer[body - 4 : body]), body + size

    def _close(self, code: bytes) -> None:
        self.closed = True
        self.replies.append(encode_frame(code, CLOSE))


def _unmask(payload: bytes, key: bytes) -> bytes:
    """Every byte exclusive-or the key's bytes in turn [RFC 6455 §5.3]."""
    mask = (key * (len(payload) // 4 + 1))[: len(payload)]
    mixed = int.from_bytes(payload, "little") ^ int.from_bytes(mask, "little")
    return mixed.to_bytes(len(payload), "little")
