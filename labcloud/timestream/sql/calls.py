"""Function calls: scalar, aggregate and window. What each function is stands in the tables of `functions`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from labcloud.timestream.errors import QueryError
from labcloud.timestream.sql import nodes as n
from labcloud.timestream.sql import types as t
from labcloud.timestream.sql.analyze import analyze, analyze_all, analyze_as, handles
from labcloud.timestream.sql.bounds import is_container, paid, pays, without_payment
from labcloud.timestream.sql.functions import AGGREGATE, SCALAR, WINDOW
from labcloud.timestream.sql.functions.dates import EXTRACT
from labcloud.timestream.sql.scope import Scope
from labcloud.timestream.sql.signatures import apply
from labcloud.timestream.sql.values import Typed

Special = Callable[[n.Call, Scope], Typed]
SPECIAL: dict[str, Special] = {}


def special(*names: str) -> Callable[[Special], Special]:
    """Registers functions that a table line cannot say: lambdas, unit and format texts, any number of arguments."""

    def register(handler: Special) -> Special:
        SPECIAL.update(dict.fromkeys(names, handler))
        return handler

    return register


def is_aggregate(node: n.Node) -> bool:
    """Whether this is a call of an aggregate function (with OVER it is a window function)."""
    return isinstance(node, n.Call) and node.over is None and node.name in AGGREGATE


@handles(n.Call)
def _call(node: n.Call, scope: Scope) -> Typed:
    if node.over is not None:
        return _window(node, scope)
    if node.name in AGGREGATE:
        return _aggregate(node, scope)
    if node.name in WINDOW:
        raise QueryError(node.at, f"Window function {node.name} requires an OVER clause")
    if node.distinct or node.order_by or node.where:
        raise QueryError(node.at, f"DISTINCT, ORDER BY and FILTER are only for aggregations, not for {node.name}")
    if handler := SPECIAL.get(node.name):
        return _paid_for(node, handler(node, scope))
    if node.name not in SCALAR:
        raise QueryError(node.at, f"Function {node.name} not registered")
    arguments = analyze_all(node.arguments, scope)
    value = Typed(*apply(node.name, SCALAR[node.name], arguments, node.at))
    grows = any(is_container(argument.type) or argument.type == t.VARCHAR for argument in arguments)
    return replace(value, sql=paid(value.sql, value.type)) if grows and not pays(value.sql) else value


MAKE_MUCH = ("concat", "zip", "transform", "filter", "reduce")


def _paid_for(node: n.Call, value: Typed) -> Typed:
    """Of the functions that have a handler of their own only some make more than they are given."""
    makes_much = node.name in MAKE_MUCH or is_container(value.type)
    return replace(value, sql=paid(value.sql, value.type)) if makes_much else value


def _arguments(node: n.Call, scope: Scope) -> list[Typed]:
    """The arguments; of count(*) none."""
    if node.name == "count" and len(node.arguments) == 1 and isinstance(node.arguments[0], n.Star):
        node = replace(node, arguments=())
    if node.distinct and not node.arguments:
        raise QueryError(node.at, f"DISTINCT needs an argument in {node.name}")
    return analyze_all(node.arguments, scope)


def _aggregate(node: n.Call, scope: Scope) -> Typed:
    if scope.no_aggregate_in:
        raise QueryError(node.at, f"{scope.no_aggregate_in} cannot contain aggregations, window functions: {node.name}")
    inner = replace(scope, no_aggregate_in=f"Aggregation {node.name}")
    after = _filter(node, inner)
    sql, type_ = apply(
        node.name, AGGREGATE[node.name], _arguments(node, inner), node.at,
        d=_distinct(node), o=_order(node, inner), f=after,
    )  # fmt: skip
    return Typed(paid(f"({sql})", type_) if is_container(type_) else f"({sql})", type_)


def _distinct(node: n.Call) -> str:
    return "DISTINCT " if node.distinct else ""


def _order(node: n.Call, scope: Scope) -> str:
    if not node.order_by:
        return ""
    if node.name != "array_agg":
        raise QueryError(node.at, f"ORDER BY inside {node.name} is not served by this cloud")
    return " ORDER BY " + sort_sql(node.order_by, scope)


def _filter(node: n.Call, scope: Scope) -> str:
    if node.where is None:
        return ""
    return f" FILTER (WHERE {analyze_as(node.where, t.BOOLEAN, scope, 'FILTER clause')})"


def sort_sql(items: tuple[n.SortItem, ...], scope: Scope) -> str:
    """ORDER BY items over a scope's columns; nulls come last unless the query says otherwise (Trino)."""
    return ", ".join(analyze_sort(item, scope) for item in items)


def analyze_sort(item: n.SortItem, scope: Scope) -> str:
    """One ORDER BY item."""
    value = analyze(item.expression, scope)
    if not t.is_orderable(value.type):
        raise QueryError(item.at, f"Type {value.type} is not orderable, and therefore cannot be used in ORDER BY")
    return value.sql + direction(item)


def direction(item: n.SortItem) -> str:
    return f" {'DESC' if item.descending else 'ASC'} NULLS {'FIRST' if item.nulls_first else 'LAST'}"


def _window(node: n.Call, scope: Scope) -> Typed:
    assert node.over is not None
    if scope.no_aggregate_in and not scope.no_aggregate_in.startswith("ORDER BY"):
        raise QueryError(node.at, f"{scope.no_aggregate_in} cannot contain aggregations, window functions: {node.name}")
    table = WINDOW.get(node.name) or AGGREGATE.get(node.name)
    if table is None:
        raise QueryError(node.at, f"Function {node.name} not registered")
    if node.order_by or (node.ignore_nulls and node.name not in WINDOW):
        raise QueryError(
            node.at, f"ORDER BY and IGNORE NULLS inside {node.name} with OVER are not served by this cloud"
        )
    after = _filter(node, scope) + f" OVER ({without_payment(_over(node.over, scope))})"
    nulls = " IGNORE NULLS" if node.ignore_nulls else ""
    sql, type_ = apply(
        node.name, table, _arguments(node, scope), node.at, d=_distinct(node), o="", f=after, n=nulls
    )  # fmt: skip
    return Typed(f"({sql})", type_)


def _over(over: n.Over, scope: Scope) -> str:
    parts = []
    if over.partition_by:
        parts.append("PARTITION BY " + ", ".join(value.sql for value in analyze_all(over.partition_by, scope)))
    if over.order_by:
        parts.append("ORDER BY " + sort_sql(over.order_by, scope))
    if over.frame_unit and over.frame:
        first, last = (_bound(bound, scope) for bound in over.frame)
        parts.append(f"{over.frame_unit} BETWEEN {first} AND {last}")
    return " ".join(parts)


def _bound(bound: n.FrameBound, scope: Scope) -> str:
    if bound.offset is None:
        return bound.kind
    return f"{analyze_as(bound.offset, t.BIGINT, scope, 'Window frame offset')} {bound.kind}"


@handles(n.Extract)
def _extract(node: n.Extract, scope: Scope) -> Typed:
    if node.part not in EXTRACT:
        raise QueryError(node.at, f"Invalid EXTRACT field: {node.part}")
    return Typed(*apply(node.part, SCALAR[node.part], [analyze(node.value, scope)], node.at))
