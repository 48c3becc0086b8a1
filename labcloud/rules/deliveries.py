"""What a rule's action does to the world, as data: what it needs to be allowed and how it is sent through a port."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from labcloud.api import Scope


class Need(NamedTuple):
    """A permission that the rule's role must give."""

    action: str
    resource: str
    context: Mapping[str, str] = MappingProxyType({})
    """Condition keys of the action, for example cloudwatch:namespace."""


class Ports(Protocol):
    """The neighbours that actions write to. Each call raises AwsError when the neighbour refuses."""

    def put_item(self, scope: Scope, table: str, item: dict[str, Any]) -> None: ...

    def write_records(self, scope: Scope, database: str, table: str, records: list[dict[str, Any]]) -> None: ...

    def invoke_function(self, scope: Scope, function_arn: str, payload: bytes, source_arn: str) -> None: ...

    def publish(
        self, scope: Scope, topic: str, payload: bytes, qos: int, trace_id: str, headers: Mapping[str, Any]
    ) -> None: ...

    def update_item(self, scope: Scope, table: str, key: dict[str, Any], changes: dict[str, Any]) -> None: ...

    def delete_item(self, scope: Scope, table: str, key: dict[str, Any]) -> None: ...

    def put_object(self, scope: Scope, bucket: str, key: str, body: bytes, canned_acl: str | None) -> None: ...

    def put_to_delivery_stream(self, scope: Scope, name: str, records: Sequence[bytes]) -> None: ...

    def put_to_stream(self, scope: Scope, name: str, partition_key: str, data: bytes) -> None: ...

    def notify(self, scope: Scope, target_arn: str, message: str, structure: str | None) -> None: ...

    def send_message(self, scope: Scope, queue_url: str, body: str) -> None: ...

    def put_log_lines(self, scope: Scope, group: str, stream: str, lines: Sequence[tuple[int, str]]) -> None: ...

    def put_metric(self, scope: Scope, namespace: str, metric: Mapping[str, Any]) -> None: ...

    def set_alarm_state(self, scope: Scope, alarm: str, state: str, reason: str) -> None: ...

    def start_execution(self, scope: Scope, machine_arn: str, text: str, name: str) -> None: ...

    def post(self, scope: Scope, url: str, headers: Mapping[str, str], body: bytes) -> None: ...


class Origin(NamedTuple):
    """Which message and rule a delivery comes from."""

    scope: Scope
    rule_name: str
    rule_arn: str
    topic: str
    trace_id: str


class Delivery(Protocol):
    """One action, ready to be sent."""

    failed_action: str
    """The action's name in the message of an error action, for example "DynamoAction"."""

    @property
    def resource(self) -> str:
        """The target's name, for logs and the error action."""
        ...

    @property
    def summary(self) -> str:
        """What it does, in a few words for the trace."""
        ...

    def needs(self, scope: Scope) -> list[Need]:
        """The permissions that the rule's role must give; empty if the target decides by its own policy."""
        ...

    def send(self, origin: Origin, ports: Ports) -> None:
        """Does it. Raises AwsError."""
        ...
