"""One run of a scheduled query: asks the role, runs the query, writes its rows, reports what was not taken.

Source: Timestream developer guide, "Scheduled query concepts", "Scheduled query error reports": records and rows that are
not taken are reported and the query goes on; what else fails disables it.
"""

from __future__ import annotations

import itertools
import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from labcloud.errors import AwsError, Refused
from labcloud.timestream.errors import RejectedRecordsException, ValidationException
from labcloud.timestream.query import METERED_BYTES, run_select
from labcloud.timestream.records import parse_records
from labcloud.timestream.run import batches
from labcloud.timestream.scheduled.mapping import Mapper, Record, RowError, reported
from labcloud.timestream.scheduled.model import Run, ScheduledQuery
from labcloud.timestream.sql import nodes as n
from labcloud.timestream.sql.parser import parse_statement
from labcloud.timestream.sql.render import renderer, weight
from labcloud.timestream.store import Store
from labcloud.timestream.tables import tables_of
from labcloud.timestream.upsert import size_of
from labcloud.timestream.write import ingest

SERVICE = "timestream.amazonaws.com"
BATCH = 100
"""Records of one WriteRecords call."""
MOST_REPORTED = 1000
"""Errors of a report; the rest are only counted."""
METERED_UNIT = 1024


class Roles(Protocol):
    """Decides for a role on behalf of a service. Raises Refused."""

    def require(self, role_arn: str, service: str, action: str, resource: str, context: Mapping[str, str]) -> None: ...


PutReport = Callable[[ScheduledQuery, str, bytes], None]
"""put_report(query, key, body) into the bucket for error reports. Raises AwsError."""


@dataclass
class Errors:
    """What was not taken, by reason."""

    count: int = 0
    by_reason: dict[str, list[Record]] = field(default_factory=dict)
    lines: list[tuple[str, str]] = field(default_factory=list)

    def add_record(self, reason: str, record: Record) -> None:
        self.count += 1
        if self.count <= MOST_REPORTED:
            self.by_reason.setdefault(reason, []).append(record)

    def add_row(self, reason: str, line: str) -> None:
        self.count += 1
        if self.count <= MOST_REPORTED:
            self.lines.append((reason, line))

    def report(self) -> bytes:
        """The error report, "Scheduled query error reports format"."""
        errors: list[dict[str, Any]] = [
            {"reason": reason, "records": [reported(record) for record in records]}
            for reason, records in self.by_reason.items()
        ]
        errors += [{"reason": reason, "rawLine": line} for reason, line in self.lines]
        return json.dumps({"reportId": uuid.uuid4().hex.upper(), "errors": errors}).encode()


