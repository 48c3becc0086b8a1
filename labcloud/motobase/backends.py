"""moto 5.2's backends: which operations they implement, and how a request reaches them."""

from __future__ import annotations

import io
import threading
from typing import Any

from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.request import Request
from moto.core.responses import BaseResponse
from moto.core.utils import camelcase_to_underscores, method_names_from_class
from moto.moto_server.werkzeug_app import create_backend_app

from labcloud.errors import AwsError, NotServed
from labcloud.motobase import on_demand
from labcloud.motobase.wire import WireResponse

ACCOUNT_ID: str = DEFAULT_ACCOUNT_ID
"""The local cloud's account."""

_MODULES = {"lambda": "awslambda"}
_DISPATCH_THEMSELVES = frozenset({"s3"})
"""Services whose response class dispatches by hand, so that its methods do not tell what it implements."""


class MotoBackends:
    """Answers AWS requests with moto's response classes, one small Flask application a service, made at first use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._applications: dict[str, Any] = {}
        self._implemented: dict[str, frozenset[str]] = {}

    def implements(self, service: str, operation: str) -> bool:
        """Whether moto has a method for the operation."""
        if service in _DISPATCH_THEMSELVES:
            return True
        application = self._application(service)
        return camelcase_to_underscores(operation) in self._implemented[application.service]

    def answer(self, service: str, operation: str, request: Request) -> WireResponse:
        """Lets moto answer. Raises NotServed when moto gives up half-way, AwsError InternalFailure when it breaks."""
        environ = {**request.environ, "wsgi.input": io.BytesIO(request.data), "CONTENT_LENGTH": str(len(request.data))}
        for key in ("werkzeug.request", "HTTP_TRANSFER_ENCODING", "wsgi.input_terminated"):
            environ.pop(key, None)
        caught: dict[str, Any] = {}

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            caught.update(status=int(status.split()[0]), headers=headers)

        try:
            chunks = self._application(service)(environ, start_response)
            body = b"".join(chunks)
        except NotImplementedError as error:
            raise NotServed(f"{service} {operation} is not served by the local cloud: {error}") from error
        return WireResponse(caught["status"], _single_headers(caught["headers"]), body)

    def _application(self, service: str) -> Any:
        module = _MODULES.get(service, service.replace("-", ""))
        with self._lock:
            if module not in self._applications:
                on_demand.install_for(module)
                application = create_backend_app(module)  # type: ignore[arg-type]
                self._implemented[module] = _implemented_methods(module)
                self._applications[module] = application
            return self._applications[module]


def _implemented_methods(module: str) -> frozenset[str]:
    backend_dict = get_backend(module)  # type: ignore[call-overload]
    regions = backend_dict[DEFAULT_ACCOUNT_ID]
    backend = regions["us-east-1"] if "us-east-1" in regions else regions["aws"]
    names: set[str] = set()
    for handler in backend.flask_paths.values():
        owner = getattr(handler, "__self__", None)
        if isinstance(owner, type) and issubclass(owner, BaseResponse):
            names.update(method_names_from_class(owner))
        else:
            names.add(handler.__name__)
    return frozenset(names)


def _single_headers(headers: list[tuple[str, str]]) -> dict[str, str]:
    """moto's headers without those that the HTTP server writes itself."""
    return {name: value for name, value in headers if name.lower() not in ("content-length", "connection")}


def unexpected(service: str, operation: str, error: Exception) -> AwsError:
    """The answer to a crash inside a backend: never retried, and it says whose fault it is."""
    return AwsError(
        f"The local cloud failed at {service} {operation}: {type(error).__name__}: {error}. "
        "This is a fault of the local cloud, not of your request; its log has the details.",
        code="InternalFailure",
        status=501,
    )
