"""The operations of timestream-query: Query, CancelQuery, PrepareQuery, DescribeEndpoints."""

from __future__ import annotations

import base64
import json
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from labcloud.api import ApiRequest, Operation
from labcloud.timestream.errors import ConflictException, ValidationException
from labcloud.timestream.paging import OpenQueries, OpenQuery
from labcloud.timestream.run import Listed, Rows, Running
from labcloud.timestream.sql import nodes as n
from labcloud.timestream.sql.parser import parse_statement
from labcloud.timestream.sql.render import column_info, renderer, type_info
from labcloud.timestream.sql.scope import Source
from labcloud.timestream.sql.translate import translate
from labcloud.timestream.sql.types import Type
from labcloud.timestream.store import Store
from labcloud.timestream.tables import find_table, list_catalog, table_source
from labcloud.timestream.unload import COLUMNS as UNLOADED
from labcloud.timestream.unload import Unload

IDEMPOTENT_SECONDS = 300
MAX_REMEMBERED = 32
MAX_ROWS = 1000
METADATA_BYTES = 100 * 1024
"""Developer guide, "Quotas": of a query's result."""
METERED_BYTES = 10_000_000
"""Developer guide, "Pricing": a query is metered at 10 MB or more."""

Answered = tuple[float, str, dict[str, Any]]
Result = tuple[list[str], list[Type], Rows]
"""Names and types of the columns, and the rows."""
Call = Callable[[ApiRequest, str, str, Mapping[str, Any]], None]
"""call(request, service, operation, parameters): an operation of another service, as the request's caller."""


class TimestreamQuery:
    """Answers queries; all state is the store's and that of the pages still to come."""

    name = "timestream-query"

    def __init__(
        self,
        store_of: Callable[[str, str], Store],
        now: Callable[[], float],
        describe_endpoints: Operation,
        call: Call,
    ) -> None:
        self._store_of = store_of
        self._now = now
        self._call = call
        self._lock = threading.RLock()
        self.page_rows: int | None = None
        """Pages of at most so many rows, however many the caller allows: AWS too decides how large its pages are."""
        self._open = OpenQueries(now)
        self._answers: OrderedDict[tuple[str, str], Answered] = OrderedDict()
        self.operations: Mapping[str, Operation] = {
            "Query": self.query,
            "CancelQuery": self.cancel_query,
            "PrepareQuery": self.prepare_query,
            "DescribeEndpoints": describe_endpoints,
        }

    def query(self, request: ApiRequest) -> dict[str, Any]:
        """Source: API reference, Query."""
        given = request.parameters
        text, max_rows = given["QueryString"], given.get("MaxRows")
        if max_rows is not None and not 1 <= max_rows <= MAX_ROWS:
            raise ValidationException(f"MaxRows must be between 1 and {MAX_ROWS}, not {max_rows}.")
        if given.get("QueryInsights", {}).get("Mode", "DISABLED") != "DISABLED":
            raise ValidationException("QueryInsights is not served by this cloud.")
        if self.page_rows is not None:
            max_rows = min(max_rows or self.page_rows, self.page_rows)
        if token := given.get("NextToken"):
            with self._lock:
                query, page, following = self._open.later_page(token, text, request.caller.arn, max_rows)
            return _response(query, page, following)
        return self._once(request, text, max_rows)

    def _once(self, request: ApiRequest, text: str, max_rows: int | None) -> dict[str, Any]:
        """The first page; a repeated ClientToken within five minutes gets the same answer without a second run."""
        client_token = request.parameters.get("ClientToken")
        key = (request.caller.arn, client_token or "")
        with self._lock:
            remembered = self._answers.get(key) if client_token else None
        if remembered and self._now() - remembered[0] < IDEMPOTENT_SECONDS:
            if remembered[1] != text:
                raise ConflictException("The ClientToken was used for another query string.")
            return remembered[2]
        query = self._begin(request, text)
        with self._lock:
            page, following = self._open.first_page(query, max_rows)
            answer = _response(query, page, following)
            if client_token:
                self._answers[key] = (self._now(), text, answer)
                while len(self._answers) > MAX_REMEMBERED:
                    self._answers.popitem(last=False)
        return answer

    def _begin(self, request: ApiRequest, text: str) -> OpenQuery:
        statement = parse_statement(text)
        query_id = base64.b32encode(secrets.token_bytes(35)).decode()
        names, types, rows = self._run(request, statement, query_id)
        columns = [column_info(name, type_) for name, type_ in zip(names, types, strict=True)]
        if len(json.dumps(columns)) > METADATA_BYTES:
            rows.close()
            raise ValidationException(f"The metadata of the result is larger than {METADATA_BYTES} bytes.")
        return OpenQuery(query_id, text, request.caller.arn, columns, [renderer(type_) for type_ in types], rows)

    def _run(self, request: ApiRequest, statement: n.Statement, query_id: str) -> Result:
        store = self._store_of(request.account_id, request.region)
        if isinstance(statement, n.Query):
            return run_select(store, statement, int(self._now() * 1_000_000) * 1000)
        if isinstance(statement, n.Unload):
            return self._unload(request, store, statement, query_id)
        with store.lock:
            names, types, listing = list_catalog(statement, store.catalog)
        return list(names), list(types), Listed(listing)

    def _unload(self, request: ApiRequest, store: Store, statement: n.Unload, query_id: str) -> Result:
        names, types, rows = run_select(store, statement.query, int(self._now() * 1_000_000) * 1000)
        try:
            unload = Unload(
                statement, query_id, names, types, lambda given: self._call(request, "s3", "PutObject", given)
            )
            answer = unload.write(rows)
        finally:
            rows.close()
        return [name for name, _ in UNLOADED], [type_ for _, type_ in UNLOADED], Listed(answer)

    def prepare_query(self, request: ApiRequest) -> dict[str, Any]:
        """The columns of a query without running it. Parameters (@name) are refused. Source: API ref., PrepareQuery."""
        text = request.parameters["QueryString"]
        statement = parse_statement(text)
        store = self._store_of(request.account_id, request.region)
        if not isinstance(statement, n.Query):
            raise ValidationException("PrepareQuery takes a SELECT query.")
        with store.lock:
            now_ns = int(self._now() * 1_000_000) * 1000
            translated = translate(statement, now_ns, lambda name: _source(store, name, now_ns))
        names = _column_names(translated.names)
        pairs = zip(names, translated.types, strict=True)
        columns = [{"Name": name, "Type": type_info(type_)} for name, type_ in pairs]
        return {"QueryString": text, "Columns": columns, "Parameters": []}

    def cancel_query(self, request: ApiRequest) -> dict[str, Any]:
        """Source: API reference, CancelQuery: a message only if the query ran when the call came."""
        with self._lock:
            found = self._open.cancel(request.parameters["QueryId"])
        if not found:
            raise ValidationException(f"No running query found with ID {request.parameters['QueryId']}.")
        return {"CancellationMessage": f"Query {request.parameters['QueryId']} was cancelled."}

    def close(self) -> None:
        with self._lock:
            self._open.close()


