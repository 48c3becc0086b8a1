"""Scheduled queries: what is taken, when they run, what they write, and who is told. On a manual clock."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from labcloud.api import ApiRequest, Caller
from labcloud.errors import AccessDenied, AwsError, Refused
from labcloud.timestream.scheduled import Runner, ScheduledQueries, Timetable
from labcloud.timestream.scheduled.model import ScheduledQuery
from tests.timestream.conftest import ACCOUNT, REGION, Lab

MINUTE, HOUR = 60, 3600
ROLE, TOPIC = "arn:aws:iam::123456789012:role/queries", "arn:aws:sns:eu-central-1:123456789012:told"
AVERAGE = """SELECT sensor, bin(time, 1h) AS hour, AVG(measure_value::double) AS average, COUNT(*) AS number
    FROM house.readings WHERE time BETWEEN @scheduled_runtime - 2h AND @scheduled_runtime
    GROUP BY sensor, bin(time, 1h)"""
MULTI = {
    "TargetMultiMeasureName": "hourly",
    "MultiMeasureAttributeMappings": [
        {"SourceColumn": "average", "MeasureValueType": "DOUBLE", "TargetMultiMeasureAttributeName": "mean"},
        {"SourceColumn": "number", "MeasureValueType": "BIGINT"},
    ],
}


class World:
    """Scheduled queries with roles, a topic and a bucket that only remember."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.told: list[dict[str, Any]] = []
        self.reports: dict[str, Any] = {}
        self.denied: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self.notes: list[str] = []
        self.queries = self.made()

    def made(self) -> ScheduledQueries:
        clock, store_of = self.lab.clock, self.lab.timestream.store_of
        runner = Runner(store_of, self, self.put_report, clock.now, seconds=lambda: 0.0)
        timetable = Timetable(clock, runner, self.publish, self.note)
        return ScheduledQueries(timetable, runner, store_of, self.publish, lambda _, name: name == "errors", clock.now)

    def require(self, role_arn: str, service: str, action: str, resource: str, context: Mapping[str, str]) -> None:
        self.asked.append((action, resource))
        assert (role_arn, service) == (ROLE, "timestream.amazonaws.com")
        assert context["aws:SourceAccount"] == ACCOUNT
        if action in self.denied:
            raise Refused(f"lacks {action}", f"not authorized to perform: {action}", action)

    def publish(self, query: ScheduledQuery, message: str) -> None:
        self.told.append(json.loads(message))

    def put_report(self, query: ScheduledQuery, key: str, body: bytes) -> None:
        self.reports[key] = json.loads(body)

    def note(self, query: ScheduledQuery, due_s: float, text: str, **facts: Any) -> None:
        if text:
            self.notes.append(text)

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        request = ApiRequest("timestream-query", operation, parameters, REGION, Caller(ACCOUNT, "arn:aws:iam::1:root"))
        return self.queries.operations[operation](request)

    def create(self, sql: str = AVERAGE, expression: str = "rate(1 hour)", **more: Any) -> str:
        """Makes the query `hourly` into house.derived; gives its ARN."""
        target = {
            "DatabaseName": "house", "TableName": "derived", "TimeColumn": "hour",
            "DimensionMappings": [{"Name": "sensor", "DimensionValueType": "VARCHAR"}], "MultiMeasureMappings": MULTI,
        } | more.pop("target", {})  # fmt: skip
        given = {
            "Name": "hourly",
            "QueryString": sql,
            "ScheduleConfiguration": {"ScheduleExpression": expression},
            "NotificationConfiguration": {"SnsConfiguration": {"TopicArn": TOPIC}},
            "TargetConfiguration": {"TimestreamConfiguration": {k: v for k, v in target.items() if v is not None}},
            "ScheduledQueryExecutionRoleArn": ROLE,
            "ErrorReportConfiguration": {"S3Configuration": {"BucketName": "errors", "ObjectKeyPrefix": "of/queries"}},
        }
        return str(self.call("CreateScheduledQuery", **(given | more))["Arn"])

    def describe(self, arn: str) -> dict[str, Any]:
        return self.call("DescribeScheduledQuery", ScheduledQueryArn=arn)["ScheduledQuery"]

    def derived(self, columns: str = "sensor, time, measure_name, mean, number") -> list[list[str]]:
        return self.lab.rows(f"SELECT {columns} FROM house.derived ORDER BY sensor, time, measure_name")


