"""From syntax tree to typed DuckDB SQL: names, literals and the registry of what handles which node.

Analysis goes bottom-up and knows every type, so a wrong query is refused with line and column before it runs, and
only SQL written in this package reaches DuckDB.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from labcloud.timestream.errors import QueryError
from labcloud.timestream.sql import nodes as n
from labcloud.timestream.sql import times
from labcloud.timestream.sql import types as t
from labcloud.timestream.sql.bounds import check_expression, is_container, paid
from labcloud.timestream.sql.scope import Scope
from labcloud.timestream.sql.types import Type
from labcloud.timestream.sql.values import Typed, bigint, common_type, conversion_cost, convert, literal_as, quote

SCHEDULED_RUNTIME = "scheduled_runtime"
"""The parameter that a scheduled query gets: for when this run of it was due."""

Handler = Callable[[Any, Scope], Typed]
H = TypeVar("H", bound=Handler)
_HANDLERS: dict[type, Handler] = {}


def handles(node_type: type) -> Callable[[H], H]:
    """Registers the handler of a kind of expression."""

    def register(handler: H) -> H:
        _HANDLERS[node_type] = handler
        return handler

    return register


def analyze(node: n.Expression, scope: Scope) -> Typed:
    """The typed SQL of an expression."""
    handler = _HANDLERS.get(type(node))
    if handler is None:
        raise QueryError(node.at, f"{type(node).__name__} is not allowed here")
    value = handler(node, scope)
    check_expression(value.sql, value.type, node.at)
    return value


def analyze_all(nodes: tuple[n.Expression, ...], scope: Scope) -> list[Typed]:
    return [analyze(node, scope) for node in nodes]


def analyze_as(node: n.Expression, to: Type, scope: Scope, what: str) -> str:
    """The SQL of an expression that must have (or become) this type; `what` names its place in the message."""
    value = analyze(node, scope)
    if conversion_cost(value, to) is None:
        raise QueryError(node.at, f"{what} must evaluate to a {to}: actual type {value.type}")
    return convert(value, to, node.at)


def unify(nodes: tuple[n.Expression, ...], scope: Scope, what: str) -> tuple[list[str], Type]:
    """The SQL of expressions that must have one common type."""
    values = analyze_all(nodes, scope)
    type_ = common_type(values)
    if type_ is None:
        first = next(i for i, value in enumerate(values) if common_type(values[: i + 1]) is None)
        raise QueryError(
            nodes[first].at, f"{what} must be the same type or coercible to a common type. Cannot find common type "
            f"between {common_type(values[:first])} and {values[first].type}"
        )  # fmt: skip
    return [convert(value, type_, node.at) for value, node in zip(values, nodes, strict=True)], type_


@handles(n.Literal)
def _literal(node: n.Literal, scope: Scope) -> Typed:
    if node.kind == "null":
        return Typed("CAST(NULL AS INTEGER)", t.UNKNOWN)
    if node.kind == "boolean":
        return Typed(node.text, t.BOOLEAN)
    if node.kind == "string":
        return Typed(quote(node.text), t.VARCHAR, node.text)
    if node.kind == "double":
        return Typed(f"CAST({quote(node.text)} AS DOUBLE)", t.DOUBLE)
    value = int(node.text) if len(node.text) < 25 else 2**63
    if value <= 2**31 - 1:
        return Typed(f"CAST({value} AS INTEGER)", t.INTEGER)
    if value > 2**63 - 1:
        raise QueryError(node.at, f"Invalid numeric literal: {node.text}")
    return Typed(bigint(value), t.BIGINT)


@handles(n.TypedLiteral)
def _typed_literal(node: n.TypedLiteral, scope: Scope) -> Typed:
    type_ = t.SCALARS[node.type_name.lower()]
    if type_ in (t.TIMESTAMP, t.DATE, t.TIME):
        return Typed(literal_as(node.text, type_, node.at), type_)
    try:
        value = int(node.text) if type_ == t.BIGINT else float(node.text)
    except ValueError:
        raise QueryError(node.at, f"Cannot cast '{node.text}' to {type_}") from None
    return Typed(bigint(int(value)) if type_ == t.BIGINT else f"CAST({quote(str(value))} AS DOUBLE)", type_)


@handles(n.IntervalLiteral)
def _interval(node: n.IntervalLiteral, scope: Scope) -> Typed:
    parsed = times.parse_interval(node.amount, node.unit)
    if parsed is None:
        raise QueryError(node.at, f"'{node.amount}' is not a valid interval literal")
    type_ = t.SCALARS[parsed[0]]
    return Typed(f"CAST({parsed[1]} AS {t.physical(type_)})", type_)


@handles(n.Parameter)
def _parameter(node: n.Parameter, scope: Scope) -> Typed:
    if node.name != SCHEDULED_RUNTIME:
        raise QueryError(node.at, f"Parameter @{node.name} has no value: only @{SCHEDULED_RUNTIME} gets one")
    if scope.context.scheduled_runtime_ns is None:
        raise QueryError(node.at, f"Parameter @{SCHEDULED_RUNTIME} has a value in scheduled queries only")
    return Typed(bigint(scope.context.scheduled_runtime_ns), t.TIMESTAMP)


@handles(n.Name)
def _name(node: n.Name, scope: Scope) -> Typed:
    value, rest = _column(node, scope)
    for name in rest:
        value = field(value, name, node.at)
    return value


def _column(node: n.Name, scope: Scope) -> tuple[Typed, tuple[str, ...]]:
    """What the first one or two parts of a dotted name mean, and the parts that remain."""
    first, rest = node.parts[0], node.parts[1:]
    if first in scope.parameters:
        return scope.parameters[first], rest
    if rest and scope.has_qualifier(first):
        if found := scope.find_column(rest[0], first, node.at):
            return found, rest[1:]
        raise QueryError(node.at, f"Column '{first}.{rest[0]}' does not exist")
    if not rest and (alias := scope.aliases.get(first.lower())):
        return alias, rest
    if found := scope.find_column(first, None, node.at):
        return found, rest
    raise QueryError(node.at, f"Column '{'.'.join(node.parts)}' does not exist")


def field(value: Typed, name: str, at: n.Position) -> Typed:
    """A field of a row or of a time series' point."""
    if value.type.name == "point" and name.lower() in ("time", "value"):
        type_ = t.TIMESTAMP if name.lower() == "time" else value.type.item
        return Typed(f"({value.sql}).{name.lower()}", type_)
    if value.type.name == "row":
        names = [label or f"field{i}" for i, label in enumerate(value.type.fields)]
        matching = [i for i, label in enumerate(names) if label.lower() == name.lower()]
        if matching:
            return Typed(f"({value.sql}).f{matching[0]}", value.type.items[matching[0]])
    raise QueryError(at, f"Column '{name}' does not exist: {value.type} has no such field")


