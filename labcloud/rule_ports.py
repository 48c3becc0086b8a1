"""Where rule actions go: the neighbours' in-process entries, joined for the rules' dispatcher."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from labcloud.api import Scope
from labcloud.destinations.posting import Sender, post_until_taken
from labcloud.motobase import log_groups, metrics, objects, queues, streams, tables, topics

if TYPE_CHECKING:
    from labcloud.awslambda.service import Functions
    from labcloud.destinations import Destinations

Publish = Callable[[Scope, str, bytes, int, Mapping[str, Any]], None]
"""publish(scope, topic, payload, qos, MQTT 5 properties by the broker's names)"""


class Neighbours(Protocol):
    """Whom rules reach; each is looked up when a rule needs it."""

    @property
    def functions(self) -> Functions: ...

    @property
    def timestream(self) -> Timestream: ...

    @property
    def firehose(self) -> DeliveryStreams: ...

    @property
    def destinations(self) -> Destinations: ...

    @property
    def state_machines(self) -> StateMachines: ...

    @property
    def web(self) -> Sender: ...


class Timestream(Protocol):
    """Timestream, as far as rules use it. Raises AwsError."""

    def write_records(
        self, account_id: str, region: str, database: str, table: str, records: list[dict[str, Any]]
    ) -> None: ...


class DeliveryStreams(Protocol):
    """Firehose, as far as rules use it. Raises AwsError."""

    def put(self, scope: Scope, name: str, records: Sequence[bytes]) -> None: ...


class StateMachines(Protocol):
    """Step Functions, as far as rules use it. Raises AwsError."""

    def start(self, scope: Scope, machine_arn: str, text: str, name: str | None = None) -> None: ...


class RulePorts:
    """Implements the rules' Ports."""

    def __init__(self, neighbours: Neighbours, publish: Publish) -> None:
        self._neighbours = neighbours
        self._publish = publish

    def put_item(self, scope: Scope, table: str, item: dict[str, Any]) -> None:
        tables.put_item(scope.account_id, scope.region, table, item)

    def update_item(self, scope: Scope, table: str, key: dict[str, Any], changes: dict[str, Any]) -> None:
        tables.update_item(scope.account_id, scope.region, table, key, changes)

    def delete_item(self, scope: Scope, table: str, key: dict[str, Any]) -> None:
        tables.delete_item(scope.account_id, scope.region, table, key)

    def write_records(self, scope: Scope, database: str, table: str, records: list[dict[str, Any]]) -> None:
        self._neighbours.timestream.write_records(scope.account_id, scope.region, database, table, records)

    def invoke_function(self, scope: Scope, function_arn: str, payload: bytes, source_arn: str) -> None:
        self._neighbours.functions.invoke_by_service(scope, function_arn, payload, "iot.amazonaws.com", source_arn)

    def publish(
        self, scope: Scope, topic: str, payload: bytes, qos: int, trace_id: str, headers: Mapping[str, Any]
    ) -> None:
        self._publish(scope, topic, payload, qos, headers)

    def put_object(self, scope: Scope, bucket: str, key: str, body: bytes, canned_acl: str | None) -> None:
        objects.put_object(scope.account_id, bucket, key, body, canned_acl=canned_acl)

    def put_to_delivery_stream(self, scope: Scope, name: str, records: Sequence[bytes]) -> None:
        self._neighbours.firehose.put(scope, name, records)

    def put_to_stream(self, scope: Scope, name: str, partition_key: str, data: bytes) -> None:
        streams.put_record(scope.account_id, scope.region, name, partition_key, data)

    def notify(self, scope: Scope, target_arn: str, message: str, structure: str | None) -> None:
        topics.publish(scope.account_id, scope.region, target_arn, message, structure=structure)

    def send_message(self, scope: Scope, queue_url: str, body: str) -> None:
        queues.send_message(scope.account_id, scope.region, queue_url, body)

    def put_log_lines(self, scope: Scope, group: str, stream: str, lines: Sequence[tuple[int, str]]) -> None:
        log_groups.put_lines_into(scope.account_id, scope.region, group, stream, list(lines))

    def put_metric(self, scope: Scope, namespace: str, metric: Mapping[str, Any]) -> None:
        metrics.put_metric(scope.account_id, scope.region, namespace, metric)

    def set_alarm_state(self, scope: Scope, alarm: str, state: str, reason: str) -> None:
        metrics.set_alarm_state(scope.account_id, scope.region, alarm, state, reason)

    def start_execution(self, scope: Scope, machine_arn: str, text: str, name: str) -> None:
        self._neighbours.state_machines.start(scope, machine_arn, text, name)

    def post(self, scope: Scope, url: str, headers: Mapping[str, str], body: bytes) -> None:
        self._neighbours.destinations.require_enabled(scope, url)
        post_until_taken(self._neighbours.web, url, headers, body)
