"""What a query sees of the catalogue: tables as sources, the rows of SHOW and DESCRIBE, the tables a query names."""

from __future__ import annotations

import re
from dataclasses import fields

from labcloud.timestream.catalog import DIMENSION, MEASURE_VALUE, MULTI, Catalog, Table
from labcloud.timestream.errors import QueryError, ValidationException
from labcloud.timestream.sql import nodes as n
from labcloud.timestream.sql import types as t
from labcloud.timestream.sql.parser import parse_statement
from labcloud.timestream.sql.scope import Column, Source
from labcloud.timestream.sql.types import SCALARS, Type

Rows = list[tuple[object, ...]]
Listing = tuple[tuple[str, ...], tuple[Type, ...], Rows]
"""Column names, their types, and the rows as DuckDB would give them."""


def find_table(name: n.TableName, catalog: Catalog) -> Table:
    """The table a query names; database and table names are case sensitive."""
    if name.database is None:
        raise QueryError(name.at, f"Database must be specified for table '{name.table}'")
    database = catalog.databases.get(name.database)
    where = f"for identifier '{name.database}.{name.table}' at line {name.at.line}:{name.at.column}"
    if database is None:
        raise ValidationException(f"Requested database '{name.database}' not found {where}")
    table = database.tables.get(name.table)
    if table is None:
        raise ValidationException(f"Requested table '{name.table}' not found {where}")
    return table


def table_source(table: Table, floor_ns: int) -> Source:
    """A table as FROM sees it: dimensions, measure_name, time, measures; nothing older than its retention."""
    columns = [_column(c.name, SCALARS[c.type], c.physical) for c in table.columns_with(DIMENSION)]
    columns += [_column("measure_name", t.VARCHAR, "measure_name"), _column("time", t.TIMESTAMP, "time")]
    columns += [_column(c.name, SCALARS[c.type], c.physical) for c in table.columns_with(MEASURE_VALUE, MULTI)]
    sql = table.physical if floor_ns < 0 else f"(SELECT * FROM {table.physical} WHERE time >= {floor_ns})"
    return Source(sql, table.name, tuple(columns), stored=True)


def _column(name: str, type_: Type, physical: str) -> Column:
    return Column(name, type_, "{alias}." + physical)


def list_catalog(statement: n.Node, catalog: Catalog) -> Listing:
    """The rows of SHOW DATABASES, SHOW TABLES, SHOW MEASURES and DESCRIBE."""
    if isinstance(statement, n.ShowDatabases):
        names = _matching(catalog.databases, statement.like)
        return ("Database",), (t.VARCHAR,), [(name,) for name in names]
    if isinstance(statement, n.ShowTables):
        return ("Table",), (t.VARCHAR,), [(name,) for name in _matching(_tables(statement, catalog), statement.like)]
    if isinstance(statement, n.ShowMeasures):
        return _measures(find_table(statement.table, catalog), statement.like)
    assert isinstance(statement, n.Describe)
    return _describe(find_table(statement.table, catalog))


def _tables(statement: n.ShowTables, catalog: Catalog) -> list[str]:
    if statement.database is None:
        return [table.name for table in catalog.tables()]
    if statement.database not in catalog.databases:
        raise ValidationException(f"Requested database '{statement.database}' not found")
    return list(catalog.databases[statement.database].tables)


def _matching(names: object, like: str | None) -> list[str]:
    """Names in order that match a LIKE pattern."""
    pattern = ".*" if like is None else "".join({"%": ".*", "_": "."}.get(c) or re.escape(c) for c in like)
    return sorted(name for name in names if re.fullmatch(pattern, name, re.DOTALL))  # type: ignore[attr-defined]


def _measures(table: Table, like: str | None) -> Listing:
    dimensions = t.array(t.row((t.VARCHAR, t.VARCHAR), ("dimension_name", "data_type")))
    rows: Rows = [
        (name, table.measures[name].type, [(dimension, "varchar") for dimension in table.measures[name].dimensions])
        for name in _matching(table.measures, like)
    ]
    return ("measure_name", "data_type", "dimensions"), (t.VARCHAR, t.VARCHAR, dimensions), rows


def _describe(table: Table) -> Listing:
    rows: Rows = [(c.name, c.type, c.role) for c in table.columns_with(DIMENSION)]
    rows += [("measure_name", "varchar", "MEASURE_NAME"), ("time", "timestamp", "TIMESTAMP")]
    rows += [(c.name, c.type, c.role) for c in table.columns_with(MEASURE_VALUE, MULTI)]
    return ("Column", "Type", "Timestream attribute type"), (t.VARCHAR, t.VARCHAR, t.VARCHAR), rows


def tables_of(query: str) -> list[tuple[str, str]]:
    """The (database, table) pairs that a query reads, each once, for timestream:Select on their ARNs.

    Empty for a query without tables, which needs timestream:SelectValues. Raises ValidationException for bad syntax.
    """
    found: dict[tuple[str, str], None] = {}
    waiting: list[object] = [parse_statement(query)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, n.TableName) and node.database is not None:
            found[node.database, node.table] = None
        elif isinstance(node, n.Node):
            waiting += [getattr(node, item.name) for item in reversed(fields(node))]  # type: ignore[arg-type]
        elif isinstance(node, tuple):
            waiting += reversed(node)
    return list(found)
