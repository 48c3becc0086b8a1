"""A query in Trino's dialect → its tables, and DuckDB's SQL. Only what is on the list of functions goes through. Pure.

sqlglot parses, resolves columns and writes; here is what it does not know: lab time, whole-number division, names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import OptimizeError, SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify

from labcloud.athena.errors import QueryFailed, invalid
from labcloud.athena.executions import CATALOG
from labcloud.athena.functions import check_functions


@dataclass(frozen=True)
class TableName:
    """A table that a query names."""

    database: str
    name: str
    place: str
    """line 1:15"""


@dataclass(frozen=True)
class Reference:
    """One mention of a table in a query: its own DuckDB table, and conditions that its partitions alone decide."""

    physical: str
    database: str
    name: str
    conditions: tuple[exp.Expression, ...]
    alias: str


@dataclass(frozen=True)
class Translation:
    """`sql` runs when every reference's table exists."""

    sql: str
    references: tuple[Reference, ...]


def parse_query(sql: str, parameters: Sequence[str]) -> exp.Query:
    """Raises AwsError InvalidRequestException, with the place."""
    try:
        statements = [statement for statement in sqlglot.parse(sql, read="trino") if statement is not None]
    except SqlglotError as error:
        raise invalid(_syntax_error(error, sql)) from error
    except RecursionError as error:
        raise invalid("line 1:1: the query is nested too deeply") from error
    if len(statements) != 1:
        raise invalid("Only one sql statement is allowed.")
    query = statements[0]
    if not isinstance(query, exp.Query):
        kind = query.key.upper() if not isinstance(query, exp.Command) else str(query.this).upper()
        raise invalid(f"Queries of this type are not supported: the local cloud does not serve {kind}.", "UNSUPPORTED")
    _fill_in(query, parameters)
    return query


def tables_of(query: exp.Query, default_database: str) -> list[TableName]:
    """The tables that a query reads, without the names of WITH. Raises QueryFailed."""
    local = {cte.alias_or_name.lower() for cte in query.find_all(exp.CTE)}
    found = []
    for node in query.find_all(exp.Table):
        if not isinstance(node.this, exp.Identifier):
            raise QueryFailed("NOT_SUPPORTED: The local cloud does not serve table functions.")
        if node.catalog and node.catalog.lower() != CATALOG:
            raise QueryFailed(f"CATALOG_NOT_FOUND: {_place(node)}: Catalog '{node.catalog}' does not exist")
        if node.db or node.name.lower() not in local:
            found.append(TableName((node.db or default_database).lower(), node.name.lower(), _place(node)))
    return found


def translate(
    query: exp.Query,
    schema: Mapping[str, Mapping[str, Mapping[str, str]]],
    partition_keys: Mapping[tuple[str, str], frozenset[str]],
    default_database: str,
    now_s: float,
) -> Translation:
    """`schema`: database → table → column → DuckDB type. Raises QueryFailed."""
    check_functions(query)
    try:
        tree: Any = qualify(
            _without_catalog(query.copy()),
            schema={name: dict(tables) for name, tables in schema.items()},
            db=default_database,
            dialect="trino",
        )
        tree = annotate_types(tree, schema={name: dict(tables) for name, tables in schema.items()}, dialect="trino")
    except OptimizeError as error:
        raise QueryFailed(_unresolved(str(error))) from error
    tree = tree.transform(_trino_division).transform(_trino_dates).transform(lambda node: _lab_time(node, now_s))
    references = _rename_tables(tree, schema, partition_keys)
    return Translation(tree.sql(dialect="duckdb"), tuple(references))


def equalities(reference: Reference) -> dict[str, list[str]]:
    """The values that the conditions demand of a partition key by = or IN."""
    wanted: dict[str, list[str]] = {}
    for condition in reference.conditions:
        if (
            isinstance(condition, exp.EQ)
            and isinstance(condition.left, exp.Column)
            and isinstance(condition.right, exp.Literal)
        ):
            wanted[condition.left.name] = [condition.right.name]
        elif isinstance(condition, exp.In) and isinstance(condition.this, exp.Column):
            wanted[condition.this.name] = [item.name for item in condition.expressions if isinstance(item, exp.Literal)]
    return wanted


