"""A scheduled query, its runs, and how the API, notifications and error reports tell of them. Pure.

Sources: Timestream API reference, DescribeScheduledQuery; developer guide, "Scheduled query notification messages",
"Scheduled query error reports". The times in a report's key are those of the notification: seconds, and milliseconds.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from labcloud.api import Scope

ENABLED, DISABLED = "ENABLED", "DISABLED"
MOST_FAILED_RUNS = 5


@dataclass
class Stats:
    """What one run did."""

    execution_ms: int = 0
    bytes_written: int = 0
    bytes_read: int = 0
    bytes_metered: int = 0
    records: int = 0
    rows: int = 0

    def members(self) -> dict[str, int]:
        """As the API names them."""
        return {
            "ExecutionTimeInMillis": self.execution_ms,
            "DataWrites": self.bytes_written,
            "BytesMetered": self.bytes_metered,
            "CumulativeBytesScanned": self.bytes_read,
            "RecordsIngested": self.records,
            "QueryResultRows": self.rows,
        }

    def told(self) -> dict[str, int]:
        """As notifications name them."""
        return {
            "executionTimeInMillis": self.execution_ms,
            "dataWrites": self.bytes_written,
            "bytesMetered": self.bytes_metered,
            "recordsIngested": self.records,
            "queryResultRows": self.rows,
        }


@dataclass
class Run:
    """One run: `due_s` is what @scheduled_runtime said, `triggered_s` when it really ran (epoch seconds)."""

    due_s: float
    triggered_s: float
    manual: bool
    stats: Stats = field(default_factory=Stats)
    failure: str = ""
    report_bucket: str = ""
    report_key: str = ""

    @property
    def status(self) -> str:
        """The run's status, which is also the type of its notification."""
        return f"{'MANUAL' if self.manual else 'AUTO'}_TRIGGER_{'FAILURE' if self.failure else 'SUCCESS'}"

    def summary(self) -> dict[str, Any]:
        """The ScheduledQueryRunSummary of the API."""
        members: dict[str, Any] = {
            "InvocationTime": self.due_s,
            "TriggerTime": self.triggered_s,
            "RunStatus": self.status,
            "ExecutionStats": self.stats.members(),
        }
        if self.report_key:
            place = {"BucketName": self.report_bucket, "ObjectKey": self.report_key}
            members["ErrorReportLocation"] = {"S3ReportLocation": place}
        if self.failure:
            members["FailureReason"] = self.failure
        return members

    def told(self) -> dict[str, Any]:
        """The same in a notification."""
        told: dict[str, Any] = {
            "invocationEpochSecond": int(self.due_s),
            "triggerTimeMillis": int(self.triggered_s * 1000),
            "runStatus": self.status,
            "executionStats": self.stats.told(),
        }
        if self.report_key:
            place = {"bucketName": self.report_bucket, "objectKey": self.report_key}
            told["errorReportLocation"] = {"s3ReportLocation": place}
        if self.failure:
            told["failureReason"] = self.failure
        return told


