"""The operations on scheduled queries. Source: Timestream API reference (query)."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from labcloud.api import ApiRequest, Operation, Scope
from labcloud.errors import AccessDenied, AwsError, Refused
from labcloud.timestream.errors import (
    ConflictException,
    ResourceNotFoundException,
    ServiceQuotaExceededException,
    ValidationException,
)
from labcloud.timestream.query import columns_of
from labcloud.timestream.scheduled.mapping import check_target
from labcloud.timestream.scheduled.model import DISABLED, ScheduledQuery, creating
from labcloud.timestream.scheduled.runs import Runner
from labcloud.timestream.scheduled.timetable import Publish, Timetable, schedule_of
from labcloud.timestream.sql import nodes as n
from labcloud.timestream.sql.parser import parse_statement
from labcloud.timestream.store import Store
from labcloud.timestream.write import MAX_TAGS, find_table

MOST_QUERIES = 10_000
MOST_LISTED = 1000
TOKEN_S = 8 * 3600
DESCRIBED = (
    *("Name", "QueryString", "ScheduleConfiguration", "NotificationConfiguration", "TargetConfiguration"),
    *("ScheduledQueryExecutionRoleArn", "KmsKeyId", "ErrorReportConfiguration"),
)


class ScheduledQueries:
    """The part of timestream-query that concerns scheduled queries. Thread-safe."""

    def __init__(
        self,
        timetable: Timetable,
        runner: Runner,
        store_of: Callable[[str, str], Store],
        publish: Publish,
        has_bucket: Callable[[str, str], bool],
        now: Callable[[], float],
    ) -> None:
        self._timetable = timetable
        self._runner = runner
        self._store_of = store_of
        self._publish = publish
        self._has_bucket = has_bucket
        self._now = now
        self._lock = timetable.lock
        self._tokens: dict[tuple[Scope, str], tuple[float, dict[str, Any], str]] = {}
        self.state, self.restore = timetable.state, timetable.restore
        self.wait_until_idle, self.close = timetable.wait_until_idle, timetable.close
        self.operations: Mapping[str, Operation] = {
            "CreateScheduledQuery": self.create,
            "DescribeScheduledQuery": self.describe,
            "ListScheduledQueries": self.list_queries,
            "UpdateScheduledQuery": self.update,
            "DeleteScheduledQuery": self.delete,
            "ExecuteScheduledQuery": self.execute,
            "TagResource": self.tag_resource,
            "UntagResource": self.untag_resource,
            "ListTagsForResource": self.list_tags_for_resource,
        }

    # -- operations

    def create(self, request: ApiRequest) -> dict[str, Any]:
        """CreateScheduledQuery: the query, its mappings and its role are looked at, the topic is told, then it runs."""
        given = dict(request.parameters)
        token = given.pop("ClientToken", None)
        with self._lock:
            if token and (known := self._of_token(request.scope, token, given)):
                return {"Arn": known}
        query = self._made(request)
        self._check(query)
        self._tell_before(query)
        with self._lock:
            names = [kept.name for kept in self._timetable.queries.values() if kept.scope == query.scope]
            if query.name in names:
                raise ConflictException(f"A scheduled query with the name {query.name} already exists.")
            if len(names) >= MOST_QUERIES:
                raise ServiceQuotaExceededException(f"The account has {MOST_QUERIES} scheduled queries already.")
            if token:
                self._tokens[request.scope, token] = self._now(), given, query.arn
            self._timetable.add(query)
        return {"Arn": query.arn}

    def describe(self, request: ApiRequest) -> dict[str, Any]:
        with self._lock:
            return {"ScheduledQuery": self._find(request).described()}

    def list_queries(self, request: ApiRequest) -> dict[str, Any]:
        token, size = request.parameters.get("NextToken") or "0", request.parameters.get("MaxResults") or MOST_LISTED
        if not token.isdecimal() or not 1 <= size <= MOST_LISTED:
            raise ValidationException(f"Invalid NextToken, or MaxResults is not between 1 and {MOST_LISTED}.")
        start = int(token)
        with self._lock:
            every = self._timetable.queries.values()
            mine = sorted((query for query in every if query.scope == request.scope), key=lambda query: query.name)
            following = {"NextToken": str(start + size)} if start + size < len(mine) else {}
            return {"ScheduledQueries": [query.listed() for query in mine[start : start + size]], **following}

    def update(self, request: ApiRequest) -> dict[str, Any]:
        """UpdateScheduledQuery: only the state can change."""
        with self._lock:
            query = self._find(request)
        self._timetable.set_state(query, request.parameters["State"])
        return {}

    def delete(self, request: ApiRequest) -> dict[str, Any]:
        with self._lock:
            query = self._find(request)
        self._timetable.remove(query)
        return {}

    def execute(self, request: ApiRequest) -> dict[str, Any]:
        """ExecuteScheduledQuery: answers at once and runs, enabled or not."""
        if request.parameters.get("QueryInsights", {}).get("Mode", DISABLED) != DISABLED:
            raise ValidationException("QueryInsights is not served by this cloud.")
        with self._lock:
            query = self._find(request)
        due_s = request.parameters["InvocationTime"]
        self._timetable.execute(query, due_s.timestamp() if hasattr(due_s, "timestamp") else float(due_s))
        return {}

    def tag_resource(self, request: ApiRequest) -> dict[str, Any]:
        with self._lock:
            query = self._find(request, "ResourceARN")
            tags = {**query.tags, **_tags(request.parameters)}
            if len(tags) > MAX_TAGS:
                raise ServiceQuotaExceededException(f"A resource has at most {MAX_TAGS} tags.")
            query.tags = tags
        return {}

    def untag_resource(self, request: ApiRequest) -> dict[str, Any]:
        with self._lock:
            query = self._find(request, "ResourceARN")
            for key in request.parameters["TagKeys"]:
                query.tags.pop(key, None)
        return {}

    def list_tags_for_resource(self, request: ApiRequest) -> dict[str, Any]:
        with self._lock:
            query = self._find(request, "ResourceARN")
            return {"Tags": [{"Key": key, "Value": value} for key, value in query.tags.items()]}

    # -- making

    def _made(self, request: ApiRequest) -> ScheduledQuery:
        settings = {name: request.parameters[name] for name in DESCRIBED if name in request.parameters}
        report = {"EncryptionOption": "SSE_S3", **settings["ErrorReportConfiguration"]["S3Configuration"]}
        settings["ErrorReportConfiguration"] = {"S3Configuration": report}
        arn = request.scope.arn("timestream", f"scheduled-query/{settings['Name']}-{secrets.token_hex(6)}")
        now = self._now()
        return ScheduledQuery(request.scope, arn, settings, now, now, _tags(request.parameters))

    def _check(self, query: ScheduledQuery) -> None:
        """Raises ValidationException, AccessDenied."""
        schedule_of(query)
        statement = parse_statement(query.settings["QueryString"])
        if not isinstance(statement, n.Query):
            raise ValidationException("A scheduled query is a SELECT query.")
        with _as_denied():
            self._runner.require_reading(query)
        store = self._store_of(query.scope.account_id, query.scope.region)
        now_ns = int(self._now() * 1_000_000) * 1000
        columns = columns_of(store, statement, now_ns, now_ns)
        if query.target is not None:
            with store.lock:
                find_table(store, query.target)
            check_target(query.target, columns)
        bucket = query.settings["ErrorReportConfiguration"]["S3Configuration"]["BucketName"]
        if not self._has_bucket(query.scope.account_id, bucket):
            raise ValidationException(f"The bucket {bucket} for error reports does not exist.")

    def _tell_before(self, query: ScheduledQuery) -> None:
        with _as_denied():
            self._runner.require(query, "sns:Publish", query.topic_arn)
        try:
            self._publish(query, json.dumps(creating(query)))
        except AwsError as error:
            text = f"Timestream cannot publish to {query.topic_arn}: {error.message}"
            raise ValidationException(text) from error

    def _of_token(self, scope: Scope, token: str, given: dict[str, Any]) -> str | None:
        """The ARN of the query that the same request has made not long ago."""
        made_s, before, arn = self._tokens.get((scope, token), (0.0, {}, ""))
        if not arn or self._now() - made_s > TOKEN_S:
            self._tokens.pop((scope, token), None)
            return None
        if before != given:
            raise ConflictException("The ClientToken was used for another scheduled query.")
        return arn

    def _find(self, request: ApiRequest, member: str = "ScheduledQueryArn") -> ScheduledQuery:
        arn = request.parameters[member]
        query = self._timetable.queries.get(arn)
        if query is None or query.scope != request.scope:
            raise ResourceNotFoundException(f"The scheduled query {arn} does not exist.")
        return query


@contextmanager
def _as_denied() -> Iterator[None]:
    """What a role may not do is said to the caller."""
    try:
        yield
    except Refused as refused:
        raise AccessDenied(str(refused)) from refused


def _tags(given: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in given.get("Tags") or ()}
