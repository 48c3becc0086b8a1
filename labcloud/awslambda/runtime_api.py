"""The Lambda Runtime API for one worker, over HTTP; AWS Lambda developer guide, "Using the Lambda runtime API".

One server for each worker: a `next` that a killed process left behind can never take an event from another worker.
"""

from __future__ import annotations

import contextlib
import json
import queue
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from labcloud.awslambda.outcome import MAX_RESPONSE_BYTES

PREFIX = "/2018-06-01/runtime/"
KEPT_BODY_BYTES = MAX_RESPONSE_BYTES + 1


@dataclass(frozen=True)
class Ready:
    """The worker asked for its next invocation: its start is over."""


@dataclass(frozen=True)
class Responded:
    payload: bytes


@dataclass(frozen=True)
class Failed:
    payload: bytes


@dataclass(frozen=True)
class InitFailed:
    payload: bytes


@dataclass(frozen=True)
class Exited:
    """The worker's process ended with this return code."""

    return_code: int


Event = Ready | Responded | Failed | InitFailed | Exited


@dataclass(frozen=True)
class Delivery:
    """One invocation as the worker receives it."""

    request_id: str
    payload: bytes
    headers: Mapping[str, str]


class RuntimeApi:
    """Hands deliveries to the worker and puts what it answers into `events`."""

    def __init__(self, listener: socket.socket, events: queue.SimpleQueue[Event]) -> None:
        self.events = events
        self.deliveries: queue.SimpleQueue[Delivery | None] = queue.SimpleQueue()
        self.open_request = ""
        self._server = _Server(listener, self)
        threading.Thread(target=self._server.serve_forever, args=(2.0,), name="lambda-runtime-api", daemon=True).start()

    def deliver(self, delivery: Delivery) -> None:
        self.open_request = delivery.request_id
        self.deliveries.put(delivery)

    def take_answer(self, request_id: str, event: Event) -> bool:
        """False for an answer to a request that is not open: it was answered already, or never given."""
        if request_id != self.open_request:
            return False
        self.open_request = ""
        self.events.put(event)
        return True

    def close(self) -> None:
        self.deliveries.put(None)
        self._server.close_soon()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, listener: socket.socket, api: RuntimeApi) -> None:
        super().__init__(("127.0.0.1", 0), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.api = api

    def close_soon(self) -> None:
        """Linux wakes the accepting thread at once, elsewhere it looks up within two seconds."""
        threading.Thread(target=self._shut_down, name="lambda-runtime-api-close", daemon=True).start()
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def _shut_down(self) -> None:
        self.shutdown()
        with contextlib.suppress(OSError):
            self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A worker that dies in the middle of a request is noticed by its exit."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_GET(self) -> None:
        if self.path != PREFIX + "invocation/next":
            self._answer_error(404, "UnknownPath", f"{self.path} is not part of the Runtime API")
            return
        api = self.server.api
        api.events.put(Ready())
        delivery = api.deliveries.get()
        if delivery is None:
            self.close_connection = True
            return
        headers = {"Lambda-Runtime-Aws-Request-Id": delivery.request_id, **delivery.headers}
        self._answer(200, delivery.payload, headers)

    def do_POST(self) -> None:
        body = self._read_body()
        what = self.path.removeprefix(PREFIX)
        if what == "init/error":
            self.server.api.events.put(InitFailed(body))
            self._answer(202, b'{"status":"OK"}\n', {})
            return
        word, _, rest = what.partition("/")
        request_id, _, kind = rest.partition("/")
        if word != "invocation" or kind not in ("response", "error"):
            self._answer_error(404, "UnknownPath", f"{self.path} is not part of the Runtime API")
        elif self.server.api.take_answer(request_id, Responded(body) if kind == "response" else Failed(body)):
            self._answer(202, b'{"status":"OK"}\n', {})
        else:
            self._answer_error(400, "InvalidRequestID", "Invalid request ID")

    def _read_body(self) -> bytes:
        """Of a body that is too large only the beginning is kept: enough to see that it is too large."""
        left = int(self.headers.get("Content-Length") or 0)
        body = bytearray()
        while left > 0 and (chunk := self.rfile.read(min(left, 1024 * 1024))):
            left -= len(chunk)
            body += chunk[: KEPT_BODY_BYTES - len(body)]
        return bytes(body)

    def _answer_error(self, status: int, error_type: str, message: str) -> None:
        self._answer(status, json.dumps({"errorType": error_type, "errorMessage": message}).encode(), {})

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response_only(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """The Runtime API is silent."""
