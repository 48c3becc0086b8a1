"""PutRecord and PutRecordBatch: records wait in the stream's buffer until its size or time is reached, on the lab clock.

Source: Amazon Data Firehose API Reference; the limits are those of its "Quota" page.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from labcloud.api import ApiRequest, Operation, Scope
from labcloud.errors import AwsError
from labcloud.firehose.buffers import Buffers, StreamKey
from labcloud.firehose.configuration import read_destination
from labcloud.firehose.delivery import Call, Deliverer, Pending, Roles
from labcloud.firehose.objects import Record
from labcloud.motobase.delivery_streams import delivery_stream
from labcloud.work import Work

LARGEST_RECORD = 1_024_000
MOST_RECORDS = 500
LARGEST_BATCH = 4 * 1024 * 1024


class Clock(Protocol):
    """The lab clock, as far as it is needed here."""

    def now(self) -> float: ...

    def now_ms(self) -> int: ...

    def call_at(self, when_s: float, callback: Callable[[], None]) -> Any: ...


class Firehose:
    """The service `firehose`: moto keeps the delivery streams, this delivers. Deliveries run one after the other."""

    name = "firehose"

    def __init__(self, clock: Clock, roles: Roles, call: Call) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._buffers = Buffers()
        self._timers: dict[StreamKey, Any] = {}
        self._deliverer = Deliverer(roles, call, clock.now, self._bring_back)
        self._work = Work(clock, "firehose")
        self.operations: Mapping[str, Operation] = {
            "PutRecord": self.put_record,
            "PutRecordBatch": self.put_record_batch,
        }

    def put_record(self, request: ApiRequest) -> dict[str, Any]:
        """PutRecord."""
        asked = request.parameters
        self.put(request.scope, asked["DeliveryStreamName"], [asked["Record"]["Data"]])
        return {"RecordId": _record_id(), "Encrypted": False}

    def put_record_batch(self, request: ApiRequest) -> dict[str, Any]:
        """PutRecordBatch."""
        asked = request.parameters
        records = [record["Data"] for record in asked["Records"]]
        self.put(request.scope, asked["DeliveryStreamName"], records)
        answers = [{"RecordId": _record_id()} for _ in records]
        return {"FailedPutCount": 0, "Encrypted": False, "RequestResponses": answers}

    def put(self, scope: Scope, name: str, records: Sequence[bytes]) -> None:
        """Takes records for a stream. Raises AwsError: no such stream, too large, too many."""
        _check_sizes(records)
        destination = read_destination(delivery_stream(scope.account_id, scope.region, name).configuration)
        now_ms = self._clock.now_ms()
        key = (scope, name)
        with self._lock:
            buffer = self._buffers.add(key, [Record(data, now_ms) for data in records])
            full = buffer.size >= destination.buffer_bytes
            if not full and key not in self._timers:
                self._arrange(key, now_ms / 1000 + destination.buffer_s)
        if full:
            self._flush(key)

    def wait_until_idle(self, within_s: float) -> bool:
        """Whether the deliveries that have begun were over within the time; buffers that still fill do not count."""
        return self._work.wait_until_idle(within_s)

    def close(self) -> None:
        """Carries out what has begun."""
        self._work.close()

    def state(self) -> list[dict[str, Any]]:
        """The records that were acknowledged and are not delivered yet."""
        with self._lock:
            return self._buffers.state()

    def restore(self, state: Iterable[Mapping[str, Any]]) -> None:
        """Takes over what `state` gave and delivers it when it is due."""
        with self._lock:
            self._buffers.restore(state)
            for scope, name in self._buffers.waiting():
                try:
                    stream = delivery_stream(scope.account_id, scope.region, name)
                except AwsError:
                    self._buffers.take((scope, name))  # the stream was deleted
                    continue
                since_s = (self._buffers.first_arrival_ms((scope, name)) or 0) / 1000
                self._arrange((scope, name), since_s + read_destination(stream.configuration).buffer_s)

    # -- inside

    def _arrange(self, key: StreamKey, when_s: float) -> None:
        self._timers[key] = self._clock.call_at(when_s, lambda: self._flush(key))

    def _flush(self, key: StreamKey) -> None:
        with self._lock:
            records = self._buffers.take(key)
            if timer := self._timers.pop(key, None):
                timer.cancel()
        if records:
            self._work.do(lambda: self._deliver(key, records))

    def _deliver(self, key: StreamKey, records: list[Record]) -> None:
        scope, name = key
        try:
            stream = delivery_stream(scope.account_id, scope.region, name)
        except AwsError:
            return  # deleted with what it held, as on AWS
        self._deliverer.deliver(scope, stream, records)

    def _bring_back(self, pause_s: float, pending: Pending) -> None:
        again = Pending(
            pending.scope, pending.stream, pending.destination, pending.stored, pending.since_s, pending.tries + 1
        )
        self._clock.call_at(self._clock.now() + pause_s, lambda: self._work.do(lambda: self._deliverer.write(again)))


def _check_sizes(records: Sequence[bytes]) -> None:
    if not records:
        raise AwsError("A batch has at least one record.", code="InvalidArgumentException")
    if len(records) > MOST_RECORDS:
        raise AwsError(
            f"A batch has at most {MOST_RECORDS} records, not {len(records)}.", code="InvalidArgumentException"
        )
    if max(map(len, records)) > LARGEST_RECORD:
        raise AwsError(
            "1 validation error detected: Value at 'record.data' failed to satisfy constraint: "
            f"Member must have length less than or equal to {LARGEST_RECORD}",
            code="ValidationException",
        )
    if sum(map(len, records)) > LARGEST_BATCH:
        raise AwsError("The records of a batch have at most 4 MiB together.", code="InvalidArgumentException")


def _record_id() -> str:
    return f"{uuid.uuid4().hex}{uuid.uuid4().hex}"
