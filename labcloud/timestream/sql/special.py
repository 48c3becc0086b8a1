"""Functions that a table line cannot say: the clock, unit texts, conditionals, lambdas, any number of arguments."""

from __future__ import annotations

from dataclasses import replace

from labcloud.timestream.errors import QueryError
from labcloud.timestream.sql import nodes as n
from labcloud.timestream.sql import times
from labcloud.timestream.sql import types as t
from labcloud.timestream.sql.analyze import analyze, analyze_all, analyze_as, unify
from labcloud.timestream.sql.bounds import paid, weight, without_payment
from labcloud.timestream.sql.calls import special
from labcloud.timestream.sql.casts import cast
from labcloud.timestream.sql.operators import compare
from labcloud.timestream.sql.scope import Scope
from labcloud.timestream.sql.types import Type
from labcloud.timestream.sql.values import Typed, bigint, common_type, conversion_cost, convert, date_sql, quote

DAY = times.UNIT_NS["day"]


def expect_arguments(node: n.Call, *counts: int) -> None:
    if len(node.arguments) not in counts:
        wanted = " or ".join(map(str, counts))
        raise QueryError(node.at, f"Function {node.name} takes {wanted} arguments, not {len(node.arguments)}")


def constant_text(node: n.Call, index: int, scope: Scope) -> str:
    """A text argument that must be written out: a unit or a format."""
    text = analyze(node.arguments[index], scope).text
    if text is None:
        raise QueryError(node.arguments[index].at, f"Argument {index + 1} of {node.name} must be a quoted text")
    return text


