"""From the pieces of an HTTP request to the WSGI environment that moto's request class is made of. Pure."""

from __future__ import annotations

import functools
import io
import sys
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes, urlsplit

from moto.core.request import (
    PRESERVED_HEADER_NAMES_ENVIRON_KEY,
    environ_key_for_header,
    should_preserve_original_header_name,
)

LARGEST_HEAD = 64 * 1024
"""Bytes of a request line with its headers."""
HEAD_TOO_LARGE = f"The request line and headers have more than {LARGEST_HEAD} bytes."


class TooLarge(Exception):
    """A request whose head is beyond the limit."""


class BadTarget(Exception):
    """A request line whose target is no path and no URL."""


class Head:
    """Counts what the parser keeps to itself: a name or a value, however long, until it is complete."""

    def __init__(self) -> None:
        self._open = False
        self._bytes = 0

    def begin(self) -> None:
        self._open, self._bytes = True, 0

    def end(self) -> None:
        self._open = False

    def feed(self, parser: Any, data: bytes) -> None:
        """Feeds the parser, whose callbacks call `begin` and `end`. Raises TooLarge, and what the parser raises."""
        was_open = self._open
        parser.feed_data(data)
        if was_open and self._open:
            self._bytes += len(data)
            if self._bytes > LARGEST_HEAD:
                raise TooLarge(HEAD_TOO_LARGE)


class Incoming:
    """A request while it comes in."""

    def __init__(self) -> None:
        self.method = ""
        self.version = "1.1"
        self.keep_alive = True
        self.target = b""
        self.headers: list[tuple[str, str]] = []
        self.largest = 0
        self.size = 0
        """Bytes of the body that are held."""
        self.refused: tuple[int, str] | None = None
        """The status and the reason, if the body is not taken."""
        self._body: list[bytes] = []
        self._head_bytes = 0

    def add_target(self, target: bytes) -> None:
        self._count_head(len(target))
        self.target += target

    def add_header(self, name: bytes, value: bytes) -> None:
        self._count_head(len(name) + len(value) + 4)
        self.headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def add_body(self, piece: bytes) -> None:
        self.size += len(piece)
        self._body.append(piece)

    def forget_body(self) -> None:
        self.size = 0
        self._body.clear()

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name), "")

    @property
    def query(self) -> dict[str, str]:
        """The decoded query of the target, as far as it can be read."""
        return dict(parse_qsl(self.target.decode("latin-1").partition("?")[2]))

    @property
    def body(self) -> bytes:
        return b"".join(self._body)

    def _count_head(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > LARGEST_HEAD:
            raise TooLarge(HEAD_TOO_LARGE)


def environ_of(incoming: Incoming, peer: str, port: int) -> dict[str, Any]:
    """The WSGI environment (PEP 3333). S3's metadata headers keep the spelling that they were sent with.

    Raises BadTarget.
    """
    target = incoming.target.decode("latin-1")
    path, query = path_and_query(target)
    body = incoming.body
    environ: dict[str, Any] = {
        "REQUEST_METHOD": incoming.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "RAW_URI": target,
        "REQUEST_URI": target,
        "REMOTE_ADDR": peer,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{incoming.version}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    preserved: dict[str, str] = {}
    dashed: set[str] | None = None
    for name, value in incoming.headers:
        key = _environ_key(name)
        if "_" in name:
            if dashed is None:
                dashed = {_environ_key(name) for name, _ in incoming.headers if "_" not in name}
            if not should_preserve_original_header_name(name) or key in dashed:
                continue  # an underscore must never stand in for a dash
            preserved.setdefault(key, name)
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ["CONTENT_LENGTH"] = str(len(body))
    if preserved:
        environ[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = preserved
    return environ


def path_and_query(target: str) -> tuple[str, str]:
    """Of a request line's target, which may be a whole URL (RFC 9112 §3.2.2). Raises BadTarget."""
    try:
        absolute = urlsplit(target) if target.startswith(("http://", "https://")) else None
    except ValueError as error:
        raise BadTarget(f"{target[:80]!r} is not a URL: {error}") from error
    path, _, query = (f"{absolute.path}?{absolute.query}" if absolute else target).partition("?")
    return path, query


_environ_key = functools.lru_cache(1024)(environ_key_for_header)
