"""What a rule's action does to the world, as data: what it needs to be allowed and how it is sent through a port."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from labcloud.api import Scope


@dataclass(frozen=True)
class Need:
    """A permission that the rule's role must give."""

    action: str
    resource: str


class Ports(Protocol):
    """The neighbours that actions write to. Each call raises AwsError when the neighbour refuses."""

    def put_item(self, scope: Scope, table: str, item: dict[str, Any]) -> None: ...

    def write_records(self, scope: Scope, database: str, table: str, records: list[dict[str, Any]]) -> None: ...

    def invoke_function(self, scope: Scope, function_arn: str, payload: bytes, source_arn: str) -> None: ...

    def publish(self, scope: Scope, topic: str, payload: bytes, qos: int, trace_id: str) -> None: ...


@dataclass(frozen=True)
class Origin:
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


@dataclass(frozen=True)
class PutItem:
    """Stores the result's members as an item's attributes (action dynamoDBv2)."""

    table: str
    item: dict[str, Any]
    failed_action = "DynamoDBv2Action"

    @property
    def resource(self) -> str:
        return self.table

    @property
    def summary(self) -> str:
        return f"PutItem into table {self.table}"

    def needs(self, scope: Scope) -> list[Need]:
        return [Need("dynamodb:PutItem", scope.arn("dynamodb", f"table/{self.table}"))]

    def send(self, origin: Origin, ports: Ports) -> None:
        ports.put_item(origin.scope, self.table, self.item)


@dataclass(frozen=True)
class WriteRecords:
    """Writes one single-measure record for each member of the result (action timestream)."""

    database: str
    table: str
    records: list[dict[str, Any]]
    failed_action = "TimestreamAction"

    @property
    def resource(self) -> str:
        return f"{self.database}#{self.table}"

    @property
    def summary(self) -> str:
        return f"WriteRecords of {len(self.records)} records into {self.database}.{self.table}"

    def needs(self, scope: Scope) -> list[Need]:
        table = scope.arn("timestream", f"database/{self.database}/table/{self.table}")
        return [Need("timestream:DescribeEndpoints", "*"), Need("timestream:WriteRecords", table)]

    def send(self, origin: Origin, ports: Ports) -> None:
        ports.write_records(origin.scope, self.database, self.table, self.records)


@dataclass(frozen=True)
class InvokeFunction:
    """Invokes a function asynchronously with the result as its event (action lambda)."""

    function_arn: str
    payload: bytes
    failed_action = "LambdaAction"

    @property
    def resource(self) -> str:
        return self.function_arn

    @property
    def summary(self) -> str:
        return f"Invoke of function {self.function_arn.split(':function:')[-1]}"

    def needs(self, scope: Scope) -> list[Need]:
        return []  # the function's resource policy decides

    def send(self, origin: Origin, ports: Ports) -> None:
        ports.invoke_function(origin.scope, self.function_arn, self.payload, origin.rule_arn)


@dataclass(frozen=True)
class Republish:
    """Publishes the result on another topic (action republish)."""

    topic: str
    payload: bytes
    qos: int
    failed_action = "RepublishAction"

    @property
    def resource(self) -> str:
        return self.topic

    @property
    def summary(self) -> str:
        return f"Republish on {self.topic}"

    def needs(self, scope: Scope) -> list[Need]:
        return [Need("iot:Publish", scope.arn("iot", f"topic/{self.topic}"))]

    def send(self, origin: Origin, ports: Ports) -> None:
        ports.publish(origin.scope, self.topic, self.payload, self.qos, origin.trace_id)
