"""Reads a stream's shards for a mapping, in order. Source: Lambda Developer Guide, "Using Lambda with Kinesis", "…DynamoDB".

A batch that fails is tried again, after 1, 2, 4 … 60 s of lab time, until the mapping's limits; meanwhile its shard waits.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from labcloud.api import Scope
from labcloud.awslambda.model import InvokeResult
from labcloud.awslambda.sources.model import SourceMapping
from labcloud.awslambda.sources.queues import Pattern, failed_items
from labcloud.errors import AwsError
from labcloud.motobase import event_sources
from labcloud.motobase.event_sources import StreamRecord
from labcloud.outlets import Outlets, Parcel

RETENTION_S = 86_400
LONGEST_PAUSE_S = 60


class Clock(Protocol):
    def now(self) -> float: ...


@dataclass
class _Shard:
    attempts: int = 0
    not_before_s: float = 0.0
    size: int | None = None
    """Less than the batch size after a bisection."""
    window_ends_s: float | None = None


class StreamReader:
    """`look` reads one batch of each shard and invokes the function with it."""

    def __init__(
        self,
        mapping: SourceMapping,
        clock: Clock,
        invoke: Callable[[Scope, str, bytes], InvokeResult],
        filters: list[Pattern],
        outlets: Outlets,
    ) -> None:
        self._mapping, self._clock, self._invoke = mapping, clock, invoke
        self._filters, self._outlets = filters, outlets
        self._shards: dict[str, _Shard] = {}

    def look(self) -> bool:
        """Whether there was something to do. Raises AwsError."""
        looks = [self._look_at(shard) for shard in event_sources.shards_of(self._mapping.source_arn)]
        return any(looks)

    def _look_at(self, name: str) -> bool:
        mapping, shard = self._mapping, self._shards.setdefault(name, _Shard())
        if self._clock.now() < shard.not_before_s:
            return False
        size = shard.size or mapping.batch_size
        read = event_sources.read_after(mapping.source_arn, name, mapping.positions.get(name, -1), size)
        if not read or not self._is_due(shard, len(read)):
            return False
        batch = [record for record in read if self._wanted(record.record)]
        if batch:
            self._process(name, shard, read, batch)
        else:
            mapping.positions[name] = read[-1].position
        return True

    def _is_due(self, shard: _Shard, waiting: int) -> bool:
        window_s = self._mapping.window_s
        if not window_s or shard.attempts or waiting >= self._mapping.batch_size:
            return True
        if shard.window_ends_s is None:
            shard.window_ends_s = self._clock.now() + window_s
        if self._clock.now() < shard.window_ends_s:
            return False
        shard.window_ends_s = None
        return True

    def _wanted(self, record: dict[str, Any]) -> bool:
        if not self._filters:
            return True
        event = dict(record)
        if "kinesis" in event:
            try:
                event["data"] = json.loads(base64.b64decode(event["kinesis"]["data"]))
            except ValueError:
                return False
        return any(pattern.matches(event) for pattern in self._filters)

    def _process(self, name: str, shard: _Shard, read: list[StreamRecord], batch: list[StreamRecord]) -> None:
        mapping = self._mapping
        payload = json.dumps({"Records": [record.record for record in batch]}).encode()
        shard.attempts += 1
        result: InvokeResult | None = None
        try:
            result = self._invoke(mapping.scope, mapping.function_arn, payload)
            mapping.result = "PROBLEM: Function call failed" if result.function_error else "OK"
        except AwsError as error:
            mapping.result = f"PROBLEM: {error.message}"
        if result is not None and not result.function_error:
            identifiers = [str(record.position) for record in batch]
            failed = failed_items(result.payload, identifiers) if mapping.reports_items else []
            if not failed:
                self._done(name, shard, read[-1].position)
                return
            first = min(int(one) for one in failed)
            if first > batch[0].position:
                self._done(name, shard, first - 1)
                shard.attempts = 1
        self._again_or_give_up(name, shard, read, batch, result)

    def _again_or_give_up(
        self, name: str, shard: _Shard, read: list[StreamRecord], batch: list[StreamRecord], result: InvokeResult | None
    ) -> None:
        settings, now = self._mapping.settings, self._clock.now()
        most, oldest = settings["MaximumRetryAttempts"], settings["MaximumRecordAgeInSeconds"]
        too_old = now - batch[0].arrived_s > (oldest if oldest > 0 else RETENTION_S)
        if too_old or 0 <= most < shard.attempts:
            self._bury(
                name, batch, shard.attempts, "RecordAgeExceeded" if too_old else "RetryAttemptsExhausted", result
            )
            self._done(name, shard, read[-1].position)
            return
        shard.not_before_s = now + min(2 ** (shard.attempts - 1), LONGEST_PAUSE_S)
        if settings["BisectBatchOnFunctionError"] and len(read) > 1:
            shard.size, shard.attempts, shard.not_before_s = len(read) // 2, 0, now

    def _done(self, name: str, shard: _Shard, position: int) -> None:
        self._mapping.positions[name] = position
        shard.attempts, shard.not_before_s, shard.size = 0, 0.0, None

    def _bury(
        self, name: str, batch: list[StreamRecord], attempts: int, condition: str, result: InvokeResult | None
    ) -> None:
        mapping = self._mapping
        arn = ((mapping.settings.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
        if not arn:
            return
        kind = "KinesisBatchInfo" if mapping.service == "kinesis" else "DDBStreamBatchInfo"
        record = {
            "requestContext": {
                "requestId": result.request_id if result else "",
                "functionArn": mapping.function_arn,
                "condition": condition,
                "approximateInvokeCount": attempts,
            },
            "responseContext": {
                "statusCode": 200,
                "executedVersion": result.executed_version if result else "$LATEST",
                "functionError": result.function_error if result else None,
            },
            "version": "1.0",
            "timestamp": _instant(self._clock.now()),
            kind: {
                "shardId": name,
                "startSequenceNumber": str(batch[0].position),
                "endSequenceNumber": str(batch[-1].position),
                "approximateArrivalOfFirstRecord": _instant(batch[0].arrived_s),
                "approximateArrivalOfLastRecord": _instant(batch[-1].arrived_s),
                "batchSize": len(batch),
                "streamArn": mapping.source_arn,
            },
        }
        try:
            self._outlets.send(Parcel(arn, json.dumps(record)))
        except AwsError as error:
            mapping.result = f"PROBLEM: {error.message}"


def _instant(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