@dataclass
class ScheduledQuery:
    """`settings` are the members of CreateScheduledQuery that DescribeScheduledQuery gives back."""

    scope: Scope
    arn: str
    settings: dict[str, Any]
    created_s: float
    enabled_s: float
    """When it was enabled last: a rate counts from there."""
    tags: dict[str, str]
    state: str = ENABLED
    next_s: float | None = None
    previous_s: float | None = None
    last_run: Run | None = None
    failed_runs: list[Run] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.settings["Name"])

    @property
    def expression(self) -> str:
        return str(self.settings["ScheduleConfiguration"]["ScheduleExpression"])

    @property
    def role_arn(self) -> str:
        return str(self.settings["ScheduledQueryExecutionRoleArn"])

    @property
    def topic_arn(self) -> str:
        return str(self.settings["NotificationConfiguration"]["SnsConfiguration"]["TopicArn"])

    @property
    def target(self) -> dict[str, Any] | None:
        """The TimestreamConfiguration; None: results are not written anywhere."""
        configuration = self.settings.get("TargetConfiguration")
        return None if configuration is None else dict(configuration["TimestreamConfiguration"])

    @property
    def context(self) -> dict[str, str]:
        """The keys with which Timestream assumes the role."""
        return {"aws:SourceArn": self.arn, "aws:SourceAccount": self.scope.account_id}

    def ran(self, run: Run) -> None:
        """Notes a run that is over."""
        self.last_run = run
        self.previous_s = run.due_s
        if run.failure:
            self.failed_runs = [run, *self.failed_runs][:MOST_FAILED_RUNS]

    def report_key(self, run: Run) -> str:
        """Where the error report of a run goes."""
        prefix = self.settings["ErrorReportConfiguration"]["S3Configuration"].get("ObjectKeyPrefix") or ""
        kind = "Manual" if run.manual else "Auto"
        own = f"{self.arn.rpartition('/')[2]}/{int(run.due_s)}/{kind}/{int(run.triggered_s * 1000)}"
        return f"{prefix.strip('/')}/{own}" if prefix.strip("/") else own

    def described(self) -> dict[str, Any]:
        """What DescribeScheduledQuery answers."""
        members = {**self.settings, **self._identity(), "RecentlyFailedRuns": [r.summary() for r in self.failed_runs]}
        if self.last_run is not None:
            members["LastRunSummary"] = self.last_run.summary()
        return members

    def listed(self) -> dict[str, Any]:
        """What ListScheduledQueries answers for it."""
        members = {**self._identity(), "ErrorReportConfiguration": self.settings["ErrorReportConfiguration"]}
        if self.target is not None:
            place = {name: self.target[name] for name in ("DatabaseName", "TableName")}
            members["TargetDestination"] = {"TimestreamDestination": place}
        if self.last_run is not None:
            members["LastRunStatus"] = self.last_run.status
        return members

    def _identity(self) -> dict[str, Any]:
        members: dict[str, Any] = {
            "Arn": self.arn, "Name": self.name, "CreationTime": self.created_s, "State": self.state,
        }  # fmt: skip
        if self.previous_s is not None:
            members["PreviousInvocationTime"] = self.previous_s
        if self.next_s is not None and self.state == ENABLED:
            members["NextInvocationTime"] = self.next_s
        return members

    def as_dict(self) -> dict[str, Any]:
        """For the state file."""
        return asdict(self)


def query_from(kept: dict[str, Any]) -> ScheduledQuery:
    """Reads what `as_dict` wrote."""
    runs = [_run_from(run) for run in kept["failed_runs"]]
    last = _run_from(kept["last_run"]) if kept["last_run"] else None
    return ScheduledQuery(**{**kept, "scope": Scope(**kept["scope"]), "failed_runs": runs, "last_run": last})


def _run_from(kept: dict[str, Any]) -> Run:
    return Run(**{**kept, "stats": Stats(**kept["stats"])})


def creating(query: ScheduledQuery) -> dict[str, Any]:
    """The notification before a query is there."""
    return {"type": "SCHEDULED_QUERY_CREATING", "arn": query.arn}


def updated(query: ScheduledQuery) -> dict[str, Any]:
    """The notification that a query was enabled or disabled."""
    return {"type": "SCHEDULED_QUERY_UPDATE", "arn": query.arn, "state": query.state}


def deleted(query: ScheduledQuery) -> dict[str, Any]:
    """The notification that a query is gone."""
    return {"type": "SCHEDULED_QUERY_DELETED", "arn": query.arn}


def ended(query: ScheduledQuery, run: Run) -> dict[str, Any]:
    """The notification after a run."""
    told: dict[str, Any] = {"type": run.status, "arn": query.arn}
    if query.next_s is not None and query.state == ENABLED and not run.failure:
        told["nextInvocationEpochSecond"] = int(query.next_s)
    return {**told, "scheduledQueryRunSummary": run.told()}