@special("now", "current_timestamp", "localtimestamp", "current_date", "current_time", "localtime")
def _now(node: n.Call, scope: Scope) -> Typed:
    expect_arguments(node, 0)
    now = scope.context.now_ns
    if node.name == "current_date":
        return Typed(date_sql(times.date_of_days(now // DAY)), t.DATE)
    if node.name in ("current_time", "localtime"):
        return Typed(bigint(now % DAY), t.TIME)
    return Typed(bigint(now), t.TIMESTAMP)


@special("ago")
def _ago(node: n.Call, scope: Scope) -> Typed:
    expect_arguments(node, 1)
    value = analyze(node.arguments[0], scope)
    now = bigint(scope.context.now_ns)
    if value.type == t.YEAR_TO_MONTH:
        return Typed(f"ts_add_months({now}, -{value.sql})", t.TIMESTAMP)
    if value.type != t.DAY_TO_SECOND:
        raise QueryError(
            node.at, f"Unexpected parameters ({value.type}) for function ago. Expected: ago(interval day to second)"
        )
    return Typed(f"({now} - {value.sql})", t.TIMESTAMP)


def _unit(node: n.Call, scope: Scope) -> str:
    unit = constant_text(node, 0, scope).lower()
    if unit not in times.UNIT_NS and unit not in times.UNIT_MONTHS:
        raise QueryError(node.arguments[0].at, f"'{unit}' is not a valid Timestamp field")
    return unit


def _moment(node: n.Expression, scope: Scope) -> Typed:
    """A date, or else a timestamp."""
    value = analyze(node, scope)
    if value.type == t.DATE:
        return value
    return Typed(analyze_as(node, t.TIMESTAMP, scope, "Argument"), t.TIMESTAMP)


@special("date_trunc")
def _date_trunc(node: n.Call, scope: Scope) -> Typed:
    expect_arguments(node, 2)
    unit, value = _unit(node, scope), _moment(node.arguments[1], scope)
    if value.type == t.DATE:
        return Typed(f"CAST(date_trunc({quote(unit)}, {value.sql}) AS DATE)", t.DATE)
    if unit in times.UNIT_NS and unit != "week":
        return Typed(f"ts_bin({value.sql}, CAST({times.UNIT_NS[unit]} AS BIGINT))", t.TIMESTAMP)
    return Typed(f"ts_trunc({value.sql}, {quote(unit)})", t.TIMESTAMP)


@special("date_add")
def _date_add(node: n.Call, scope: Scope) -> Typed:
    expect_arguments(node, 3)
    unit, value = _unit(node, scope), _moment(node.arguments[2], scope)
    count = analyze_as(node.arguments[1], t.BIGINT, scope, "Argument 2 of date_add")
    stem = "ts_date_add" if value.type == t.DATE else "ts_add"
    if unit in times.UNIT_MONTHS:
        return Typed(f"{stem}_months({value.sql}, {count} * {times.UNIT_MONTHS[unit]})", value.type)
    step = f"({count} * {times.UNIT_NS[unit]})"
    return Typed(
        f"ts_date_add_days({value.sql}, {step})" if value.type == t.DATE else f"({value.sql} + {step})", value.type
    )


@special("date_diff")
def _date_diff(node: n.Call, scope: Scope) -> Typed:
    expect_arguments(node, 3)
    unit = _unit(node, scope)
    first, second = (
        convert(_moment(argument, scope), t.TIMESTAMP, argument.at) for argument in node.arguments[1:]
    )  # fmt: skip
    if unit in times.UNIT_MONTHS:
        return Typed(f"(ts_diff_months({first}, {second}) // {times.UNIT_MONTHS[unit]})", t.BIGINT)
    return Typed(f"(({second} - {first}) // {times.UNIT_NS[unit]})", t.BIGINT)


@special("if")
def _if(node: n.Call, scope: Scope) -> Typed:
    expect_arguments(node, 2, 3)
    branch = (node.arguments[0], node.arguments[1])
    otherwise = node.arguments[2] if len(node.arguments) == 3 else None
    return analyze(n.Case(None, (branch,), otherwise, at=node.at), scope)


@special("coalesce")
def _coalesce(node: n.Call, scope: Scope) -> Typed:
    items, type_ = unify(node.arguments, scope, "All COALESCE operands")
    return Typed(f"coalesce({', '.join(items)})", type_)


@special("nullif")
def _nullif(node: n.Call, scope: Scope) -> Typed:
    expect_arguments(node, 2)
    first, second = analyze_all(node.arguments, scope)
    return Typed(f"(CASE WHEN {compare('=', first, second, node.at).sql} THEN NULL ELSE {first.sql} END)", first.type)


@special("try")
def _try(node: n.Call, scope: Scope) -> Typed:
    expect_arguments(node, 1)
    value = analyze(node.arguments[0], scope)
    return Typed(f"TRY({without_payment(value.sql)})", value.type)


@special("greatest", "least")
def _greatest(node: n.Call, scope: Scope) -> Typed:
    items, type_ = unify(node.arguments, scope, f"Arguments of {node.name}")
    any_null = " OR ".join(f"{item} IS NULL" for item in items)
    return Typed(f"(CASE WHEN {any_null} THEN NULL ELSE {node.name}({', '.join(items)}) END)", type_)


@special("typeof")
def _typeof(node: n.Call, scope: Scope) -> Typed:
    expect_arguments(node, 1)
    name = str(analyze(node.arguments[0], scope).type)
    return Typed(quote(name), t.VARCHAR)


@special("concat")
def _concat(node: n.Call, scope: Scope) -> Typed:
    values = analyze_all(node.arguments, scope)
    if any(value.type.name == "array" for value in values):
        type_ = common_type(values)
        if type_ is not None:
            return Typed(f"list_concat({', '.join(convert(v, type_, node.at) for v in values)})", type_)
    if len(values) < 2 or any(conversion_cost(value, t.VARCHAR) is None for value in values):
        raise _unexpected(node, values, "concat(varchar, ...), concat(array(T), ...)")
    return Typed("(" + " || ".join(convert(value, t.VARCHAR, node.at) for value in values) + ")", t.VARCHAR)


def _unexpected(node: n.Call, values: list[Typed], expected: str) -> QueryError:
    given = ", ".join(str(value.type) for value in values)
    return QueryError(node.at, f"Unexpected parameters ({given}) for function {node.name}. Expected: {expected}")


@special("zip")
def _zip(node: n.Call, scope: Scope) -> Typed:
    arrays = analyze_all(node.arguments, scope)
    if len(arrays) < 2 or any(value.type.name != "array" for value in arrays):
        raise _unexpected(node, arrays, "zip(array(T), array(U), ...)")
    type_ = t.array(t.row(tuple(value.type.item for value in arrays)))
    length = f"greatest({', '.join(f'len({value.sql})' for value in arrays)})"
    packed = ", ".join(f"f{i} := ({value.sql})[i]" for i, value in enumerate(arrays))
    return Typed(f"list_transform(range(1, {length} + 1), lambda i: struct_pack({packed}))", type_)


@special("array_join")
def _array_join(node: n.Call, scope: Scope) -> Typed:
    expect_arguments(node, 2, 3)
    array = analyze(node.arguments[0], scope)
    if array.type.name != "array":
        raise _unexpected(node, [array], "array_join(array(T), varchar[, varchar])")
    text = cast(Typed("x", array.type.item), t.VARCHAR, node.at)
    if len(node.arguments) == 3:
        text = f"coalesce({text}, {analyze_as(node.arguments[2], t.VARCHAR, scope, 'Null replacement')})"
    texts = f"list_filter(list_transform({array.sql}, lambda x: {text}), lambda x: x IS NOT NULL)"
    separator = analyze_as(node.arguments[1], t.VARCHAR, scope, "Separator")
    size = f"{weight(t.array(t.VARCHAR), 'a.l')} + len(a.l) * strlen({separator})"
    joined = f"lambda a: ts_worth({size}, array_to_string(a.l, {separator}))"
    return Typed(f"list_transform([struct_pack(l := {texts})], {joined})[1]", t.VARCHAR)


def _elements(node: n.Call, scope: Scope) -> tuple[Typed, Type]:
    """The array or time series that a lambda function goes over, and the type its lambda sees."""
    value = analyze(node.arguments[0], scope)
    if value.type.name == "array":
        return value, value.type.item
    if value.type.name == "timeseries":
        return value, t.point(value.type.item)
    raise _unexpected(node, [value], f"{node.name}(array(T), ...), {node.name}(timeseries(T), ...)")


def _apply_lambda(node: n.Expression, scope: Scope, *parameters: Typed) -> Typed:
    if not isinstance(node, n.Lambda) or len(node.parameters) != len(parameters):
        raise QueryError(node.at, f"Expected a lambda that takes {len(parameters)} argument(s)")
    bound = dict(zip(node.parameters, parameters, strict=True))
    return analyze(node.body, replace(scope, parameters={**scope.parameters, **bound}))


@special("filter")
def _filter(node: n.Call, scope: Scope) -> Typed:
    expect_arguments(node, 2)
    value, item = _elements(node, scope)
    name = scope.context.fresh("p")
    condition = _apply_lambda(node.arguments[1], scope, Typed(name, item))
    if condition.type != t.BOOLEAN:
        raise QueryError(node.arguments[1].at, f"The lambda of filter must return a boolean, not {condition.type}")
    return Typed(f"list_filter({value.sql}, lambda {name}: {condition.sql})", value.type)


@special("transform")
def _transform(node: n.Call, scope: Scope) -> Typed:
    expect_arguments(node, 2)
    value, item = _elements(node, scope)
    name = scope.context.fresh("p")
    result = _apply_lambda(node.arguments[1], scope, Typed(name, item))
    each = paid(result.sql, result.type)
    return Typed(f"list_transform({value.sql}, lambda {name}: {each})", t.array(result.type))


@special("reduce")
def _reduce(node: n.Call, scope: Scope) -> Typed:
    """reduce(elements, initial, (state, x) -> state, state -> result), as DuckDB's reduce over {state, x}."""
    expect_arguments(node, 4)
    value, item = _elements(node, scope)
    state = analyze(node.arguments[1], scope)
    a, b, p = (scope.context.fresh(prefix) for prefix in ("a", "b", "p"))
    step = _apply_lambda(node.arguments[2], scope, Typed(f"{a}.s", state.type), Typed(f"{b}.x", item))
    wider = common_type([state, step])
    if wider is None:
        raise QueryError(
            node.arguments[2].at, f"The lambda must return {state.type} as the initial state, not {step.type}"
        )
    if wider != state.type:
        state = Typed(convert(state, wider, node.at), wider)
        step = _apply_lambda(node.arguments[2], scope, Typed(f"{a}.s", wider), Typed(f"{b}.x", item))
    no_x, no_state = f"CAST(NULL AS {t.physical(item)})", f"CAST(NULL AS {t.physical(wider)})"
    first = f"[struct_pack(s := {convert(state, wider, node.at)}, x := {no_x})]"
    rest = f"list_transform({value.sql}, lambda {p}: struct_pack(s := {no_state}, x := {p}))"
    stepped = f"struct_pack(s := {convert(step, wider, node.at)}, x := {no_x})"
    final = f"list_reduce(list_concat({first}, {rest}), lambda {a}, {b}: {stepped}).s"
    name = scope.context.fresh("r")
    result = _apply_lambda(node.arguments[3], scope, Typed(name, wider))
    return Typed(f"list_transform([{final}], lambda {name}: {result.sql})[1]", result.type)
