"""CreateEventSourceMapping and its kin: what is taken, what is refused, in AWS's words where they are known."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from labcloud.api import ApiRequest, Operation
from labcloud.awslambda.errors import InvalidParameterValue
from labcloud.awslambda.sources.model import SourceMapping, defaults_of
from labcloud.errors import AwsError
from labcloud.motobase import event_sources
from labcloud.motobase.functions import StoredFunction, change_tags, function_of, tags_of
from labcloud.outlets import service_of

READS = {
    "sqs": ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"),
    "kinesis": ("GetRecords", "GetShardIterator", "DescribeStream", "ListShards"),
    "dynamodb": ("GetRecords", "GetShardIterator", "DescribeStream", "ListStreams"),
}
"""What the function's role needs for each kind of source."""
FOR_STREAMS = (
    *("StartingPosition", "StartingPositionTimestamp", "MaximumRecordAgeInSeconds", "MaximumRetryAttempts"),
    *("BisectBatchOnFunctionError", "ParallelizationFactor", "TumblingWindowInSeconds", "DestinationConfig"),
)
COMMON = ("BatchSize", "MaximumBatchingWindowInSeconds", "FilterCriteria", "FunctionResponseTypes")
IDENTITY = ("EventSourceArn", "FunctionName", "Enabled", "UUID", "Tags")

MayCall = Callable[[str, str, str], bool]
"""may_call(role ARN, action, resource)"""


class Polling(Protocol):
    """Who reads the sources."""

    def start(self, mapping: SourceMapping) -> None: ...

    def stop(self, mapping: SourceMapping) -> None: ...


