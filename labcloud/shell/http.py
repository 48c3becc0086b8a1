"""The HTTP server: a thin shell around a function from request to response."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable

from moto.core.request import Request
from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import ThreadedWSGIServer
from werkzeug.wrappers import Response

from labcloud.motobase.wire import WireResponse

log = logging.getLogger("labcloud.http")

Answer = Callable[[Request], WireResponse]


class ServedRequest(Request):
    """A request that arrived over a socket (moto asks)."""

    from_wsgi_server = True


class _Handler(MotoRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 120
    """Seconds that a silent connection is kept."""

    def log_request(self, code: object = "-", size: object = "-") -> None:
        log.debug("%s %s", self.requestline or "an unreadable request", code)

    def log(self, type: str, message: str, *args: object) -> None:
        log.debug(message, *args)

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class HttpServer:
    """Serves `answer` on a loopback port, a thread a connection."""

    def __init__(self, host: str, port: int, answer: Answer) -> None:
        self._answer = answer
        self._server = ThreadedWSGIServer(host, port, self._application, handler=_Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="http", daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Frees the port of a server that was never started."""
        self._server.server_close()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    def _application(self, environ: dict, start_response: Callable) -> object:
        request = ServedRequest(environ)
        request.get_data(cache=True, parse_form_data=False)  # before a form parser eats the body
        wire = self._answer(request)
        response = Response(wire.body, wire.status, headers=wire.headers)
        return response(environ, start_response)
