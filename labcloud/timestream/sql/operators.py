"""Operators and predicates: arithmetic, comparison, logic, LIKE, IN, BETWEEN, CASE, and subqueries as values."""

from __future__ import annotations

from dataclasses import replace

from labcloud.timestream.errors import QueryError
from labcloud.timestream.sql import nodes as n
from labcloud.timestream.sql import types as t
from labcloud.timestream.sql.analyze import analyze, analyze_all, analyze_as, handles, unify
from labcloud.timestream.sql.bounds import paid
from labcloud.timestream.sql.scope import Scope
from labcloud.timestream.sql.types import Type
from labcloud.timestream.sql.values import Typed, common_type, conversion_cost, convert

COMPARISONS = {"=": "=", "<>": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">=", "IS DISTINCT FROM": "IS DISTINCT FROM"}
DS, YM = t.DAY_TO_SECOND, t.YEAR_TO_MONTH

ARITHMETIC: dict[tuple[str, Type, Type], tuple[Type, str]] = {
    **{(op, a, a): (a, f"({{0}} {op} {{1}})") for op in "+-" for a in (*t.NUMERIC, DS, YM)},
    **{(op, a, a): (a, f"({{0}} {op} {{1}})") for op in "*%" for a in t.NUMERIC},
    ("/", t.INTEGER, t.INTEGER): (t.INTEGER, "({0} // {1})"),
    ("/", t.BIGINT, t.BIGINT): (t.BIGINT, "({0} // {1})"),
    ("/", t.DOUBLE, t.DOUBLE): (t.DOUBLE, "({0} / {1})"),
    **{(op, t.TIMESTAMP, DS): (t.TIMESTAMP, f"({{0}} {op} {{1}})") for op in "+-"},
    ("+", DS, t.TIMESTAMP): (t.TIMESTAMP, "({0} + {1})"),
    ("+", t.TIMESTAMP, YM): (t.TIMESTAMP, "ts_add_months({0}, {1})"),
    ("-", t.TIMESTAMP, YM): (t.TIMESTAMP, "ts_add_months({0}, -{1})"),
    ("+", YM, t.TIMESTAMP): (t.TIMESTAMP, "ts_add_months({1}, {0})"),
    ("+", t.DATE, DS): (t.DATE, "ts_date_add_days({0}, {1})"),
    ("-", t.DATE, DS): (t.DATE, "ts_date_add_days({0}, -{1})"),
    ("+", DS, t.DATE): (t.DATE, "ts_date_add_days({1}, {0})"),
    ("+", t.DATE, YM): (t.DATE, "ts_date_add_months({0}, {1})"),
    ("-", t.DATE, YM): (t.DATE, "ts_date_add_months({0}, -{1})"),
    ("+", YM, t.DATE): (t.DATE, "ts_date_add_months({1}, {0})"),
    ("+", t.TIME, DS): (t.TIME, "ts_mod({0} + {1}, 86400000000000)"),
    ("-", t.TIME, DS): (t.TIME, "ts_mod({0} - {1}, 86400000000000)"),
    **{("*", i, x): (i, "CAST({0} * {1} AS BIGINT)") for i in (DS,) for x in t.NUMERIC},
    **{("*", x, i): (i, "CAST({0} * {1} AS BIGINT)") for i in (DS,) for x in t.NUMERIC},
    **{("/", DS, x): (DS, "CAST({0} / {1} AS BIGINT)") for x in t.NUMERIC},
    **{("*", YM, x): (YM, "CAST({0} * {1} AS INTEGER)") for x in t.NUMERIC},
    **{("*", x, YM): (YM, "CAST({0} * {1} AS INTEGER)") for x in t.NUMERIC},
    **{("/", YM, x): (YM, "CAST({0} / {1} AS INTEGER)") for x in t.NUMERIC},
}
"""By operator and operand types. A difference of two dates or timestamps is not among them: date_diff is for that
(developer guide, "Date / time operators")."""


@handles(n.Binary)
def _binary(node: n.Binary, scope: Scope) -> Typed:
    if node.operator in ("AND", "OR"):
        what = f"Logical expression term of {node.operator}"
        terms = [analyze_as(term, t.BOOLEAN, scope, what) for term in _terms(node)]
        return Typed(f"({f' {node.operator} '.join(terms)})", t.BOOLEAN)
    left, right = analyze(node.left, scope), analyze(node.right, scope)
    if node.operator in COMPARISONS:
        return compare(node.operator, left, right, node.at)
    if node.operator == "||":
        joined = _concatenate(left, right, node.at)
        return replace(joined, sql=paid(joined.sql, joined.type))
    return _arithmetic(node.operator, left, right, node.at)


def _terms(node: n.Binary) -> list[n.Expression]:
    """a AND b AND c as a flat list: a long chain is no deep nesting."""
    terms: list[n.Expression] = []
    left: n.Expression = node
    while isinstance(left, n.Binary) and left.operator == node.operator:
        terms.append(left.right)
        left = left.left
    return [left, *reversed(terms)]


