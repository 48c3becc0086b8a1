"""Runs translated queries on DuckDB with a deadline, and says in the service's words what went wrong."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from labcloud.errors import AwsError
from labcloud.timestream.errors import QueryExecutionException, ValidationException
from labcloud.timestream.sql.macros import FAILURE_MARK

if TYPE_CHECKING:
    import duckdb

DEADLINE_S = 60.0
"""Real time that one page of a query may take here; the service gives a query an hour (developer guide, "Quotas")."""

_FAILURE = re.compile(rf"Could not convert string '{FAILURE_MARK}(.*)' to INT64", re.DOTALL)
_KNOWN = (
    (re.compile(r"Division by zero"), "Division by zero"),
    (re.compile(r"Overflow in (\w+)"), "bigint {0} overflow"),
    (re.compile(r"out of range for the destination type (\w+)"), "Value is out of range for {0}"),
    (re.compile(r"More than one row returned by a subquery"), "Scalar sub-query has returned multiple rows"),
    (re.compile(r"Could not parse string \"(.*?)\" according to format"), 'Invalid format: "{0}"'),
)


class Running:
    """A query that has begun; rows are fetched page by page. Closing it frees DuckDB's resources."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, sql: str, deadline_s: float = DEADLINE_S) -> None:
        self._cursor = cursor
        self._deadline_s = deadline_s
        self._within_deadline(lambda: cursor.execute(sql))

    def fetch(self, count: int) -> Sequence[tuple[Any, ...]]:
        return self._within_deadline(lambda: self._cursor.fetchmany(count))

    def close(self) -> None:
        self._cursor.close()

    def _within_deadline(self, action: Any) -> Any:
        timer = threading.Timer(self._deadline_s, self._cursor.interrupt)
        timer.daemon = True
        timer.start()
        try:
            return action()
        except Exception as error:
            raise execution_error(error, self._deadline_s) from error
        finally:
            timer.cancel()


class Listed:
    """Rows that are there already (SHOW, DESCRIBE), read like those of a running query."""

    def __init__(self, rows: Sequence[tuple[Any, ...]]) -> None:
        self._rows: Iterator[tuple[Any, ...]] = iter(rows)

    def fetch(self, count: int) -> Sequence[tuple[Any, ...]]:
        return [row for row, _ in zip(self._rows, range(count), strict=False)]

    def close(self) -> None:
        self._rows = iter(())


def execution_error(error: Exception, deadline_s: float) -> AwsError:
    """DuckDB's exception as the service's."""
    import duckdb

    text = str(error)
    if failure := _FAILURE.search(text):
        return ValidationException(failure.group(1))
    if isinstance(error, duckdb.InterruptException):
        return QueryExecutionException(f"The query was cancelled or took longer than {deadline_s:g} s.")
    if isinstance(error, duckdb.OutOfMemoryException):
        return QueryExecutionException("Query exceeded the memory limit of this cloud.")
    for pattern, message in _KNOWN:
        if match := pattern.search(text):
            return ValidationException(message.format(*match.groups()))
    if isinstance(error, duckdb.Error):
        return ValidationException(text.splitlines()[0].partition(": ")[2] or text)
    return QueryExecutionException(text)
