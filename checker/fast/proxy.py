"""Stands between Terraform and its provider: answers the question for the schema itself, trimmed; hands on all others.

No decisions here but one: GetSchema is answered from memory. Only calls with one question and one answer are handed on;
go-plugin's own streams (broker, standard output) are refused, which both sides take as absent.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc  # type: ignore[import-untyped]

SCHEMA_METHODS = {"tfplugin5.Provider/GetSchema", "tfplugin6.Provider/GetProviderSchema"}
SERVICES = ("/tfplugin5.Provider/", "/tfplugin6.Provider/")
NO_LIMITS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
SCHEMA_WITHIN_S = 60.0


def schema_method(version: int) -> str:
    """The question for the schema in a version of the plugin protocol."""
    return next(method for method in SCHEMA_METHODS if method.startswith(f"tfplugin{version}."))


class SchemaProxy(grpc.GenericRpcHandler):  # type: ignore[misc]
    """A gRPC server on a socket of its own in front of the provider at `provider`; `schema` gives the trimmed answer."""

    def __init__(self, provider: str, own: str, version: int, schema: Callable[[], bytes]) -> None:
        self._channel = grpc.insecure_channel(provider, options=NO_LIMITS)
        self._schema_method = schema_method(version)
        self._schema = schema
        self._server = grpc.server(ThreadPoolExecutor(16, "warm-provider"), (self,), options=NO_LIMITS)
        self._server.add_insecure_port(own)
        self._server.start()

    def read_schema(self) -> bytes:
        """The provider's whole answer; about two seconds of work for it."""
        return bytes(self._channel.unary_unary("/" + self._schema_method)(b"", timeout=SCHEMA_WITHIN_S))

    def service(self, handler_call_details: Any) -> Any:
        """How a call is answered; None: not at all."""
        method = handler_call_details.method
        if not method.startswith(SERVICES):
            return None
        answer = self._answer_schema if method[1:] == self._schema_method else self._handing_on(method)
        return grpc.unary_unary_rpc_method_handler(answer)

    def _answer_schema(self, _question: bytes, _context: Any) -> bytes:
        return self._schema()

    def _handing_on(self, method: str) -> Callable[[bytes, Any], bytes]:
        call = self._channel.unary_unary(method)

        def hand_on(question: bytes, context: Any) -> bytes:
            try:
                return bytes(call(question))
            except grpc.RpcError as error:
                context.abort(error.code(), error.details())
                raise

        return hand_on

    def close(self) -> None:
        """Stops listening and hangs up."""
        self._server.stop(grace=None).wait(2)
        self._channel.close()