class Runner:
    """`require` asks for every action of a role; `put_report` writes a report with the role's permission."""

    def __init__(
        self,
        store_of: Callable[[str, str], Store],
        roles: Roles,
        put_report: PutReport,
        now: Callable[[], float],
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store_of = store_of
        self._roles = roles
        self._put_report = put_report
        self._now = now
        self._seconds = seconds

    def require_reading(self, query: ScheduledQuery) -> None:
        """Raises Refused unless Timestream may read the query's tables through the role."""
        tables = tables_of(query.settings["QueryString"])
        for database, table in tables:
            self.require(
                query, "timestream:Select", query.scope.arn("timestream", f"database/{database}/table/{table}")
            )
        if not tables:
            self.require(query, "timestream:SelectValues", "*")

    def require(self, query: ScheduledQuery, action: str, resource: str) -> None:
        """Raises Refused."""
        self._roles.require(query.role_arn, SERVICE, action, resource, query.context)

    def run(self, query: ScheduledQuery, due_s: float, *, manual: bool) -> tuple[Run, bool]:
        """The run, and whether it failed for good, so that the query is to be disabled."""
        began = self._seconds()
        run = Run(due_s, self._now(), manual)
        errors, for_good = Errors(), False
        try:
            self._execute(query, run, errors)
        except Refused as refused:
            run.failure, for_good = str(refused), True
        except AwsError as error:
            run.failure, for_good = error.message, error.status < 500
        run.stats.execution_ms = max(1, round((self._seconds() - began) * 1000))
        if errors.count:
            self._report(query, run, errors)
        return run, for_good

    def _execute(self, query: ScheduledQuery, run: Run, errors: Errors) -> None:
        self.require_reading(query)
        statement = parse_statement(query.settings["QueryString"])
        assert isinstance(statement, n.Query)
        store = self._store_of(query.scope.account_id, query.scope.region)
        now_ns, due_ns = (int(moment * 1_000_000) * 1000 for moment in (run.triggered_s, run.due_s))
        names, types, rows = run_select(store, statement, now_ns, due_ns)
        renderers = [renderer(type_) for type_ in types]
        target = query.target
        writer = None
        if target is not None:
            place = f"database/{target['DatabaseName']}/table/{target['TableName']}"
            self.require(query, "timestream:WriteRecords", query.scope.arn("timestream", place))
            writer = Writer(store, target, Mapper(target, names, _version(run)), run, errors)
        try:
            for row in itertools.chain.from_iterable(batches(rows)):
                run.stats.rows += 1
                run.stats.bytes_read += sum(weight(render(value)) for render, value in zip(renderers, row, strict=True))
                if writer is not None:
                    writer.add(row)
        finally:
            rows.close()
        if writer is not None:
            writer.flush()
        run.stats.bytes_metered = max(run.stats.bytes_read, METERED_BYTES)

    def _report(self, query: ScheduledQuery, run: Run, errors: Errors) -> None:
        """Writes the report and says in the run what it is about."""
        bucket = query.settings["ErrorReportConfiguration"]["S3Configuration"]["BucketName"]
        key = query.report_key(run)
        run.failure = run.failure or f"{errors.count} records or rows were not ingested; the error report says which."
        try:
            self.require(query, "s3:PutObject", f"arn:aws:s3:::{bucket}/{key}")
            self._put_report(query, key, errors.report())
            run.report_bucket, run.report_key = bucket, key
        except Refused as refused:
            run.failure += f" It could not be written: {refused}"
        except AwsError as error:
            run.failure += f" It could not be written: {error.message}"


class Writer:
    """Writes the records of a run's rows, in calls of their own."""

    def __init__(self, store: Store, target: Mapping[str, Any], mapper: Mapper, run: Run, errors: Errors) -> None:
        self._store = store
        self._where = {"DatabaseName": target["DatabaseName"], "TableName": target["TableName"]}
        self._mapper = mapper
        self._run = run
        self._errors = errors
        self._waiting: list[Record] = []

    def add(self, row: Sequence[Any]) -> None:
        try:
            self._waiting += self._mapper.records(row)
        except RowError as error:
            self._errors.add_row(str(error), self._mapper.line(row))
        if len(self._waiting) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Writes what waits. Raises AwsError if the table is gone."""
        records, self._waiting = self._waiting, []
        if not records:
            return
        try:
            self._ingest(records)
        except ValidationException:
            for record in records:  # one that is malformed must not cost the others
                self._ingest_alone(record)

    def _ingest_alone(self, record: Record) -> None:
        try:
            self._ingest([record])
        except ValidationException as error:
            self._errors.add_record(error.message, record)

    def _ingest(self, records: list[Record]) -> None:
        stats = self._run.stats
        size = sum(map(size_of, parse_records(records)))
        try:
            ingest(self._store, self._where, records, None)
        except RejectedRecordsException as error:
            for rejected in error.rejected:
                self._errors.add_record(rejected["Reason"], records[rejected["RecordIndex"]])
            stats.records += len(records) - len(error.rejected)
        else:
            stats.records += len(records)
        stats.bytes_written += -(-size // METERED_UNIT) * METERED_UNIT


def _version(run: Run) -> int:
    """A later run's records take the place of an earlier one's."""
    return int(run.triggered_s * 1000)