def run_select(store: Store, query: n.Query, now_ns: int, scheduled_runtime_ns: int | None = None) -> Result:
    """Begins a query at a time. Raises ValidationException, QueryExecutionException."""
    with store.lock:
        translated = translate(query, now_ns, lambda name: _source(store, name, now_ns), scheduled_runtime_ns)
        store.flush()
        cursor = store.engine.cursor_for(translated.sql)
    return _column_names(translated.names), list(translated.types), Running(cursor, translated.sql)


def columns_of(store: Store, query: n.Query, now_ns: int, scheduled_runtime_ns: int) -> dict[str, Type]:
    """The columns that a scheduled query would have, without running it. Raises ValidationException."""
    with store.lock:
        translated = translate(query, now_ns, lambda name: _source(store, name, now_ns), scheduled_runtime_ns)
    return dict(zip(_column_names(translated.names), translated.types, strict=True))


def _source(store: Store, name: n.TableName, now_ns: int) -> Source:
    table = find_table(name, store.catalog)
    store.engine.ensure(table)
    return table_source(table, table.retention_floor_ns(now_ns))


def _column_names(names: tuple[str | None, ...]) -> list[str]:
    """Output columns without a name are _col0, _col1, … by their position (as Trino names them)."""
    return [f"_col{index}" if name is None else name for index, name in enumerate(names)]


def _response(query: OpenQuery, page: list[dict[str, Any]], following: str | None) -> dict[str, Any]:
    status = {
        "ProgressPercentage": 100.0,
        "CumulativeBytesScanned": query.bytes_read,
        "CumulativeBytesMetered": max(query.bytes_read, METERED_BYTES),
    }
    response = {"QueryId": query.query_id, "Rows": page, "ColumnInfo": query.columns, "QueryStatus": status}
    return {**response, "NextToken": following} if following else response