def compare(operator: str, left: Typed, right: Typed, at: n.Position) -> Typed:
    """A comparison; both sides need a common type (a text is never compared with a number)."""
    type_ = common_type([left, right])
    if type_ is None or (operator in "<=>=" and operator not in ("=", "<>") and not t.is_orderable(type_)):
        raise _cannot(operator, left, right, at)
    return Typed(f"({convert(left, type_, at)} {COMPARISONS[operator]} {convert(right, type_, at)})", t.BOOLEAN)


def _cannot(operator: str, left: Typed, right: Typed, at: n.Position) -> QueryError:
    return QueryError(at, f"'{operator}' cannot be applied to {left.type}, {right.type}")


def _concatenate(left: Typed, right: Typed, at: n.Position) -> Typed:
    if left.type.name == "array" or right.type.name == "array":
        type_ = common_type([left, right])
        if type_ is not None:
            return Typed(f"list_concat({convert(left, type_, at)}, {convert(right, type_, at)})", type_)
    if all(conversion_cost(value, t.VARCHAR) is not None for value in (left, right)):
        return Typed(f"({convert(left, t.VARCHAR, at)} || {convert(right, t.VARCHAR, at)})", t.VARCHAR)
    raise _cannot("||", left, right, at)


def _arithmetic(operator: str, left: Typed, right: Typed, at: n.Position) -> Typed:
    for left_type, right_type in _operand_types(left, right):
        if found := ARITHMETIC.get((operator, left_type, right_type)):
            type_, template = found
            return Typed(template.format(convert(left, left_type, at), convert(right, right_type, at)), type_)
    raise _cannot(operator, left, right, at)


def _operand_types(left: Typed, right: Typed) -> list[tuple[Type, Type]]:
    """The pairs of types to try: as given, widened to a common type, a text literal as timestamp, NULL as the other."""
    pairs = [(left.type, right.type)]
    if left.type in t.NUMERIC and right.type in t.NUMERIC:
        common = common_type([left, right])
        pairs += [(common, common)] if common else []
    if left.text is not None and right.type in t.INTERVALS:
        pairs.append((t.TIMESTAMP, right.type))
    if left.type == t.UNKNOWN:
        pairs += [(right.type, right.type), (t.TIMESTAMP, right.type)]
    if right.type == t.UNKNOWN:
        pairs += [(left.type, left.type), (left.type, DS)]
    return pairs


@handles(n.Unary)
def _unary(node: n.Unary, scope: Scope) -> Typed:
    if node.operator == "NOT":
        return Typed(f"(NOT {analyze_as(node.value, t.BOOLEAN, scope, 'Value of logical NOT expression')})", t.BOOLEAN)
    value = analyze(node.value, scope)
    if value.type not in (*t.NUMERIC, *t.INTERVALS):
        raise QueryError(node.at, f"'{node.operator}' cannot be applied to {value.type}")
    return Typed(f"({node.operator}{value.sql})", value.type)


@handles(n.Between)
def _between(node: n.Between, scope: Scope) -> Typed:
    values = analyze_all((node.value, node.low, node.high), scope)
    type_ = common_type(values)
    if type_ is None or not t.is_orderable(type_):
        raise QueryError(node.at, f"Cannot check if {values[0].type} is BETWEEN {values[1].type} and {values[2].type}")
    value, low, high = (convert(v, type_, node.at) for v in values)
    return Typed(f"({value} BETWEEN {low} AND {high})", t.BOOLEAN)


@handles(n.InList)
def _in_list(node: n.InList, scope: Scope) -> Typed:
    items, _ = unify((node.value, *node.items), scope, "IN value and list items")
    return Typed(f"({items[0]} IN ({', '.join(items[1:])}))", t.BOOLEAN)


@handles(n.Like)
def _like(node: n.Like, scope: Scope) -> Typed:
    value = analyze_as(node.value, t.VARCHAR, scope, "Left side of LIKE expression")
    pattern = analyze_as(node.pattern, t.VARCHAR, scope, "Pattern for LIKE expression")
    if node.escape is None:
        return Typed(f"({value} LIKE {pattern})", t.BOOLEAN)
    escape = analyze_as(node.escape, t.VARCHAR, scope, "Escape for LIKE expression")
    return Typed(f"({value} LIKE {pattern} ESCAPE {escape})", t.BOOLEAN)


@handles(n.IsNull)
def _is_null(node: n.IsNull, scope: Scope) -> Typed:
    return Typed(f"({analyze(node.value, scope).sql} IS NULL)", t.BOOLEAN)


@handles(n.Case)
def _case(node: n.Case, scope: Scope) -> Typed:
    conditions = []
    operand = analyze(node.operand, scope) if node.operand else None
    for condition, _ in node.branches:
        if operand is None:
            conditions.append(analyze_as(condition, t.BOOLEAN, scope, "CASE WHEN clause"))
        else:
            conditions.append(compare("=", operand, analyze(condition, scope), condition.at).sql)
    results = tuple(result for _, result in node.branches)
    otherwise = node.otherwise or n.Literal("null", "null", at=node.at)
    values, type_ = unify((*results, otherwise), scope, "All CASE results")
    whens = " ".join(f"WHEN {c} THEN {v}" for c, v in zip(conditions, values[:-1], strict=True))
    return Typed(f"(CASE {whens} ELSE {values[-1]} END)", type_)