@pytest.fixture
def world(lab: Lab) -> Iterator[World]:
    """Two sensors have a reading each; the clock stands at 17:44:43."""
    lab.make_table()
    retention = {"MemoryStoreRetentionPeriodInHours": 24, "MagneticStoreRetentionPeriodInDays": 7}
    lab.call("CreateTable", DatabaseName="house", TableName="derived", RetentionProperties=retention)
    lab.write(lab.record("20.0", ago_s=600), lab.record("30.0", ago_s=300), lab.record("10.0", sensor="s2"))
    yield World(lab)


# Runs


def test_a_query_runs_when_its_schedule_says_and_writes_into_the_target(world: World) -> None:
    arn = world.create()
    world.lab.clock.advance(HOUR)
    assert world.derived() == [
        ["s1", "2022-06-17 17:00:00.000000000", "hourly", "25.0", "2"],
        ["s2", "2022-06-17 17:00:00.000000000", "hourly", "10.0", "1"],
    ]
    described = world.describe(arn)
    assert described["PreviousInvocationTime"] == world.lab.clock.now()
    assert described["NextInvocationTime"] == world.lab.clock.now() + HOUR
    assert described["LastRunSummary"]["RunStatus"] == "AUTO_TRIGGER_SUCCESS"
    stats = described["LastRunSummary"]["ExecutionStats"]
    assert (stats["RecordsIngested"], stats["QueryResultRows"], stats["BytesMetered"]) == (2, 2, 10_000_000)
    assert stats["DataWrites"] % 1024 == 0 < stats["DataWrites"]


def test_the_parameter_is_when_the_run_was_due(world: World) -> None:
    sql = "SELECT 'a' AS sensor, @scheduled_runtime AS hour, 1.5e0 AS average, 1 AS number"
    world.create(sql, "cron(0/5 * * * ? *)")
    world.lab.clock.advance(10 * MINUTE)
    assert world.derived("time") == [["2022-06-17 17:45:00.000000000"], ["2022-06-17 17:50:00.000000000"]]


def test_a_later_run_takes_the_place_of_what_an_earlier_one_wrote(world: World) -> None:
    world.create(expression="rate(5 minutes)")
    world.lab.clock.advance(5 * MINUTE)
    world.lab.write(world.lab.record("40.0", ago_s=1))
    world.lab.clock.advance(5 * MINUTE)
    assert world.derived("sensor, mean, number")[0] == ["s1", "30.0", "3"]


def test_the_topic_hears_of_creation_runs_changes_and_deletion(world: World) -> None:
    arn = world.create()
    world.lab.clock.advance(HOUR)
    world.call("UpdateScheduledQuery", ScheduledQueryArn=arn, State="DISABLED")
    world.call("DeleteScheduledQuery", ScheduledQueryArn=arn)
    now = int(world.lab.clock.now())
    run = world.told[1].pop("scheduledQueryRunSummary")
    assert world.told == [
        {"type": "SCHEDULED_QUERY_CREATING", "arn": arn},
        {"type": "AUTO_TRIGGER_SUCCESS", "arn": arn, "nextInvocationEpochSecond": now + HOUR},
        {"type": "SCHEDULED_QUERY_UPDATE", "arn": arn, "state": "DISABLED"},
        {"type": "SCHEDULED_QUERY_DELETED", "arn": arn},
    ]
    stats = run.pop("executionStats")
    assert run == {
        "invocationEpochSecond": now, "triggerTimeMillis": now * 1000, "runStatus": "AUTO_TRIGGER_SUCCESS",
    }  # fmt: skip
    assert sorted(stats) == [
        "bytesMetered",
        "dataWrites",
        "executionTimeInMillis",
        "queryResultRows",
        "recordsIngested",
    ]


def test_a_disabled_query_rests_until_it_is_enabled_again(world: World) -> None:
    arn = world.create()
    world.call("UpdateScheduledQuery", ScheduledQueryArn=arn, State="DISABLED")
    assert "NextInvocationTime" not in world.describe(arn)
    world.lab.clock.advance(2 * HOUR)
    assert "LastRunSummary" not in world.describe(arn)
    world.call("UpdateScheduledQuery", ScheduledQueryArn=arn, State="ENABLED")
    world.lab.clock.advance(HOUR)
    assert world.describe(arn)["LastRunSummary"]["RunStatus"] == "AUTO_TRIGGER_SUCCESS"