def _rename_tables(
    tree: Any,
    schema: Mapping[str, Mapping[str, Mapping[str, str]]],
    partition_keys: Mapping[tuple[str, str], frozenset[str]],
) -> list[Reference]:
    references: list[Reference] = []
    for node in list(tree.find_all(exp.Table)):
        key = (node.db, node.name)
        if not node.db or node.name not in schema.get(node.db, {}):
            continue
        physical, alias = f"t{len(references)}", node.alias_or_name
        conditions = tuple(_conditions(node, alias, partition_keys.get(key, frozenset())))
        references.append(Reference(physical, *key, conditions, alias))
        node.replace(
            exp.Table(
                this=exp.to_identifier(physical), alias=exp.TableAlias(this=exp.to_identifier(alias, quoted=True))
            )
        )
    return references


def _conditions(node: exp.Table, alias: str, keys: frozenset[str]) -> list[exp.Expression]:
    """Conjuncts of WHERE about nothing but the partition keys, where no outer join could ask for missing rows."""
    select = node.find_ancestor(exp.Select)
    where = select.args.get("where") if select else None
    if select is None or where is None or not keys or any(join.side for join in select.args.get("joins") or ()):
        return []
    parts = where.this.flatten() if isinstance(where.this, exp.And) else [where.this]
    found: list[Any] = []
    for part in parts:
        part = part.unnest()
        columns = list(part.find_all(exp.Column))
        if columns and not part.find(exp.Query) and all(c.table == alias and c.name in keys for c in columns):
            found.append(part.copy())
    return found


def _without_catalog(query: exp.Query) -> exp.Query:
    for node in query.find_all(exp.Table):
        node.set("catalog", None)
    return query


def _trino_division(node: exp.Expression) -> exp.Expression:
    """Whole numbers divide to a whole number, towards zero."""
    if isinstance(node, exp.Div) and all(
        side.type is not None and side.type.this in exp.DataType.INTEGER_TYPES for side in (node.left, node.right)
    ):
        quotient = exp.Div(this=node.left.copy(), expression=node.right.copy())
        return exp.cast(exp.func("TRUNC", quotient), "BIGINT")
    return node


def _trino_dates(node: exp.Expression) -> exp.Expression:
    """A date and an interval of days or more make a date."""
    if isinstance(node, exp.Add | exp.Sub) and isinstance(node.right, exp.Interval):
        unit = node.right.text("unit").upper().rstrip("S")
        if node.left.is_type("date") and unit in ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR"):
            return exp.cast(exp.paren(node.copy()), "DATE")
    return node


def _lab_time(node: exp.Expression, now_s: float) -> exp.Expression:
    now = datetime.fromtimestamp(now_s, UTC)
    if isinstance(node, exp.CurrentTimestamp):
        return exp.cast(exp.Literal.string(now.strftime("%Y-%m-%d %H:%M:%S.%f+00")), "TIMESTAMPTZ")
    if isinstance(node, exp.CurrentDate):
        return exp.cast(exp.Literal.string(now.strftime("%Y-%m-%d")), "DATE")
    return node


def _fill_in(query: exp.Query, parameters: Sequence[str]) -> None:
    places = [*query.find_all(exp.Placeholder)]
    if len(places) != len(parameters):
        raise invalid(f"Incorrect number of parameters: expected {len(places)} but found {len(parameters)}")
    for place, written in zip(places, parameters, strict=True):
        try:
            value = sqlglot.parse_one(written, read="trino")
        except SqlglotError as error:
            raise invalid(f"The execution parameter {written} is not a literal.") from error
        if not isinstance(value, exp.Literal | exp.Neg | exp.Boolean | exp.Null | exp.Cast):
            raise invalid(f"The execution parameter {written} is not a literal.")
        place.replace(value)


def _syntax_error(error: Any, sql: str) -> str:
    details = (getattr(error, "errors", None) or [{}])[0]
    if not details.get("line"):
        return f"line 1:1: mismatched input: {str(error).splitlines()[0]}"
    token = details.get("highlight") or "<EOF>"
    column = max(1, int(details["col"]) - len(token) + 1)
    return f"line {details['line']}:{column}: mismatched input '{token}'. {details['description']}"


def _unresolved(message: str) -> str:
    found = re.search(r"[Cc]olumn '?\"?([^'\"]+)'?\"? could not be resolved(?:[^\n]*Line: (\d+), Col: (\d+))?", message)
    if found:
        place = f"line {found[2]}:{int(found[3]) - len(found[1]) + 1}: " if found[2] else ""
        return (
            f"COLUMN_NOT_FOUND: {place}Column '{found[1]}' cannot be resolved or requester is not authorized to access "
            "requested resources"
        )
    return f"SYNTAX_ERROR: {message.splitlines()[0]}"


def _place(node: exp.Table) -> str:
    first = node.parts[0]
    line, column = first.meta.get("line", 1), first.meta.get("col", 1)
    return f"line {line}:{max(1, column - len(first.name) + 1)}"
