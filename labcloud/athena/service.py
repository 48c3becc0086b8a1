"""StartQueryExecution and its kin. Source: Athena API Reference.

Hive statements are carried out before StartQueryExecution answers; queries run in the background. The result is an
object in S3, as on AWS; beside it AWS puts a .metadata file in a format of its own, which is not written here.
"""

from __future__ import annotations

import logging
import re
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from typing import Any

from labcloud.api import ApiRequest, Caller, Operation
from labcloud.athena.ddl import Show, is_ddl, parse_ddl
from labcloud.athena.errors import QueryFailed, invalid
from labcloud.athena.executions import CATALOG, Execution
from labcloud.athena.formats import split_location
from labcloud.athena.render import rows_of
from labcloud.athena.results import Column, Result
from labcloud.errors import AwsError
from labcloud.motobase.lookups import read_object
from labcloud.motobase.objects import put_object

log = logging.getLogger("labcloud.athena")
LONGEST_QUERY = 262_144
KEPT = 1_000
AT_ONCE = 2

WhyNot = Callable[[Caller, str, str], str | None]
"""why_not(caller, action, resource): None if the caller may do it, else AWS's sentence."""


class Athena:
    """The service `athena`, as far as queries are concerned; moto keeps work groups and named queries."""

    name = "athena"

    def __init__(self, now: Callable[[], float], why_not: WhyNot) -> None:
        self._now = now
        self._why_not = why_not
        self._lock = threading.Lock()
        self._executions: dict[str, Execution] = {}
        self._connections: dict[str, Any] = {}
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="athena")
        self._running: set[Future[None]] = set()
        self.operations: Mapping[str, Operation] = {
            "StartQueryExecution": self.start_query_execution,
            "GetQueryExecution": self.get_query_execution,
            "BatchGetQueryExecution": self.batch_get_query_execution,
            "ListQueryExecutions": self.list_query_executions,
            "StopQueryExecution": self.stop_query_execution,
            "GetQueryResults": self.get_query_results,
        }

    def state(self) -> list[Execution]:
        """What must survive a restart."""
        with self._lock:
            return [execution for execution in self._executions.values() if execution.over]

    def restore(self, state: list[Execution]) -> None:
        """Takes over what `state` gave."""
        with self._lock:
            self._executions.update({execution.id: execution for execution in state})

    def wait_until_idle(self, within_s: float) -> bool:
        """True when no query runs; False: it took too long."""
        with self._lock:
            running = list(self._running)
        return not wait_for(running, timeout=within_s).not_done

    def close(self) -> None:
        """Interrupts what runs."""
        with self._lock:
            connections = list(self._connections.values())
        for connection in connections:
            connection.interrupt()
        self._pool.shutdown(wait=False, cancel_futures=True)

    # -- operations

    def start_query_execution(self, request: ApiRequest) -> dict[str, Any]:
        """StartQueryExecution: syntax errors are answered at once, everything else is the query's state."""
        asked, sql = request.parameters, request.parameters["QueryString"]
        if len(sql.encode()) > LONGEST_QUERY:
            raise invalid("The query string is longer than 262144 bytes.", "INVALID_INPUT")
        context = asked.get("QueryExecutionContext") or {}
        if context.get("Catalog", CATALOG).lower() != CATALOG:
            raise invalid(
                f"Data catalog {context['Catalog']} is not served by the local cloud.", "DATACATALOG_NOT_FOUND"
            )
        parameters = tuple(asked.get("ExecutionParameters") or ())
        parsed = parse_ddl(sql) if is_ddl(sql) else _parse_query(sql, parameters)
        kind = "UTILITY" if isinstance(parsed, Show) else ("DDL" if is_ddl(sql) else "DML")
        group, location = self._output_of(request)
        query_id = str(uuid.uuid4())
        execution = Execution(
            id=query_id,
            scope=request.scope,
            caller=request.caller,
            query=sql,
            kind=kind,
            database=(context.get("Database") or "default").lower(),
            catalog=CATALOG,
            work_group=group,
            output=f"{location.rstrip('/')}/{query_id}.{'csv' if kind == 'DML' else 'txt'}",
            parameters=parameters,
            submitted_s=self._now(),
        )
        self._keep(execution)
        if kind == "DML":
            self._submit(execution, lambda: self._query(execution, parsed))
        else:
            self._carry_out(execution, lambda: self._statement(execution, parsed))
        return {"QueryExecutionId": query_id}

    def get_query_execution(self, request: ApiRequest) -> dict[str, Any]:
        """GetQueryExecution."""
        return {"QueryExecution": self._existing(request, request.parameters["QueryExecutionId"]).described()}

    def batch_get_query_execution(self, request: ApiRequest) -> dict[str, Any]:
        """BatchGetQueryExecution."""
        found, missing = [], []
        for query_id in request.parameters["QueryExecutionIds"]:
            try:
                found.append(self._existing(request, query_id).described())
            except AwsError as error:
                missing.append(
                    {"QueryExecutionId": query_id, "ErrorCode": "INVALID_INPUT", "ErrorMessage": error.message}
                )
        return {"QueryExecutions": found, "UnprocessedQueryExecutionIds": missing}

    def list_query_executions(self, request: ApiRequest) -> dict[str, Any]:
        """ListQueryExecutions of a work group, the newest first, in pages."""
        asked = request.parameters
        group = asked.get("WorkGroup") or "primary"
        start, size = int(asked.get("NextToken") or 0), int(asked.get("MaxResults") or 50)
        with self._lock:
            found = [e.id for e in self._executions.values() if (e.scope, e.work_group) == (request.scope, group)][::-1]
        answer: dict[str, Any] = {"QueryExecutionIds": found[start : start + size]}
        return {**answer, "NextToken": str(start + size)} if len(found) > start + size else answer

    def stop_query_execution(self, request: ApiRequest) -> dict[str, Any]:
        """StopQueryExecution."""
        execution = self._existing(request, request.parameters["QueryExecutionId"])
        with self._lock:
            execution.cancelled = True
            connection = self._connections.get(execution.id)
        if connection is not None:
            connection.interrupt()
        return {}

    def get_query_results(self, request: ApiRequest) -> dict[str, Any]:
        """GetQueryResults, read from the result's object; the first page of a query begins with the names."""
        asked = request.parameters
        execution = self._existing(request, asked["QueryExecutionId"])
        if execution.state != "SUCCEEDED":
            state = "did not finish successfully" if execution.over else "has not yet finished"
            raise invalid(f"Query {state}. Current state: {execution.state}", "INVALID_QUERY_EXECUTION_STATUS")
        start, size = int(asked.get("NextToken") or 0), int(asked.get("MaxResults") or 1000)
        if not 1 <= size <= 1000:
            raise invalid("MaxResults is from 1 to 1000.", "INVALID_INPUT")
        rows = self._read_back(execution)
        page = [
            {"Data": [{} if cell is None else {"VarCharValue": cell} for cell in row]}
            for row in rows[start : start + size]
        ]
        answer: dict[str, Any] = {
            "UpdateCount": 0,
            "ResultSet": {"Rows": page, "ResultSetMetadata": {"ColumnInfo": execution.column_info()}},
        }
        return {**answer, "NextToken": str(start + size)} if len(rows) > start + size else answer

    # -- running

    def take(self, execution: Execution, connection: Any) -> None:
        """The connection that StopQueryExecution interrupts."""
        with self._lock:
            self._connections[execution.id] = connection
            cancelled = execution.cancelled
        if cancelled:
            raise QueryFailed("Query was cancelled")

    def _submit(self, execution: Execution, work: Callable[[], Result]) -> None:
        future = self._pool.submit(self._carry_out, execution, work)
        with self._lock:
            self._running.add(future)
        future.add_done_callback(self._over)

    def _over(self, future: Future[None]) -> None:
        with self._lock:
            self._running.discard(future)

    def _carry_out(self, execution: Execution, work: Callable[[], Result]) -> None:
        began = time.monotonic()
        execution.state = "RUNNING"
        try:
            result = work()
            execution.engine_ms = round((time.monotonic() - began) * 1000)
            execution.columns, execution.scanned_bytes = result.columns, result.scanned_bytes
            self._write(execution, result)
            state, reason = "SUCCEEDED", ""
        except QueryFailed as error:
            state, reason = "FAILED", str(error)
        except AwsError as error:
            state, reason = "FAILED", f"{error.code}: {error.message}"
        except Exception as error:
            log.exception("query %s failed", execution.id)
            state, reason = "FAILED", f"INTERNAL_ERROR: the local cloud failed: {type(error).__name__}: {error}"
        finally:
            with self._lock:
                self._connections.pop(execution.id, None)
        execution.total_ms = round((time.monotonic() - began) * 1000)
        execution.completed_s = self._now()
        execution.reason = "Query cancelled by user" if execution.cancelled else reason
        execution.state = "CANCELLED" if execution.cancelled else state

    def _query(self, execution: Execution, parsed: Any) -> Result:
        from labcloud.athena.run import run_query  # with sqlglot: not before the first query

        handle = _Handle(self, execution)
        result = run_query(
            parsed, execution.query, execution.parameters, execution.scope, execution.database, self._now(),
            self._allow(execution), handle,
        )  # fmt: skip
        self._check_cutoff(execution, result)
        return result

    def _statement(self, execution: Execution, parsed: Any) -> Result:
        from labcloud.athena.catalogue import execute

        lines = execute(parsed, execution.scope, execution.database, self._allow(execution))
        columns = (Column("result", "string"),) if execution.kind == "UTILITY" or lines else ()
        return Result(columns, "".join(f"{line}\n" for line in lines).encode())

    def _check_cutoff(self, execution: Execution, result: Result) -> None:
        from labcloud.motobase import glue_tables

        group = glue_tables.work_group(execution.scope, execution.work_group)
        cutoff = (group.configuration if group else {}).get("BytesScannedCutoffPerQuery")
        if cutoff and result.scanned_bytes > cutoff:
            raise QueryFailed(
                f"Query exhausted resources: Bytes scanned limit was exceeded ({result.scanned_bytes} of {cutoff})"
            )

    def _allow(self, execution: Execution) -> Callable[[str, str], None]:
        def allow(action: str, resource: str) -> None:
            why = self._why_not(execution.caller, action, resource)
            if why is not None:
                raise QueryFailed(f"PERMISSION_DENIED: {why}")

        return allow

    def _write(self, execution: Execution, result: Result) -> None:
        bucket, key = _object_of(execution.output)
        self._allow(execution)("s3:PutObject", f"arn:aws:s3:::{bucket}/{key}")
        put_object(execution.scope.account_id, bucket, key, result.body, content_type="application/octet-stream")

    def _read_back(self, execution: Execution) -> list[list[str | None]]:
        bucket, key = _object_of(execution.output)
        try:
            body = read_object(execution.scope.account_id, bucket, key)
        except AwsError as error:
            raise invalid(f"Could not find results: {error.message}", "INVALID_INPUT") from error
        return rows_of(body) if execution.kind == "DML" else [[line] for line in body.decode().splitlines()]

    # -- inside

    def _output_of(self, request: ApiRequest) -> tuple[str, str]:
        from labcloud.motobase import glue_tables  # with moto's Glue: not before the first query

        asked = request.parameters
        name = asked.get("WorkGroup") or "primary"
        group = glue_tables.work_group(request.scope, name)
        if group is None:
            raise invalid(f"WorkGroup {name} is not found.", "WORKGROUP_NOT_FOUND")
        if not group.enabled:
            raise invalid(f"WorkGroup {name} is disabled.", "WORKGROUP_DISABLED")
        of_group = (group.configuration.get("ResultConfiguration") or {}).get("OutputLocation")
        of_query = (asked.get("ResultConfiguration") or {}).get("OutputLocation")
        enforced = group.configuration.get("EnforceWorkGroupConfiguration", True)
        location = of_group if of_group and enforced else of_query or of_group
        if not location:
            raise invalid(
                "No output location provided. An output location is required either through the Workgroup result "
                "configuration setting or as an API input.",
                "INVALID_INPUT",
            )
        if not re.fullmatch(r"s3://[^/]+(/.*)?", location):
            raise invalid(f"outputLocation is not a valid S3 path: {location}", "INVALID_INPUT")
        bucket = split_location(location)[0]
        if not glue_tables.has_bucket(request.scope, bucket):
            raise invalid(f"Unable to verify/create output bucket {bucket}", "INVALID_INPUT")
        return name, location

    def _keep(self, execution: Execution) -> None:
        with self._lock:
            self._executions[execution.id] = execution
            finished = [e.id for e in self._executions.values() if e.over]
            for query_id in finished[: max(0, len(self._executions) - KEPT)]:
                del self._executions[query_id]

    def _existing(self, request: ApiRequest, query_id: str) -> Execution:
        with self._lock:
            found = self._executions.get(query_id)
        if found is None or found.scope != request.scope:
            raise invalid(f"QueryExecution {query_id} was not found", "INVALID_INPUT")
        return found


class _Handle:
    def __init__(self, athena: Athena, execution: Execution) -> None:
        self._athena = athena
        self._execution = execution

    def take(self, connection: Any) -> None:
        self._athena.take(self._execution, connection)


def _parse_query(sql: str, parameters: tuple[str, ...]) -> Any:
    from labcloud.athena.translate import parse_query

    return parse_query(sql, parameters)


def _object_of(location: str) -> tuple[str, str]:
    bucket, _, key = location.removeprefix("s3://").partition("/")
    return bucket, key