@handles(n.FieldOf)
def _field(node: n.FieldOf, scope: Scope) -> Typed:
    return field(analyze(node.value, scope), node.name, node.at)


@handles(n.ArrayLiteral)
def _array(node: n.ArrayLiteral, scope: Scope) -> Typed:
    items, type_ = unify(node.items, scope, "All ARRAY elements")
    array_type = t.array(type_)
    if not items:
        return Typed(f"CAST([] AS {t.physical(array_type)})", array_type)
    sql = "[" + ", ".join(items) + "]"
    return Typed(paid(sql, array_type) if is_container(type_) else sql, array_type)


@handles(n.RowLiteral)
def _row(node: n.RowLiteral, scope: Scope) -> Typed:
    items = analyze_all(node.items, scope)
    packed = ", ".join(f"f{i} := {item.sql}" for i, item in enumerate(items))
    sql, row_type = f"struct_pack({packed})", t.row(tuple(item.type for item in items))
    return Typed(paid(sql, row_type) if any(is_container(item.type) for item in items) else sql, row_type)


@handles(n.Subscript)
def _subscript(node: n.Subscript, scope: Scope) -> Typed:
    value = analyze(node.value, scope)
    index = analyze(node.index, scope)
    if value.type.name not in ("array", "timeseries") or conversion_cost(index, t.BIGINT) is None:
        raise QueryError(node.at, f"Cannot use {index.type} for subscript of {value.type}")
    item = value.type.item if value.type.name == "array" else t.point(value.type.item)
    return Typed(f"ts_subscript({value.sql}, {convert(index, t.BIGINT, node.at)})", item)
