"""FROM: tables, common tables, subqueries, joins and UNNEST, each with the columns it shows."""

from __future__ import annotations

from dataclasses import replace

from labcloud.timestream.errors import QueryError
from labcloud.timestream.sql import nodes as n
from labcloud.timestream.sql import types as t
from labcloud.timestream.sql.analyze import analyze, analyze_as
from labcloud.timestream.sql.operators import compare
from labcloud.timestream.sql.scope import Column, Scope, Source, rename
from labcloud.timestream.sql.values import Typed, common_type, convert

Analysis = tuple[str, tuple[Source, ...]]


def output_name(expression: n.Expression) -> str | None:
    """The name of an output column without an alias: that of the column or field it shows, else none."""
    if isinstance(expression, n.Name):
        return expression.parts[-1]
    return expression.name if isinstance(expression, n.FieldOf) else None


def analyze_relation(relation: n.Relation, scope: Scope) -> Analysis:
    """The SQL of a FROM element and the sources its names come from. `scope` is what lies outside this FROM."""
    if isinstance(relation, n.Join):
        return _join(relation, scope)
    source = _single(relation, scope)
    return source.sql, (source,)


def _single(relation: n.Relation, scope: Scope) -> Source:
    if isinstance(relation, n.Aliased):
        if isinstance(relation.relation, n.Join):
            raise QueryError(relation.at, "A join in parentheses takes no alias")
        return rename(_single(relation.relation, scope), relation.alias, relation.columns, relation.at)
    if isinstance(relation, n.TableName):
        return _table(relation, scope)
    if isinstance(relation, n.Unnest):
        return _unnest(relation, scope)
    assert isinstance(relation, n.DerivedTable)
    from labcloud.timestream.sql.queries import analyze_query  # a query contains relations, a relation queries

    query = analyze_query(relation.query, scope)
    alias = scope.context.fresh("r")
    return Source(f"({query.sql}) AS {alias}", None, query.columns(alias))


def _table(name: n.TableName, scope: Scope) -> Source:
    alias = scope.context.fresh("r")
    common = scope.find_common_table(name.table) if name.database is None else None
    source = common or scope.context.resolve_table(name)
    columns = tuple(replace(column, sql=column.sql.replace("{alias}", alias, 1)) for column in source.columns)
    return Source(f"{source.sql} AS {alias}", name.table, columns, source.stored)


def _unnest(relation: n.Unnest, scope: Scope) -> Source:
    """Arrays side by side; a time series becomes the columns time and value, an array of rows its fields."""
    alias = scope.context.fresh("u")
    arrays = [analyze(array, scope) for array in relation.arrays]
    columns: list[Column] = []
    for index, (array, node) in enumerate(zip(arrays, relation.arrays, strict=True)):
        item = f"{alias}.x{index}"
        if array.type.name == "timeseries":
            columns.append(Column("time", t.TIMESTAMP, f"({item}).time"))
            columns.append(Column("value", array.type.item, f"({item}).value"))
        elif array.type.name != "array":
            raise QueryError(node.at, f"Cannot unnest type: {array.type}")
        elif array.type.item.name == "row":
            pairs = zip(array.type.item.fields, array.type.item.items, strict=True)
            columns += [Column(name, type_, f"({item}).f{i}") for i, (name, type_) in enumerate(pairs)]
        else:
            columns.append(Column(None, array.type.item, item))
    if relation.with_ordinality:
        columns.append(Column("ordinality", t.BIGINT, f"{alias}.o"))
    items = ", ".join(f"unnest({array.sql}) AS x{index}" for index, array in enumerate(arrays))
    lengths = ", ".join(f"len({array.sql})" for array in arrays)
    ordinality = f", unnest(range(1, coalesce(greatest({lengths}), 0) + 1)) AS o" if relation.with_ordinality else ""
    return Source(f"(SELECT {items}{ordinality}) AS {alias}", None, tuple(columns))


def _join(join: n.Join, scope: Scope) -> Analysis:
    left_sql, left = analyze_relation(join.left, scope)
    lateral = isinstance(_bare(join.right), n.Unnest)
    inner = Scope(scope.context, left, parent=scope) if lateral else scope
    right_sql, right = analyze_relation(join.right, inner)
    if lateral:
        right_sql = f"LATERAL {right_sql}"
        if join.kind not in ("CROSS", "LEFT", "INNER"):
            raise QueryError(join.at, f"{join.kind} JOIN with UNNEST is not supported")
    if join.kind == "CROSS":
        return f"{left_sql} CROSS JOIN {right_sql}", left + right
    if join.using:
        return _join_using(join, left_sql, left, right_sql, right, scope)
    assert join.on is not None
    on_scope = Scope(scope.context, left + right, parent=scope, no_aggregate_in="JOIN clause")
    condition = analyze_as(join.on, t.BOOLEAN, on_scope, "JOIN ON clause")
    return f"{left_sql} {join.kind} JOIN {right_sql} ON {condition}", left + right


def _bare(relation: n.Relation) -> n.Relation:
    return relation.relation if isinstance(relation, n.Aliased) else relation


def _join_using(
    join: n.Join, left_sql: str, left: tuple[Source, ...], right_sql: str, right: tuple[Source, ...], scope: Scope
) -> Analysis:
    """JOIN USING: the shared columns come first and once (Trino, "JOIN USING")."""
    conditions, shared = [], []
    left_scope, right_scope = Scope(scope.context, left), Scope(scope.context, right)
    for name in join.using:
        a, b = left_scope.find_column(name, None, join.at), right_scope.find_column(name, None, join.at)
        if a is None or b is None:
            raise QueryError(
                join.at, f"Column '{name}' is missing from {'left' if a is None else 'right'} side of join"
            )
        conditions.append(compare("=", a, b, join.at).sql)
        type_ = common_type([a, b]) or a.type
        both = f"coalesce({convert(a, type_, join.at)}, {convert(b, type_, join.at)})"
        shared.append(Column(name, type_, both if join.kind in ("FULL", "RIGHT") else Typed(a.sql, a.type).sql))
    hidden = {name.lower() for name in join.using}
    rest = tuple(
        replace(source, columns=tuple(c for c in source.columns if (c.name or "").lower() not in hidden))
        for source in (*left, *right)
    )
    sql = f"{left_sql} {join.kind} JOIN {right_sql} ON {' AND '.join(conditions)}"
    return sql, (Source("", None, tuple(shared)), *rest)
