"""What a statement is evaluated on: the message, the environment around it, and the port to other AWS services."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .errors import FunctionFailed
from .jsontext import parse_json
from .values import Value

MAX_ROWS = 100_000
"""Nested queries look at so many elements of a message; more fail the rule, so that no statement stalls the engine."""
MAX_QUERY_S = 1.0
"""Processor time that the nested queries of a message may take: a costly function on a long text, element by element."""

MAX_CALLS = 100
"""Calls of other services that the nested queries of a message may make."""

MAX_SELECTED = 16 << 20
"""Characters that the nested queries of a message may select: a long text beside each of many elements is more."""

REGEXP_BUDGET_S = 0.5
"""Seconds that the regular expressions of one message may take together; from then on they are Undefined."""

Document = dict[str, Value] | list[Value] | None


@dataclass
class Message:
    """One published message, with what the broker knows of its sender. Not changed after it is made.

    `topic` is the one published to; the prefix of Basic Ingest is removed by the functions that must not see it.
    """

    topic: str
    payload: bytes
    timestamp_ms: int
    client_id: str | None = None
    principal: str | None = None
    source_ip: str | None = None
    trace_id: str | None = None
    protocol: str = "mqtt"
    content_type: str | None = None
    response_topic: str | None = None
    correlation_data: bytes | None = None
    format_indicator: int | None = None
    """MQTT 5 payload format indicator: 1 is UTF-8."""
    user_properties: Sequence[tuple[str, str]] = ()

    def __getstate__(self) -> dict[str, Any]:
        """Pickled without what was read from the payload."""
        return {name: value for name, value in self.__dict__.items() if not name.startswith("document_")}

    @property
    def document_2015(self) -> Document:
        """The payload as the rules of version 2015-10-08 see it; None where it is not a JSON object or array."""
        return self._read("document_2015", whole_numbers_are_ints=False)

    @property
    def document_2016(self) -> Document:
        """The payload as the rules of version 2016-03-23 see it."""
        return self._read("document_2016", whole_numbers_are_ints=True)

    def _read(self, name: str, *, whole_numbers_are_ints: bool) -> Document:
        """Read once for all rules; functools.cached_property would take a lock for it."""
        known = self.__dict__
        if name not in known:
            known[name] = _document(self.payload, whole_numbers_are_ints=whole_numbers_are_ints)
        found: Document = known[name]
        return found


def _document(payload: bytes, *, whole_numbers_are_ints: bool) -> Document:
    # iot-sql-where calls the payload 80 a "non-JSON payload": only objects and arrays have something to select.
    value = parse_json(payload, whole_numbers_are_ints=whole_numbers_are_ints)
    return value if isinstance(value, dict | list) else None


class External(Protocol):
    """The AWS services that a statement may ask. Each method raises FunctionFailed when AWS would have failed."""

    def for_rule(self, rule_arn: str) -> External:
        """The port as this rule has it: trust and resource policies may be for it alone."""

    def aws_lambda(self, function_arn: str, payload: Any) -> Any: ...
    def get_dynamodb(self, table: str, key: Mapping[str, Any], role_arn: str) -> Any: ...
    def get_thing_shadow(self, thing: str, shadow: str | None, role_arn: str) -> Any: ...
    def get_secret(self, secret_id: str, secret_type: str, key: str | None, role_arn: str) -> Any: ...
    def get_registry_data(self, api: str, thing: str, role_arn: str) -> Any: ...
    def machinelearning_predict(self, model_id: str, role_arn: str, record: Mapping[str, Any]) -> Any: ...
    def fetch_proto(self, bucket: str, key: str) -> bytes: ...


class NoServices:
    """The external port of an engine without neighbours: every function fails."""

    def for_rule(self, rule_arn: str) -> NoServices:
        return self

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)

        def fail(*_: object) -> Any:
            raise FunctionFailed(f"{name} failed: no AWS service can be reached from here")

        return fail


@dataclass
class Environment:
    """What surrounds the engine: the account, the other services, and where chance comes from."""

    account_id: str
    region: str = "us-east-1"
    external: External = field(default_factory=NoServices)
    random: Callable[[], float] = random.random
    new_uuid: Callable[[], str] = lambda: str(uuid.uuid4())


class Context:
    """One evaluation: what the compiled closures read, and what they must not do twice."""

    __slots__ = (
        "calls_left",
        "deadline",
        "document",
        "environment",
        "made",
        "memo",
        "message",
        "processor_end",
        "regexp_left_s",
        "room_left",
        "rows",
        "rows_left",
        "variables",
        "version",
    )

    def __init__(self, message: Message, environment: Environment, document: Any, version: str) -> None:
        self.message = message
        self.environment = environment
        self.document = document
        self.version = version
        self.variables: dict[str, Value] = {}
        self.made: dict[int, dict[str, Value]] = {}
        """Objects that dotted aliases of the SELECT at work have made, by id: they may be changed."""
        self.rows: list[Value] = []
        """The current element of each nested query, outermost first."""
        self.rows_left = MAX_ROWS
        self.room_left = MAX_SELECTED
        self.calls_left = MAX_CALLS
        self.processor_end = 0.0
        self.deadline = 0.0
        """When to look at the processor's time, `processor_end`, again: set by the first nested query."""
        self.regexp_left_s = REGEXP_BUDGET_S
        self.memo: dict[int, Value] = {}
        """Results of functions that are called once per message, by node."""