class EventSourceMappings:
    """The five operations and the store. `compile_pattern` raises AwsError for a filter that is not valid."""

    def __init__(
        self, now: Callable[[], float], may_call: MayCall, compile_pattern: Callable[[str], Any], polling: Polling
    ) -> None:
        self._now = now
        self._may_call = may_call
        self._compile_pattern = compile_pattern
        self._polling = polling
        self._lock = threading.RLock()
        self._kept: dict[str, SourceMapping] = {}
        self.operations: Mapping[str, Operation] = {
            "CreateEventSourceMapping": self.create,
            "GetEventSourceMapping": self.get,
            "ListEventSourceMappings": self.list_all,
            "UpdateEventSourceMapping": self.update,
            "DeleteEventSourceMapping": self.delete,
            "ListTags": self.list_tags,
            "TagResource": self.tag_resource,
            "UntagResource": self.untag_resource,
        }

    def state(self) -> list[SourceMapping]:
        """What must survive a restart."""
        with self._lock:
            return list(self._kept.values())

    def restore(self, state: list[SourceMapping]) -> None:
        """Takes over what `state` gave and reads on."""
        with self._lock:
            for mapping in state:
                self._kept[mapping.uuid] = mapping
                if mapping.enabled:
                    self._polling.start(mapping)

    def create(self, request: ApiRequest) -> dict[str, Any]:
        """CreateEventSourceMapping."""
        asked = request.parameters
        source, service = asked.get("EventSourceArn") or "", service_of(asked.get("EventSourceArn") or "")
        if service not in READS:
            raise InvalidParameterValue(
                f"The local cloud does not serve {source or 'this'} as an event source; it serves {', '.join(READS)}."
            )
        function = function_of(request.account_id, request.region, asked["FunctionName"])
        settings = self._settings(service, asked, defaults_of(service))
        self._check_source(service, source, function, settings)
        with self._lock:
            self._check_unique(source, function)
            mapping = SourceMapping(
                str(uuid.uuid4()),
                request.scope,
                source,
                asked["FunctionName"],
                function.invoked_arn,
                settings,
                bool(asked.get("Enabled", True)),
                self._now(),
                tags=dict(asked.get("Tags") or {}),
            )
            if service != "sqs":
                mapping.positions = _first_positions(source, settings)
            self._kept[mapping.uuid] = mapping
            if mapping.enabled:
                self._polling.start(mapping)
        return mapping.described()

    def get(self, request: ApiRequest) -> dict[str, Any]:
        """GetEventSourceMapping."""
        return self._existing(request).described()

    def list_all(self, request: ApiRequest) -> dict[str, Any]:
        """ListEventSourceMappings."""
        asked, wanted = request.parameters, None
        if asked.get("FunctionName"):
            wanted = function_of(request.account_id, request.region, asked["FunctionName"]).invoked_arn
        with self._lock:
            found = [
                mapping.described()
                for mapping in self._kept.values()
                if mapping.scope == request.scope
                and asked.get("EventSourceArn") in (None, mapping.source_arn)
                and wanted in (None, mapping.function_arn)
            ]
        return {"EventSourceMappings": found}

    def update(self, request: ApiRequest) -> dict[str, Any]:
        """UpdateEventSourceMapping: what is not given stays."""
        mapping, asked = self._existing(request), request.parameters
        settings = self._settings(mapping.service, asked, mapping.settings)
        function = function_of(request.account_id, request.region, asked.get("FunctionName") or mapping.function_arn)
        self._check_source(mapping.service, mapping.source_arn, function, settings)
        with self._lock:
            self._polling.stop(mapping)
            mapping.settings, mapping.function_arn = settings, function.invoked_arn
            mapping.enabled = bool(asked.get("Enabled", mapping.enabled))
            mapping.modified_s = self._now()
            if mapping.enabled:
                self._polling.start(mapping)
        return mapping.described()

    def delete(self, request: ApiRequest) -> dict[str, Any]:
        """DeleteEventSourceMapping."""
        mapping = self._existing(request)
        with self._lock:
            self._polling.stop(mapping)
            del self._kept[mapping.uuid]
        return {**mapping.described(), "State": "Deleting"}

    # -- tags: of mappings here, of functions in moto

    def list_tags(self, request: ApiRequest) -> dict[str, Any]:
        """ListTags."""
        arn = request.parameters["Resource"]
        mapping = self._tagged(request)
        return {"Tags": dict(mapping.tags) if mapping else tags_of(request.scope, arn)}

    def tag_resource(self, request: ApiRequest) -> dict[str, Any]:
        """TagResource."""
        mapping, tags = self._tagged(request), request.parameters["Tags"]
        if mapping:
            mapping.tags.update(tags)
        else:
            change_tags(request.scope, request.parameters["Resource"], tags, ())
        return {}

    def untag_resource(self, request: ApiRequest) -> dict[str, Any]:
        """UntagResource."""
        mapping, keys = self._tagged(request), request.parameters["TagKeys"]
        if mapping:
            for key in keys:
                mapping.tags.pop(key, None)
        else:
            change_tags(request.scope, request.parameters["Resource"], {}, keys)
        return {}

    def _tagged(self, request: ApiRequest) -> SourceMapping | None:
        _, marker, identifier = request.parameters["Resource"].partition(":event-source-mapping:")
        return self._of(request, identifier) if marker else None

    def _settings(self, service: str, asked: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
        known = (*COMMON, *IDENTITY, *(("ScalingConfig",) if service == "sqs" else FOR_STREAMS))
        if unserved := sorted(name for name, value in asked.items() if value and name not in known):
            raise InvalidParameterValue(
                f"The local cloud does not serve {', '.join(unserved)} for an event source of {service}."
            )
        given = {name: value for name, value in asked.items() if name not in IDENTITY and value is not None}
        settings = {**before, **given}
        if isinstance(settings.get("StartingPositionTimestamp"), datetime):
            settings["StartingPositionTimestamp"] = settings["StartingPositionTimestamp"].timestamp()
        for written in (settings.get("FilterCriteria") or {}).get("Filters") or ():
            self._compile_pattern(written["Pattern"])
        if settings.get("TumblingWindowInSeconds") or settings.get("ParallelizationFactor", 1) > 1:
            raise InvalidParameterValue(
                "The local cloud serves neither tumbling windows nor parallel batches of a shard."
            )
        if service != "sqs" and not settings.get("StartingPosition"):
            raise AwsError(
                "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
                "Member must not be null",
                code="ValidationException",
            )
        return settings

    def _check_source(self, service: str, source: str, function: StoredFunction, settings: Mapping[str, Any]) -> None:
        size, window = settings["BatchSize"], settings["MaximumBatchingWindowInSeconds"]
        if service == "sqs":
            facts = event_sources.queue_facts(source)
            if facts.fifo and (size > 10 or window):
                raise InvalidParameterValue(
                    "Batching window is not supported for FIFO queues, and a batch has at most 10 messages."
                )
            if size > 10 and not window:
                raise InvalidParameterValue(
                    "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
                )
            if facts.visibility_s < function.timeout_s:
                raise InvalidParameterValue(
                    f"Queue visibility timeout: {facts.visibility_s} seconds is less than "
                    f"Function timeout: {function.timeout_s} seconds"
                )
        else:
            event_sources.shards_of(source)
        destination = ((settings.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
        if destination:
            self._check_destination(destination, function)
        missing = [
            name for name in READS[service] if not self._may_call(function.role_arn, f"{service}:{name}", source)
        ]
        if missing and service == "sqs":
            raise InvalidParameterValue(
                f"The provided execution role does not have permissions to call {missing[0]} on SQS"
            )
        if missing:
            raise InvalidParameterValue(
                f"Cannot access stream {source}. Please ensure the role can perform the {', '.join(READS[service])} "
                "Actions on your stream in IAM."
            )

    def _check_destination(self, arn: str, function: StoredFunction) -> None:
        call = {"sqs": "SendMessage", "sns": "Publish"}.get(service_of(arn))
        if call is None:
            raise InvalidParameterValue(f"The local cloud does not serve {arn} as a destination of failed batches.")
        if not self._may_call(function.role_arn, f"{service_of(arn)}:{call}", arn):
            raise InvalidParameterValue(
                f"The function's execution role does not have permissions to call {call} on {arn}"
            )

    def _check_unique(self, source: str, function: StoredFunction) -> None:
        for mapping in self._kept.values():
            if (mapping.source_arn, mapping.function_arn) == (source, function.invoked_arn):
                raise AwsError(
                    f'The event source arn (" {source} ") and function (" {function.name} ") provided mapping already '
                    f"exists. Please update or delete the existing mapping with UUID {mapping.uuid}",
                    code="ResourceConflictException",
                    status=409,
                )

    def _existing(self, request: ApiRequest) -> SourceMapping:
        return self._of(request, request.parameters["UUID"])

    def _of(self, request: ApiRequest, identifier: str) -> SourceMapping:
        found = self._kept.get(identifier)
        if found is None or found.scope != request.scope:
            message = "The resource you requested does not exist."
            raise AwsError(message, code="ResourceNotFoundException", status=404)
        return found


def _first_positions(source: str, settings: Mapping[str, Any]) -> dict[str, int]:
    positions = {}
    for shard in event_sources.shards_of(source):
        if settings["StartingPosition"] == "LATEST":
            positions[shard] = event_sources.last_position(source, shard)
        elif settings["StartingPosition"] == "AT_TIMESTAMP":
            since = float(settings.get("StartingPositionTimestamp") or 0)
            older = [r.position for r in event_sources.read_after(source, shard, -1, 10**9) if r.arrived_s < since]
            positions[shard] = max(older, default=-1)
        else:
            positions[shard] = -1
    return positions
