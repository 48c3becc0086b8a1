"""moto 5.2's backends: which operations they implement, and how a request reaches them."""

from __future__ import annotations

import functools
import io
import threading
from typing import TYPE_CHECKING, Any

from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.request import Request
from moto.core.responses import BaseResponse
from moto.core.utils import camelcase_to_underscores, method_names_from_class

from labcloud.api import ApiRequest
from labcloud.errors import AwsError, NotServed
from labcloud.motobase import on_demand
from labcloud.motobase.wire import WireResponse, as_response

if TYPE_CHECKING:
    from labcloud.motobase.direct import DirectDynamoDB

ACCOUNT_ID: str = DEFAULT_ACCOUNT_ID
"""The local cloud's account."""

_MODULES = {"lambda": "awslambda"}
_DISPATCH_THEMSELVES = frozenset({"s3"})
"""Services whose response class dispatches by hand, so that its methods do not tell what it implements."""


class MotoBackends:
    """Answers AWS requests with moto's response classes, directly or through a small Flask application a service."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._applications: dict[str, Any] = {}
        self._implemented: dict[str, frozenset[str]] = {}
        self._direct: dict[str, Any] = {}

    def implements(self, service: str, operation: str) -> bool:
        """Whether moto has a method for the operation."""
        if service in _DISPATCH_THEMSELVES:
            return True
        return _method_name(operation) in self._implemented[self._loaded(service)]

    def answer_parsed(self, parsed: ApiRequest, request: Request) -> WireResponse:
        """`answer`, by the short way for what programs send by the thousand."""
        if parsed.service == "dynamodb" and (response := _dynamodb().answer(parsed, request)):
            return response
        return self.answer(parsed.service, parsed.operation, request)

    def answer(self, service: str, operation: str, request: Request) -> WireResponse:
        """Lets moto answer. Raises NotServed when moto gives up half-way, AwsError InternalFailure when it breaks."""
        direct = self._direct_handler(service, request.path)
        if direct is not None:
            return _dispatch(direct, service, operation, request)
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

    def _direct_handler(self, service: str, path: str) -> Any:
        """The response class of a service whose requests all go to "/": Flask need not look for it."""
        return self._direct.get(self._loaded(service)) if path == "/" else None

    def _application(self, service: str) -> Any:
        module = self._loaded(service)
        with self._lock:
            if module not in self._applications:
                from moto.moto_server.werkzeug_app import create_backend_app  # Flask: many programs never need it

                self._applications[module] = create_backend_app(module)  # type: ignore[arg-type]
            return self._applications[module]

    def _loaded(self, service: str) -> str:
        """moto's module of the service, with our hooks in place."""
        module = _MODULES.get(service, service.replace("-", ""))
        with self._lock:
            if module not in self._implemented:
                on_demand.install_for(module)
                paths = _paths(module)
                root = paths.get("/")
                if root is not None and _owner(root) is not None and root.__name__ == "dispatch":
                    self._direct[module] = root
                self._implemented[module] = _implemented_methods(paths)
            return module


_method_name = functools.cache(camelcase_to_underscores)


@functools.cache
def _dynamodb() -> DirectDynamoDB:
    from labcloud.motobase.direct import DirectDynamoDB

    return DirectDynamoDB()


def _dispatch(handler: Any, service: str, operation: str, request: Request) -> WireResponse:
    try:
        result = handler(request, request.raw_url, dict(request.headers))
    except NotImplementedError as error:
        raise NotServed(f"{service} {operation} is not served by the local cloud: {error}") from error
    return as_response(result if len(result) == 3 else (200, {}, result))


def _paths(module: str) -> dict[str, Any]:
    regions = get_backend(module)[DEFAULT_ACCOUNT_ID]  # type: ignore[call-overload]
    backend = regions["us-east-1"] if "us-east-1" in regions else regions["aws"]
    paths: dict[str, Any] = backend.flask_paths
    return paths


def _owner(handler: Any) -> type[BaseResponse] | None:
    owner = getattr(handler, "__self__", None)
    return owner if isinstance(owner, type) and issubclass(owner, BaseResponse) else None


def _implemented_methods(paths: dict[str, Any]) -> frozenset[str]:
    names: set[str] = set()
    for handler in paths.values():
        owner = _owner(handler)
        names.update(method_names_from_class(owner) if owner else [handler.__name__])
    return frozenset(names)


def _single_headers(headers: list[tuple[str, str]]) -> dict[str, str]:
    """moto's headers by name; the HTTP server leaves out those that it writes itself."""
    return dict(headers)


def unexpected(service: str, operation: str, error: Exception) -> AwsError:
    """The answer to a crash inside a backend: never retried, and it says whose fault it is."""
    return AwsError(
        f"The local cloud failed at {service} {operation}: {type(error).__name__}: {error}. "
        "This is a fault of the local cloud, not of your request; its log has the details.",
        code="InternalFailure",
        status=501,
    )
