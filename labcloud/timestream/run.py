"""Runs translated queries on DuckDB with a deadline, and says in the service's words what went wrong."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from labcloud.errors import AwsError
from labcloud.timestream.errors import QueryExecutionException, ValidationException
from labcloud.timestream.sql.bounds import pays
from labcloud.timestream.sql.macros import FAILURE_MARK

if TYPE_CHECKING:
    import duckdb

FEWEST, MOST = 16, 2048
"""Rows that are fetched at once."""
LARGE = 500

DEADLINE_S = 60.0
"""Real time that one page of a query may take here; the service gives a query an hour (developer guide, "Quotas")."""

AT_ONCE = 4
"""Queries whose values are counted, each of which may take its allowance."""
_turns = threading.BoundedSemaphore(AT_ONCE)

TOO_MUCH = "Query exceeded the memory limit of this cloud."

_FAILURE = re.compile(rf"Could not convert string '{FAILURE_MARK}(.*)' to INT64", re.DOTALL)
_KNOWN = (
    (re.compile(r"Division by zero"), "Division by zero"),
    (re.compile(r"Overflow in (\w+)"), "bigint {0} overflow"),
    (re.compile(r"out of range for the destination type (\w+)"), "Value is out of range for {0}"),
    (re.compile(r"More than one row returned by a subquery"), "Scalar sub-query has returned multiple rows"),
    (re.compile(r"Could not parse string \"(.*?)\" according to format"), 'Invalid format: "{0}"'),
)


class Rows(Protocol):
    """Where rows come from."""

    makes_much: bool
    """Whether it holds what it has made of its rows (sql/bounds.py)."""

    def fetch(self, count: int) -> Sequence[tuple[Any, ...]]: ...

    def close(self) -> None: ...


class Running:
    """A query that has begun; rows are fetched page by page. Closing it frees DuckDB's resources."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, sql: str, deadline_s: float = DEADLINE_S) -> None:
        self._cursor = cursor
        self._deadline_s = deadline_s
        self.makes_much = pays(sql)
        self._within_deadline(lambda: cursor.execute(sql))

    def fetch(self, count: int) -> Sequence[tuple[Any, ...]]:
        return self._within_deadline(lambda: self._cursor.fetchmany(count))

    def close(self) -> None:
        self._cursor.close()

    def _within_deadline(self, action: Any) -> Any:
        if self.makes_much and not _turns.acquire(timeout=self._deadline_s):
            raise QueryExecutionException(f"More than {AT_ONCE} queries that make much of their rows run already.")
        timer = threading.Timer(self._deadline_s, self._cursor.interrupt)
        timer.daemon = True
        timer.start()
        try:
            return action()
        except Exception as error:
            raise execution_error(error, self._deadline_s) from error
        finally:
            timer.cancel()
            if self.makes_much:
                _turns.release()


def batches(rows: Rows) -> Iterator[list[tuple[Any, ...]]]:
    """All rows, a few at a time at first, and where they are large: a list takes far more memory here than in DuckDB."""
    count = FEWEST
    while fetched := list(rows.fetch(count)):
        yield fetched
        large = any(isinstance(value, str | list) and len(value) > LARGE for row in fetched[:FEWEST] for value in row)
        count = FEWEST if large else min(count * 4, MOST)


class Listed:
    """Rows that are there already (SHOW, DESCRIBE), read like those of a running query."""

    makes_much = False

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
    if TOO_MUCH in text:
        return QueryExecutionException(TOO_MUCH)
    if failure := _FAILURE.search(text):
        return ValidationException(failure.group(1))
    if isinstance(error, duckdb.InterruptException):
        return QueryExecutionException(f"The query was cancelled or took longer than {deadline_s:g} s.")
    if isinstance(error, duckdb.OutOfMemoryException | duckdb.SequenceException):
        return QueryExecutionException(TOO_MUCH)
    for pattern, message in _KNOWN:
        if match := pattern.search(text):
            return ValidationException(message.format(*match.groups()))
    if isinstance(error, duckdb.Error):
        return ValidationException(text.splitlines()[0].partition(": ")[2] or text)
    return QueryExecutionException(text)
