"""Stands between Terraform and its provider: answers the question for the schema itself, trimmed; hands on all others.

What was left out of a large type's blocks is added to the values that go to the provider and taken from those that come
back. Questions whose answer depends on nothing but the question are asked once. Only calls with one question and one answer
are handed on; go-plugin's own streams (broker, standard output) are refused, which both sides take as absent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc  # type: ignore[import-untyped]

from checker.fast.blocks import LeftOut, NotEmpty, canonical, narrow, widen
from checker.fast.message import content_of, field, fields, text_of
from checker.fast.schema import Trimmed

SCHEMA_METHODS = {"tfplugin5.Provider/GetSchema", "tfplugin6.Provider/GetProviderSchema"}
SERVICES = ("/tfplugin5.Provider/", "/tfplugin6.Provider/")
NO_LIMITS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
SCHEMA_WITHIN_S = 60.0
VALUES = {
    "ValidateResourceTypeConfig": ((2,), ()),
    "ValidateResourceConfig": ((2,), ()),
    "UpgradeResourceState": ((), (1,)),
    "ReadResource": ((2,), (1,)),
    "PlanResourceChange": ((2, 3, 4), (1,)),
    "ApplyResourceChange": ((2, 3, 4), (1,)),
}
"""The fields of questions and answers that hold values of the type named in field 1, as tfplugin5 and 6 number them."""
OF_ALL_TYPES = {"ImportResourceState", "MoveResourceState"}
"""Their answers hold values of several types."""
TIMELESS = {
    "PrepareProviderConfig",
    "ValidateProviderConfig",
    "ValidateResourceTypeConfig",
    "ValidateResourceConfig",
    "ValidateDataSourceConfig",
    "ValidateDataResourceConfig",
    "UpgradeResourceState",
}
"""Terraform asks them again in every walk through the same files; none of them may look at anything but its question."""
MOST_REMEMBERED = 2_000
MSGPACK = 1
"""The field of a DynamicValue that is used."""


def schema_method(version: int) -> str:
    """The question for the schema in a version of the plugin protocol."""
    return next(method for method in SCHEMA_METHODS if method.startswith(f"tfplugin{version}."))


class SchemaProxy(grpc.GenericRpcHandler):  # type: ignore[misc]
    """A gRPC server on a socket of its own in front of the provider at `provider`; `schema` gives the trimmed answer."""

    def __init__(self, provider: str, own: str, version: int, schema: Callable[[], Trimmed]) -> None:
        self._channel = grpc.insecure_channel(provider, options=NO_LIMITS)
        self._schema_method = schema_method(version)
        self._schema = schema
        self._left_out: Mapping[str, LeftOut] = {}
        self._wide_values: dict[bytes, bytes] = {}
        self._remembered: dict[tuple[str, bytes], bytes] = {}
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
        trimmed = self._schema()
        if trimmed.left_out != self._left_out:
            self._left_out, self._wide_values = trimmed.left_out, {}
        return trimmed.answer

    def _handing_on(self, method: str) -> Callable[[bytes, Any], bytes]:
        name = method.rpartition("/")[2]
        call = self._once(method) if name in TIMELESS else self._channel.unary_unary(method)
        asked, answered = VALUES.get(name, ((), ()))

        def hand_on(question: bytes, context: Any) -> bytes:
            left_out = self._left_out.get(text_of(question, 1)) if self._left_out and name in VALUES else None
            try:
                if self._left_out and name in OF_ALL_TYPES:
                    raise NotEmpty("of an imported resource")
                if left_out is None:
                    return bytes(call(question))
                answer = bytes(call(_changed(question, asked, lambda value: self._wide(value, left_out))))
                return _changed(answer, answered, lambda value: self._narrow(value, left_out))
            except grpc.RpcError as error:
                context.abort(error.code(), error.details())
                raise
            except NotEmpty as error:
                context.abort(grpc.StatusCode.INTERNAL, f"the block {error} was left out of the schema")
                raise

        return hand_on

    def _narrow(self, value: bytes, left_out: LeftOut) -> bytes:
        narrowed = narrow(value, left_out)
        self._wide_values[narrowed] = value
        return narrowed

    def _wide(self, value: bytes, left_out: LeftOut) -> bytes:
        """What the provider said is what it gets back: what it planned may have unknown blocks that were left out."""
        return self._wide_values.get(canonical(value)) or widen(value, left_out)

    def _once(self, method: str) -> Callable[[bytes], bytes]:
        call = self._channel.unary_unary(method)

        def ask_once(question: bytes) -> bytes:
            key = (method, question)
            if (answer := self._remembered.get(key)) is None:
                answer = bytes(call(question))
                if len(self._remembered) < MOST_REMEMBERED:
                    self._remembered[key] = answer
            return answer

        return ask_once

    def close(self) -> None:
        """Stops listening and hangs up."""
        self._server.stop(grace=None).wait(2)
        self._channel.close()


def _changed(message: bytes, numbers: tuple[int, ...], change: Callable[[bytes], bytes]) -> bytes:
    """A message with its values changed."""
    return b"".join(
        field(number, field(MSGPACK, change(content_of(content, MSGPACK)))) if number in numbers else whole
        for number, whole, content in fields(message)
    )