def test_a_query_is_executed_by_hand_for_any_time_though_it_is_disabled(world: World) -> None:
    arn = world.create()
    world.call("UpdateScheduledQuery", ScheduledQueryArn=arn, State="DISABLED")
    world.call("ExecuteScheduledQuery", ScheduledQueryArn=arn, InvocationTime=world.lab.clock.now() - 400)
    assert world.derived("sensor, mean") == [["s1", "20.0"]]
    assert world.describe(arn)["LastRunSummary"]["RunStatus"] == "MANUAL_TRIGGER_SUCCESS"
    assert world.describe(arn)["LastRunSummary"]["InvocationTime"] == world.lab.clock.now() - 400


def test_a_deleted_query_does_not_run(world: World) -> None:
    arn = world.create()
    world.call("DeleteScheduledQuery", ScheduledQueryArn=arn)
    world.lab.clock.advance(HOUR)
    assert world.lab.rows("SHOW MEASURES FROM house.derived") == []
    with pytest.raises(AwsError, match="does not exist") as gone:
        world.describe(arn)
    assert gone.value.code == "ResourceNotFoundException"


def test_queries_go_on_after_a_restart(world: World) -> None:
    arn = world.create()
    world.lab.clock.advance(HOUR)
    before = world.describe(arn)
    state = copy.deepcopy(world.queries.state())
    world.queries.close()
    world.queries = world.made()
    world.queries.restore(state)
    assert world.describe(arn) == before
    world.lab.clock.advance(HOUR)
    assert world.describe(arn)["PreviousInvocationTime"] == world.lab.clock.now()


# Mappings, as the developer guide's page shows them

SINGLE = """SELECT sensor, bin(time, 1h) AS hour, measure_name, AVG(measure_value::double) AS average, COUNT(*) AS number
    FROM house.readings GROUP BY sensor, measure_name, bin(time, 1h)"""
