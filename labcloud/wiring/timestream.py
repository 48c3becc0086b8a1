"""Timestream keeps a folder of its own; UNLOAD writes to S3 as its caller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from labcloud.api import ApiRequest, Operation, Served
from labcloud.motobase import topics
from labcloud.motobase.objects import has_bucket, put_object
from labcloud.roles import TablesOf
from labcloud.timestream import Timestream, tables_of
from labcloud.timestream.scheduled import Runner, ScheduledQueries, Timetable
from labcloud.timestream.scheduled.model import ScheduledQuery

if TYPE_CHECKING:
    from labcloud.cloud import Cloud


def make(cloud: Cloud) -> Timestream:
    def call(request: ApiRequest, service: str, operation: str, parameters: Mapping[str, Any]) -> None:
        cloud.calls.call_as(request.scope, request.caller.access_key_id, service, operation, parameters)

    return Timestream(cloud.clock, lambda: cloud.endpoint_url, cloud.folder("timestream"), call)


def make_scheduled_queries(cloud: Cloud) -> ScheduledQueries:
    """Runs act through their role; reports go to S3, notifications to SNS, steps to the trace."""

    def put_report(query: ScheduledQuery, key: str, body: bytes) -> None:
        bucket = query.settings["ErrorReportConfiguration"]["S3Configuration"]["BucketName"]
        put_object(query.scope.account_id, bucket, key, body, content_type="application/json")

    def publish(query: ScheduledQuery, message: str) -> None:
        topics.publish(query.scope.account_id, query.scope.region, query.topic_arn, message)

    def note(query: ScheduledQuery, due_s: float, text: str, **facts: Any) -> None:
        trace_id = f"{query.arn}@{due_s:.3f}"
        if not text:
            cloud.trace.begin(trace_id, f"timestream/{query.name}", cloud.clock.now())
        else:
            cloud.trace.note(trace_id, text, **facts)

    runner = Runner(cloud.timestream.store_of, cloud.roles, put_report, cloud.clock.now)
    timetable = Timetable(cloud.clock, runner, publish, note)
    return ScheduledQueries(timetable, runner, cloud.timestream.store_of, publish, has_bucket, cloud.clock.now)


def serve(cloud: Cloud) -> Mapping[str, Served]:
    """A request of tags does not say of which of the two services it is (they have one endpoint here): its ARN does."""
    write, scheduled = cloud.timestream.write.operations, cloud.scheduled_queries.operations

    def tagging(name: str) -> Operation:
        def answer(request: ApiRequest) -> dict[str, Any]:
            of_queries = ":scheduled-query/" in request.parameters["ResourceARN"]
            return (scheduled if of_queries else write)[name](request)

        return answer

    tags = {name: tagging(name) for name in ("TagResource", "UntagResource", "ListTagsForResource")}
    queries = {**cloud.timestream.query.operations, **scheduled, **tags}
    return {
        "timestream-write": Served({**write, **tags}, rest_by_moto=False),
        "timestream-query": Served(queries, rest_by_moto=False),
    }


def make_tables_of(cloud: Cloud) -> TablesOf:
    """What says which tables a query reads."""
    return tables_of
