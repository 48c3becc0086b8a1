"""Carries a buffer out: transforms, writes to S3 with the stream's role, tells CloudWatch Logs what went wrong.

An object that cannot be written is tried again with growing pauses for 24 hours, then given up, as AWS does.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from labcloud.api import Scope
from labcloud.errors import AwsError, Refused
from labcloud.firehose.configuration import Destination, Transformation, read_destination
from labcloud.firehose.objects import FailedRecord, Record, StoredObject, render_failures, render_object
from labcloud.firehose.transform import batches_of, event_of, read_answer
from labcloud.motobase import log_groups
from labcloud.motobase.delivery_streams import StoredStream
from labcloud.motobase.objects import put_object

log = logging.getLogger("labcloud.firehose")

SERVICE = "firehose.amazonaws.com"
GIVEN_UP_AFTER_S = 24 * 3600
FIRST_PAUSE_S = 60
LONGEST_PAUSE_S = 3600


class Roles(Protocol):
    """Decides for a role on behalf of a service. Raises Refused."""

    def require(self, role_arn: str, service: str, action: str, resource: str, context: Mapping[str, Any]) -> None: ...


Call = Callable[[Scope, str, bytes], Any]
"""call(scope, function ARN, payload): a synchronous invocation, gives an InvokeResult; raises AwsError."""


@dataclass(frozen=True)
class Pending:
    """An object on its way, and how often it was tried."""

    scope: Scope
    stream: StoredStream
    destination: Destination
    stored: StoredObject
    since_s: float
    tries: int = 0

    def next_pause_s(self) -> float:
        return min(FIRST_PAUSE_S * 2.0**self.tries, LONGEST_PAUSE_S)


class Deliverer:
    """Turns records into objects. `later(seconds, pending)` is asked to bring an object back that was not written."""

    def __init__(
        self, roles: Roles, call: Call, now: Callable[[], float], later: Callable[[float, Pending], None]
    ) -> None:
        self._roles = roles
        self._call = call
        self._now = now
        self._later = later

    def deliver(self, scope: Scope, stream: StoredStream, records: Sequence[Record]) -> None:
        """Transforms and writes the records of one buffer."""
        destination = read_destination(stream.configuration)
        done, failed = self._transform(scope, stream, destination, records)
        since_ms = records[0].arrived_ms
        if done:
            whole = render_object(stream.name, stream.version, destination, since_ms, done)
            self.write(Pending(scope, stream, destination, whole, self._now()))
        if failed and destination.transformation:
            arn, now_ms = destination.transformation.function_arn, int(self._now() * 1000)
            told = render_failures(stream.name, stream.version, destination, failed, now_ms, arn)
            self.write(Pending(scope, stream, destination, told, self._now()))

    def write(self, pending: Pending) -> None:
        """Writes an object, or has it brought back later."""
        destination = pending.destination
        arn = f"arn:aws:s3:::{destination.bucket}"
        try:
            self._require(pending, destination.role_arn, "s3:PutObject", f"{arn}/{pending.stored.key}")
            put_object(
                pending.scope.account_id,
                destination.bucket,
                pending.stored.key,
                pending.stored.body,
                content_type="application/octet-stream",
            )
            return
        except Refused as refused:
            self._tell(pending.scope, pending.stream, destination, arn, "S3.AccessDenied", str(refused))
        except AwsError as error:
            self._tell(pending.scope, pending.stream, destination, arn, f"S3.{error.code}", error.message)
        if self._now() - pending.since_s + pending.next_pause_s() > GIVEN_UP_AFTER_S:
            log.error("delivery stream %s: %s was not written for 24 hours", pending.stream.name, pending.stored.key)
            return
        self._later(pending.next_pause_s(), pending)

    def _transform(
        self, scope: Scope, stream: StoredStream, destination: Destination, records: Sequence[Record]
    ) -> tuple[list[bytes], list[FailedRecord]]:
        transformation = destination.transformation
        if transformation is None:
            return [record.data for record in records], []
        done: list[bytes] = []
        failed: list[FailedRecord] = []
        for batch in batches_of(records, transformation.batch_bytes):
            some_done, some_failed = self._transform_batch(scope, stream, destination, transformation, batch)
            done += some_done
            failed += some_failed
        return done, failed

    def _transform_batch(
        self,
        scope: Scope,
        stream: StoredStream,
        destination: Destination,
        transformation: Transformation,
        batch: list[Record],
    ) -> tuple[list[bytes], list[FailedRecord]]:
        """One invocation, again when it fails; the last failure is the records' failure."""
        event = event_of(stream.arn, scope.region, batch)
        body = json.dumps(event).encode()
        code = message = ""
        for _ in range(transformation.retries + 1):
            code, message, payload = self._invoke(scope, stream, transformation, body)
            if payload is not None:
                done, failed = read_answer(event, batch, payload)
                for failure in {failure.code: failure for failure in failed}.values():
                    self._tell(scope, stream, destination, transformation.function_arn, failure.code, failure.message)
                return done, failed
        self._tell(scope, stream, destination, transformation.function_arn, code, message)
        attempts = transformation.retries + 1
        return [], [FailedRecord(record, code, message, attempts) for record in batch]

    def _invoke(
        self, scope: Scope, stream: StoredStream, transformation: Transformation, body: bytes
    ) -> tuple[str, str, bytes | None]:
        """(error code, message, None) or ("", "", the function's answer)."""
        arn = transformation.function_arn
        context = {"aws:SourceArn": stream.arn, "aws:SourceAccount": scope.account_id}
        try:
            self._roles.require(transformation.role_arn, SERVICE, "lambda:InvokeFunction", arn, context)
            result = self._call(scope, arn, body)
        except Refused as refused:
            return "Lambda.InvokeAccessDenied", str(refused), None
        except AwsError as error:
            missing = error.code == "ResourceNotFoundException"
            return "Lambda.ResourceNotFound" if missing else f"Lambda.{error.code}", error.message, None
        if result.function_error:
            text = "The Lambda function was successfully invoked but it returned an error result."
            return "Lambda.FunctionError", text, None
        return "", "", result.payload

    def _require(self, pending: Pending, role_arn: str, action: str, resource: str) -> None:
        context = {"aws:SourceArn": pending.stream.arn, "aws:SourceAccount": pending.scope.account_id}
        self._roles.require(role_arn, SERVICE, action, resource, context)

    def _tell(
        self, scope: Scope, stream: StoredStream, destination: Destination, target: str, code: str, message: str
    ) -> None:
        """A line in the stream's log, if it has one and its role may write there; always one in the cloud's log."""
        log.warning("delivery stream %s: %s: %s", stream.name, code, message)
        group, name = destination.log_group, destination.log_stream
        place = (scope.account_id, scope.region)
        if not group or not name or not log_groups.has_stream(*place, group, name):
            return
        resource = scope.arn("logs", f"log-group:{group}:log-stream:{name}")
        try:
            self._roles.require(destination.role_arn, SERVICE, "logs:PutLogEvents", resource, {})
        except Refused as refused:
            log.warning("delivery stream %s writes no log: %s", stream.name, refused.reason)
            return
        entry = {
            "deliveryStreamARN": stream.arn,
            "destination": target,
            "deliveryStreamVersionId": int(stream.version),
            "message": message,
            "errorCode": code,
        }
        log_groups.put_lines(*place, group, name, [(int(self._now() * 1000), json.dumps(entry))])