PLAIN_ATTRIBUTES = [{"SourceColumn": "average", "MeasureValueType": "DOUBLE"}]
MAPPINGS: dict[str, tuple[dict[str, Any], list[list[str]]]] = {
    "the measure's name from the result": (
        {"MeasureNameColumn": "measure_name", "MultiMeasureMappings": {"MultiMeasureAttributeMappings": PLAIN_ATTRIBUTES}},
        [["temperature", "multi"]],
    ),
    "several multi-measure records a row": (
        {
            "MultiMeasureMappings": None,
            "MixedMeasureMappings": [
                {"MeasureValueType": "MULTI", "TargetMeasureName": "means", "MultiMeasureAttributeMappings": PLAIN_ATTRIBUTES},
                {
                    "MeasureValueType": "MULTI", "TargetMeasureName": "counts",
                    "MultiMeasureAttributeMappings": [{"SourceColumn": "number", "MeasureValueType": "BIGINT"}],
                },
            ],
        },
        [["counts", "multi"], ["means", "multi"]],
    ),
    "single measures by the measure's name": (
        {
            "MeasureNameColumn": "measure_name", "MultiMeasureMappings": None,
            "MixedMeasureMappings": [
                {
                    "MeasureName": "temperature", "MeasureValueType": "DOUBLE", "SourceColumn": "average",
                    "TargetMeasureName": "AvgTemperature",
                },
            ],
        },
        [["AvgTemperature", "double"]],
    ),
    "single measures by the column's name": (
        {
            "MultiMeasureMappings": None,
            "MixedMeasureMappings": [
                {"MeasureValueType": "DOUBLE", "SourceColumn": "average"},
                {"MeasureValueType": "BIGINT", "SourceColumn": "number", "TargetMeasureName": "total"},
            ],
        },
        [["average", "double"], ["total", "bigint"]],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MAPPINGS.values(), ids=MAPPINGS)
def test_results_are_mapped_as_the_guide_shows(world: World, case: tuple[dict[str, Any], list[list[str]]]) -> None:
    target, measures = case
    world.create(SINGLE, target=target)
    world.lab.clock.advance(HOUR)
    shown = world.lab.rows("SHOW MEASURES FROM house.derived")
    assert [row[:2] for row in shown] == measures


def test_values_that_are_null_are_left_out(world: World) -> None:
    sql = """SELECT sensor, time AS hour, CAST(NULL AS double) AS average, 1 AS number FROM house.readings
        WHERE sensor = 's2'"""
    world.create(sql)
    world.lab.clock.advance(HOUR)
    assert world.lab.rows("SELECT number FROM house.derived") == [["1"]]
    assert world.reports == {}


# Failures


def test_rows_and_records_that_are_not_taken_are_reported_and_the_query_goes_on(world: World) -> None:
    sql = """SELECT sensor, time AS hour, average, number FROM (VALUES
        ('good', now(), 1e0, 1), ('old', now() - 200d, 2e0, 1), ('empty', now(), CAST(NULL AS double), CAST(NULL AS int))
        ) AS t(sensor, time, average, number)"""
    arn = world.create(sql)
    world.lab.clock.advance(HOUR)
    now = int(world.lab.clock.now())
    key = f"of/queries/{arn.rpartition('/')[2]}/{now}/Auto/{now * 1000}"
    (report,) = world.reports.values()
    by_reason = {error["reason"]: error for error in report["errors"]}
    assert list(world.reports) == [key]
    old = next(error for reason, error in by_reason.items() if "outside the time range" in reason)
    assert old["records"][0]["dimensions"] == [{"name": "sensor", "value": "old", "dimensionValueType": None}]
    assert by_reason["All measure values are null."]["rawLine"].startswith("empty,")
    summary = world.describe(arn)["LastRunSummary"]
    assert summary["RunStatus"] == "AUTO_TRIGGER_FAILURE"
    assert summary["ErrorReportLocation"]["S3ReportLocation"] == {"BucketName": "errors", "ObjectKey": key}
    assert summary["ExecutionStats"]["RecordsIngested"] == 1
    assert world.describe(arn)["State"] == "ENABLED"
    told = world.told[-1]["scheduledQueryRunSummary"]
    assert told["errorReportLocation"] == {"s3ReportLocation": {"bucketName": "errors", "objectKey": key}}
    assert world.derived("sensor") == [["good"]]


def test_what_cannot_heal_disables_the_query(world: World) -> None:
    arn = world.create()
    world.lab.call("DeleteTable", DatabaseName="house", TableName="derived")
    world.lab.clock.advance(HOUR)
    described = world.describe(arn)
    assert described["State"] == "DISABLED"
    assert described["LastRunSummary"]["FailureReason"] == "The table derived does not exist."
    assert [run["RunStatus"] for run in described["RecentlyFailedRuns"]] == ["AUTO_TRIGGER_FAILURE"]
    assert [each["type"] for each in world.told[1:]] == ["AUTO_TRIGGER_FAILURE", "SCHEDULED_QUERY_UPDATE"]
    assert world.reports == {}
    world.lab.clock.advance(5 * HOUR)
    assert len(world.told) == 3


@pytest.mark.parametrize("action", ["timestream:Select", "timestream:WriteRecords"])
def test_a_role_that_has_lost_its_permission_disables_the_query(world: World, action: str) -> None:
    arn = world.create()
    world.denied = {action}
    world.lab.clock.advance(HOUR)
    assert world.describe(arn)["State"] == "DISABLED"
    assert action in world.describe(arn)["LastRunSummary"]["FailureReason"]


def test_a_report_that_cannot_be_written_is_told_in_the_reason(world: World) -> None:
    arn = world.create("SELECT 'a' AS sensor, now() - 200d AS hour, 1e0 AS average, 1 AS number")
    world.denied = {"s3:PutObject"}
    world.lab.clock.advance(HOUR)
    reason = world.describe(arn)["LastRunSummary"]["FailureReason"]
    assert "1 records or rows were not ingested" in reason
    assert "s3:PutObject" in reason


def test_a_topic_that_cannot_be_told_stops_nothing(world: World) -> None:
    arn = world.create()
    world.denied = {"sns:Publish"}
    world.lab.clock.advance(HOUR)
    assert world.describe(arn)["LastRunSummary"]["RunStatus"] == "AUTO_TRIGGER_SUCCESS"
    assert any("was not told" in note for note in world.notes)


# What is taken


def test_a_query_is_described_as_it_was_made(world: World) -> None:
    arn = world.create(Tags=[{"Key": "room", "Value": "all"}])
    described = world.describe(arn)
    assert arn.startswith("arn:aws:timestream:eu-central-1:123456789012:scheduled-query/hourly-")
    assert described["ErrorReportConfiguration"]["S3Configuration"]["EncryptionOption"] == "SSE_S3"
    assert described["CreationTime"] == world.lab.clock.now()
    assert described["RecentlyFailedRuns"] == []
    assert "KmsKeyId" not in described
    (listed,) = world.call("ListScheduledQueries")["ScheduledQueries"]
    assert listed["TargetDestination"] == {"TimestreamDestination": {"DatabaseName": "house", "TableName": "derived"}}
    world.call("TagResource", ResourceARN=arn, Tags=[{"Key": "day", "Value": "1"}])
    world.call("UntagResource", ResourceARN=arn, TagKeys=["room"])
    assert world.call("ListTagsForResource", ResourceARN=arn)["Tags"] == [{"Key": "day", "Value": "1"}]


def test_aws_own_samples_write_the_rate_so(world: World) -> None:
    world.create(expression="rate(1 minutes)")


def test_the_same_request_makes_one_query_and_another_of_its_name_none(world: World) -> None:
    first = world.create(ClientToken="t" * 32)
    assert world.create(ClientToken="t" * 32) == first
    with pytest.raises(AwsError, match="A scheduled query with the name hourly already exists") as refused:
        world.create()
    assert refused.value.code == "ConflictException"
    with pytest.raises(AwsError, match="ClientToken was used for another"):
        world.create(ClientToken="t" * 32, Name="other")


COLUMN = "is no column of the query: sensor, hour, average, number"
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a time of Scheduler": ({"expression": "at(2030-01-01T00:00:00)"}, "takes rate"),
    "no schedule": ({"expression": "every hour"}, "Invalid schedule expression"),
    "no query": ({"sql": "SHOW DATABASES"}, "A scheduled query is a SELECT query"),
    "an unload": ({"sql": "UNLOAD (SELECT 1) TO 's3://a/b'"}, "A scheduled query is a SELECT query"),
    "another parameter": ({"sql": AVERAGE.replace("runtime -", "run -")}, "@scheduled_run has no value"),
    "a column that no record has": ({"sql": AVERAGE.replace("measure_value::double", "celsius")}, "'celsius' does not exist"),
    "no such time column": ({"target": {"TimeColumn": "minute"}}, f"The TimeColumn 'minute' {COLUMN}"),
    "a time column of another type": ({"target": {"TimeColumn": "average"}}, "must be of type timestamp, not double"),
    "a dimension that is a number": (
        {"target": {"DimensionMappings": [{"Name": "number", "DimensionValueType": "VARCHAR"}]}}, "must be of type varchar",
    ),
    "no dimension": ({"target": {"DimensionMappings": []}}, "At least one dimension mapping"),
    "no measures": ({"target": {"MultiMeasureMappings": None}}, "Exactly one of MultiMeasureMappings and"),
    "no measure name": (
        {"target": {"MultiMeasureMappings": {"MultiMeasureAttributeMappings": PLAIN_ATTRIBUTES}}},
        "TargetMultiMeasureName is required",
    ),
    "no such table": ({"target": {"TableName": "nowhere"}}, "The table nowhere does not exist"),
    "no such bucket": (
        {"ErrorReportConfiguration": {"S3Configuration": {"BucketName": "none"}}}, "The bucket none for error reports",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_cannot_work_is_refused_when_it_is_made(world: World, case: tuple[dict[str, Any], str]) -> None:
    given, message = case
    with pytest.raises(AwsError, match=message):
        world.create(**given)
    assert world.told == []


@pytest.mark.parametrize("action", ["timestream:Select", "sns:Publish"])
def test_a_role_that_may_not_is_refused_when_the_query_is_made(world: World, action: str) -> None:
    world.denied = {action}
    with pytest.raises(AccessDenied, match=action):
        world.create()


def test_the_parameter_belongs_to_scheduled_queries(lab: Lab) -> None:
    with pytest.raises(AwsError, match="line 1:8: Parameter @scheduled_runtime has a value in scheduled queries only"):
        lab.query("SELECT @scheduled_runtime")
