"""From queries to DuckDB SQL: SELECT with its clauses, joins, UNNEST, set operations, WITH, and subqueries."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

from labcloud.timestream.errors import QueryError
from labcloud.timestream.sql import nodes as n
from labcloud.timestream.sql import types as t
from labcloud.timestream.sql.analyze import analyze, analyze_all, analyze_as, handles
from labcloud.timestream.sql.bounds import MOST_COLUMNS, MOST_GROUPING_SETS
from labcloud.timestream.sql.calls import analyze_sort, direction, is_aggregate
from labcloud.timestream.sql.operators import compare
from labcloud.timestream.sql.relations import analyze_relation, output_name
from labcloud.timestream.sql.scope import Column, Scope, Source
from labcloud.timestream.sql.types import Type
from labcloud.timestream.sql.values import Typed, common_type, convert


@dataclass(frozen=True)
class Analyzed:
    """The DuckDB SQL of a query, whose columns are c0, c1, …, and what the query calls them."""

    sql: str
    names: tuple[str | None, ...]
    types: tuple[Type, ...]

    def columns(self, alias: str) -> tuple[Column, ...]:
        """The columns of `(sql) AS alias`."""
        pairs = zip(self.names, self.types, strict=True)
        return tuple(Column(name, type_, f"{alias}.c{i}") for i, (name, type_) in enumerate(pairs))


def analyze_query(query: n.Query, outer: Scope) -> Analyzed:
    """A whole query; `outer` is the scope around it."""
    scope = Scope(outer.context, parent=outer)
    common_sql = []
    for table in query.common:
        source, definition = _common_table(table, scope)
        common_sql.append(definition)
        scope.common[table.name.lower()] = source
    with_sql = f"WITH {', '.join(common_sql)} " if common_sql else ""
    if isinstance(query.body, n.Select):
        body = _select(query.body, scope, query.order_by)
    else:
        body = analyze_body(query.body, scope)
        body = replace(body, sql=body.sql + _order_of_outputs(query.order_by, body))
    limit = f" LIMIT {query.limit}" if query.limit is not None else ""
    offset = f" OFFSET {query.offset}" if query.offset is not None else ""
    return replace(body, sql=with_sql + body.sql + limit + offset)


def _common_table(table: n.CommonTable, scope: Scope) -> tuple[Source, str]:
    query = analyze_query(table.query, scope)
    if table.columns and len(table.columns) != len(query.names):
        raise QueryError(
            table.at, f"Column alias list has {len(table.columns)} entries but relation has {len(query.names)} columns"
        )
    name = scope.context.fresh("w")
    named = replace(query, names=table.columns or query.names)
    return Source(name, table.name, named.columns("{alias}")), f"{name} AS ({query.sql})"


def analyze_body(body: n.Body, scope: Scope) -> Analyzed:
    """A query body without ORDER BY and LIMIT of its own."""
    if isinstance(body, n.Select):
        return _select(body, scope, ())
    if isinstance(body, n.Values):
        return _values(body, scope)
    if isinstance(body, n.Nested):
        nested = analyze_query(body.query, scope)
        return replace(nested, sql=f"({nested.sql})")
    assert isinstance(body, n.SetOperation)
    return _set_operation(body, scope)


def _set_operation(body: n.SetOperation, scope: Scope) -> Analyzed:
    left, right = analyze_body(body.left, scope), analyze_body(body.right, scope)
    if len(left.types) != len(right.types):
        raise QueryError(
            body.at, f"{body.operator} query has different number of fields: {len(left.types)}, {len(right.types)}"
        )
    types = []
    for index, pair in enumerate(zip(left.types, right.types, strict=True)):
        type_ = common_type([Typed("", pair[0]), Typed("", pair[1])])
        if type_ is None:
            raise QueryError(
                body.at, f"column {index + 1} in {body.operator} query has incompatible types: {pair[0]}, {pair[1]}"
            )
        types.append(type_)
    operator = body.operator + (" ALL" if body.all else "")
    sql = f"{_converted(left, types, scope, body.at)} {operator} {_converted(right, types, scope, body.at)}"
    return Analyzed(sql, left.names, tuple(types))


def _converted(query: Analyzed, types: list[Type], scope: Scope, at: n.Position) -> str:
    """One side of a set operation with its columns as these types."""
    if list(query.types) == types:
        return f"({query.sql})" if not query.sql.startswith("(") else query.sql
    alias = scope.context.fresh("s")
    pairs = enumerate(zip(query.types, types, strict=True))
    columns = ", ".join(f"{convert(Typed(f'{alias}.c{i}', a), b, at)} AS c{i}" for i, (a, b) in pairs)
    return f"(SELECT {columns} FROM ({query.sql}) AS {alias})"


def _values(body: n.Values, scope: Scope) -> Analyzed:
    rows = [analyze_all(row, scope) for row in body.rows]
    if len({len(row) for row in rows}) != 1:
        raise QueryError(body.at, "Values rows have mismatched sizes")
    types = []
    for column in zip(*rows, strict=True):
        type_ = common_type(list(column))
        if type_ is None:
            raise QueryError(body.at, f"Values rows have mismatched types: {', '.join(str(v.type) for v in column)}")
        types.append(type_)
    lines = ["(" + ", ".join(convert(v, x, body.at) for v, x in zip(row, types, strict=True)) + ")" for row in rows]
    names = ", ".join(f"c{i}" for i in range(len(types)))
    alias = scope.context.fresh("v")
    return Analyzed(
        f"SELECT * FROM (VALUES {', '.join(lines)}) AS {alias}({names})", (None,) * len(types), tuple(types)
    )


def _order_of_outputs(items: tuple[n.SortItem, ...], query: Analyzed) -> str:
    """ORDER BY of a set operation or VALUES: by position or output name."""
    if not items:
        return ""
    parts = []
    for item in items:
        index = _output_index(item.expression, query.names)
        if index is None:
            raise QueryError(item.at, "ORDER BY of a set operation takes output columns only")
        parts.append(f"{index + 1}{direction(item)}")
    return " ORDER BY " + ", ".join(parts)


def _output_index(expression: n.Expression, names: tuple[str | None, ...]) -> int | None:
    """The output column an ORDER BY item means by position or by name."""
    if isinstance(expression, n.Literal) and expression.kind == "integer":
        position = int(expression.text)
        if not 1 <= position <= len(names):
            raise QueryError(expression.at, f"ORDER BY position {position} is not in select list")
        return position - 1
    if isinstance(expression, n.Name) and len(expression.parts) == 1:
        wanted = expression.parts[0].lower()
        matching = [i for i, name in enumerate(names) if name is not None and name.lower() == wanted]
        return matching[0] if matching else None
    return None


def _select(select: n.Select, outer: Scope, order_by: tuple[n.SortItem, ...]) -> Analyzed:
    source_sql, sources = analyze_relation(select.source, outer) if select.source else ("", ())
    scope = Scope(outer.context, sources, parent=outer)
    outputs = _outputs(select, scope)
    plain = replace(scope, no_aggregate_in="WHERE clause")
    clauses = f" FROM {source_sql}" if source_sql else ""
    if select.where:
        clauses += f" WHERE {analyze_as(select.where, t.BOOLEAN, plain, 'WHERE clause')}"
    groups, group_sql = _group_by(select, outputs, replace(scope, no_aggregate_in="GROUP BY clause"))
    clauses += group_sql
    if select.having:
        clauses += f" HAVING {analyze_as(select.having, t.BOOLEAN, scope, 'HAVING clause')}"
    _check_grouping(select, outputs, order_by, groups, scope)
    order_sql = _order(order_by, outputs, select.distinct, scope)
    columns = ", ".join(f"{value.sql} AS c{i}" for i, (_, value, _) in enumerate(outputs))
    distinct = "DISTINCT " if select.distinct else ""
    names, types = tuple(name for name, _, _ in outputs), tuple(value.type for _, value, _ in outputs)
    return Analyzed(f"SELECT {distinct}{columns}{clauses}{order_sql}", names, types)


Output = tuple[str | None, Typed, n.Expression]


def _outputs(select: n.Select, scope: Scope) -> list[Output]:
    """Name, value and tree of each output column; * is expanded."""
    outputs: list[Output] = []
    for item in select.items:
        if isinstance(item.expression, n.Star):
            outputs += _expand(item.expression, scope)
        else:
            name = item.alias or output_name(item.expression)
            outputs.append((name, analyze(item.expression, scope), item.expression))
        if len(outputs) > MOST_COLUMNS:
            raise QueryError(item.at, f"A query has more than {MOST_COLUMNS} columns")
    return outputs


def _expand(star: n.Star, scope: Scope) -> list[Output]:
    if not scope.sources:
        raise QueryError(star.at, "SELECT * not allowed in queries without FROM clause")
    outputs: list[Output] = []
    for source in scope.sources:
        if star.qualifier is None or (source.alias or "").lower() == star.qualifier.lower():
            for column in source.columns:
                outputs.append(
                    (column.name, Typed(column.sql, column.type), _Expanded(column.sql, column.type, at=star.at))
                )
    if not outputs:
        raise QueryError(star.at, f"Table '{star.qualifier}' does not exist in FROM")
    return outputs


@dataclass(frozen=True)
class _Expanded(n.Expression):
    """A column that came from *."""

    sql: str
    type: Type


@handles(_Expanded)
def _expanded(node: _Expanded, scope: Scope) -> Typed:
    return Typed(node.sql, node.type)


def _group_by(select: n.Select, outputs: list[Output], scope: Scope) -> tuple[set[str] | None, str]:
    """The SQL of the grouping expressions (None: no grouping at all) and the clause."""
    if not select.group_by:
        trees = [tree for _, _, tree in outputs] + ([select.having] if select.having else [])
        return (set() if any(_has_aggregate(tree) for tree in trees) else None), ""
    _check_grouping_sets(select)
    groups: set[str] = set()
    elements = []
    for kind, sets in select.group_by:
        texts = []
        for expressions in sets:
            parts = [_grouping_sql(expression, outputs, scope) for expression in expressions]
            groups.update(parts)
            texts.append(", ".join(parts) if not kind else f"({', '.join(parts)})")
        elements.append(f"{kind} ({', '.join(texts)})" if kind else texts[0] or "()")
    return groups, " GROUP BY " + ", ".join(elements)


def _check_grouping_sets(select: n.Select) -> None:
    """Raises QueryError for more combinations than Trino takes."""
    counts = {"": lambda size: 1, "CUBE": lambda size: 2**size, "ROLLUP": lambda size: size + 1}
    total = math.prod(counts.get(kind, lambda size: size)(len(sets)) for kind, sets in select.group_by)
    if total > MOST_GROUPING_SETS:
        text = f"GROUP BY has {total} grouping sets but can contain at most {MOST_GROUPING_SETS}"
        raise QueryError(select.at, text)


def _grouping_sql(expression: n.Expression, outputs: list[Output], scope: Scope) -> str:
    if isinstance(expression, n.Literal) and expression.kind == "integer":
        position = int(expression.text)
        if not 1 <= position <= len(outputs):
            raise QueryError(expression.at, f"GROUP BY position {position} is not in select list")
        _, value, tree = outputs[position - 1]
        if _has_aggregate(tree):
            raise QueryError(expression.at, "GROUP BY clause cannot contain aggregations, window functions")
        return value.sql
    return analyze(expression, scope).sql


def _children(node: n.Node) -> Iterator[n.Node]:
    for item in fields(node):
        yield from _nodes_in(getattr(node, item.name))


def _nodes_in(value: object) -> Iterator[n.Node]:
    if isinstance(value, n.Node) and not isinstance(value, n.Query):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _nodes_in(part)


def _has_aggregate(node: n.Node) -> bool:
    return is_aggregate(node) or any(_has_aggregate(child) for child in _children(node))


def _check_grouping(
    select: n.Select, outputs: list[Output], order_by: tuple[n.SortItem, ...], groups: set[str] | None, scope: Scope
) -> None:
    """In a grouped query every column stands in an aggregate or in GROUP BY."""
    if groups is None:
        return
    trees: list[n.Expression] = [tree for _, _, tree in outputs] + ([select.having] if select.having else [])
    names = tuple(name for name, _, _ in outputs)
    trees += [item.expression for item in order_by if _output_index(item.expression, names) is None]
    for tree in trees:
        _check_grouped(tree, groups, scope, frozenset())


def _check_grouped(node: n.Node, groups: set[str], scope: Scope, bound: frozenset[str]) -> None:
    if is_aggregate(node):
        return
    if isinstance(node, (n.Name, _Expanded)):
        _check_column(node, groups, scope, bound)
        return
    if isinstance(node, n.Expression) and not isinstance(node, (n.Lambda, n.Literal, n.Star)) and not bound:
        in_order = replace(scope, no_aggregate_in=None)
        if analyze(node, in_order).sql in groups:
            return
    inner = bound | frozenset(node.parameters) if isinstance(node, n.Lambda) else bound
    for child in _children(node):
        _check_grouped(child, groups, scope, inner)


def _check_column(node: n.Name | _Expanded, groups: set[str], scope: Scope, bound: frozenset[str]) -> None:
    if isinstance(node, n.Name) and node.parts[0] in bound:
        return
    sql = analyze(node, scope).sql
    own = any(column.sql in sql for source in scope.sources for column in source.columns)
    if own and not any(sql == group or sql.startswith(f"({group})") for group in groups):
        name = ".".join(node.parts) if isinstance(node, n.Name) else node.sql.split(".")[-1].strip('"')
        raise QueryError(node.at, f"'{name}' must be an aggregate expression or appear in GROUP BY clause")


def _order(items: tuple[n.SortItem, ...], outputs: list[Output], distinct: bool, scope: Scope) -> str:
    """ORDER BY: output columns by position or name first, then expressions over both."""
    if not items:
        return ""
    names = tuple(name for name, _, _ in outputs)
    aliases = {name.lower(): value for name, value, _ in reversed(outputs) if name is not None}
    parts = []
    for item in items:
        index = _output_index(item.expression, names)
        if index is not None:
            if not t.is_orderable(outputs[index][1].type):
                raise QueryError(
                    item.at, f"Type {outputs[index][1].type} is not orderable, and therefore cannot be used in ORDER BY"
                )
            parts.append(f"{index + 1}{direction(item)}")
            continue
        sorted_sql = analyze_sort(item, replace(scope, aliases=aliases))
        if distinct and analyze(item.expression, replace(scope, aliases=aliases)).sql not in {
            v.sql for _, v, _ in outputs
        }:
            raise QueryError(item.at, "For SELECT DISTINCT, ORDER BY expressions must appear in select list")
        parts.append(sorted_sql)
    return " ORDER BY " + ", ".join(parts)


def _single_column(node: n.Query, scope: Scope, at: n.Position) -> tuple[str, Type]:
    query = analyze_query(node, scope)
    if len(query.types) != 1:
        raise QueryError(at, f"Multiple columns returned by subquery are not yet supported. Found {len(query.types)}")
    return query.sql, query.types[0]


@handles(n.ScalarQuery)
def _scalar_query(node: n.ScalarQuery, scope: Scope) -> Typed:
    sql, type_ = _single_column(node.query, scope, node.at)
    return Typed(f"({sql})", type_)


@handles(n.Exists)
def _exists(node: n.Exists, scope: Scope) -> Typed:
    return Typed(f"EXISTS ({analyze_query(node.query, scope).sql})", t.BOOLEAN)


@handles(n.InQuery)
def _in_query(node: n.InQuery, scope: Scope) -> Typed:
    return _quantified("=", "ANY", node.value, node.query, scope, node.at)


@handles(n.Quantified)
def _quantified_node(node: n.Quantified, scope: Scope) -> Typed:
    return _quantified(node.operator, node.quantifier, node.value, node.query, scope, node.at)


def _quantified(
    operator: str, quantifier: str, value: n.Expression, query: n.Query, scope: Scope, at: n.Position
) -> Typed:
    sql, type_ = _single_column(query, scope, at)
    left = analyze(value, scope)
    compare(operator, left, Typed("", type_), at)
    common = common_type([left, Typed("", type_)]) or type_
    alias = scope.context.fresh("q")
    column = convert(Typed(f"{alias}.c0", type_), common, at)
    word = "ALL" if quantifier == "ALL" else "ANY"
    return Typed(
        f"({convert(left, common, at)} {operator} {word} (SELECT {column} FROM ({sql}) AS {alias}))", t.BOOLEAN
    )
