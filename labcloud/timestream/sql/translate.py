"""The whole pipeline for a SELECT: text → tree → typed DuckDB SQL. Pure; what tables exist is asked of the caller."""

from __future__ import annotations

from labcloud.timestream.errors import QueryError
from labcloud.timestream.sql import casts, formats, nodes, special  # noqa: F401  they register their handlers
from labcloud.timestream.sql.bounds import check_query
from labcloud.timestream.sql.queries import Analyzed, analyze_query
from labcloud.timestream.sql.scope import Context, ResolveTable, Scope


def translate(
    query: nodes.Query, now_ns: int, resolve_table: ResolveTable, scheduled_runtime_ns: int | None = None
) -> Analyzed:
    """The DuckDB SQL of a query with its columns' names and types."""
    try:
        analyzed = analyze_query(query, Scope(Context(now_ns, resolve_table, scheduled_runtime_ns)))
    except RecursionError:
        raise QueryError(query.at, "the query is nested too deeply") from None
    check_query(analyzed.sql)
    return analyzed
