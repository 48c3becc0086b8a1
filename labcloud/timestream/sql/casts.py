"""CAST and TRY_CAST: which conversions exist and how they are said in DuckDB."""

from __future__ import annotations

from labcloud.timestream.errors import QueryError
from labcloud.timestream.sql import nodes as n
from labcloud.timestream.sql import types as t
from labcloud.timestream.sql.analyze import analyze, handles
from labcloud.timestream.sql.scope import Scope
from labcloud.timestream.sql.types import Type
from labcloud.timestream.sql.values import Typed, conversion_cost, convert

CASTS: dict[tuple[Type, Type], str] = {
    (t.VARCHAR, t.BIGINT): "ts_to_bigint({0})",
    (t.VARCHAR, t.INTEGER): "ts_to_integer({0})",
    (t.VARCHAR, t.DOUBLE): "ts_to_double({0})",
    (t.VARCHAR, t.BOOLEAN): "ts_to_boolean({0})",
    (t.VARCHAR, t.TIMESTAMP): "ts_parse({0})",
    (t.VARCHAR, t.DATE): "ts_parse_date({0})",
    (t.VARCHAR, t.TIME): "ts_parse_time({0})",
    (t.BIGINT, t.INTEGER): "CAST({0} AS INTEGER)",
    (t.DOUBLE, t.BIGINT): "CAST(round({0}) AS BIGINT)",
    (t.DOUBLE, t.INTEGER): "CAST(round({0}) AS INTEGER)",
    **{(t.BOOLEAN, number): f"CAST({{0}} AS {number.name.upper()})" for number in t.NUMERIC},
    **{(number, t.BOOLEAN): "({0} <> 0)" for number in t.NUMERIC},
    (t.TIMESTAMP, t.DATE): "CAST(ts_us({0}) AS DATE)",
    (t.TIMESTAMP, t.TIME): "ts_mod({0}, 86400000000000)",
    (t.INTEGER, t.VARCHAR): "CAST({0} AS VARCHAR)",
    (t.BIGINT, t.VARCHAR): "CAST({0} AS VARCHAR)",
    (t.BOOLEAN, t.VARCHAR): "CAST({0} AS VARCHAR)",
    (t.DATE, t.VARCHAR): "CAST({0} AS VARCHAR)",
    (t.DOUBLE, t.VARCHAR): "ts_double_text({0})",
    (t.TIMESTAMP, t.VARCHAR): "ts_timestamp_text({0})",
    (t.TIME, t.VARCHAR): "ts_time_text({0})",
    (t.DAY_TO_SECOND, t.VARCHAR): "ts_interval_text({0})",
    (t.YEAR_TO_MONTH, t.VARCHAR): "ts_months_text({0})",
}


@handles(n.Cast)
def _cast(node: n.Cast, scope: Scope) -> Typed:
    value = analyze(node.value, scope)
    to = type_of(node.to)
    sql = cast(value, to, node.at)
    return Typed(f"TRY({sql})" if node.may_fail else sql, to)


def type_of(name: n.TypeName) -> Type:
    """The type a query names."""
    if name.name in t.ALIASES or name.name in t.SCALARS:
        if name.arguments:
            raise QueryError(name.at, f"Type {name.name} takes no parameters")
        return t.ALIASES.get(name.name) or t.SCALARS[name.name]
    items = tuple(type_of(argument) for argument in name.arguments)
    if name.name == "row" and items:
        return t.row(items, name.field_names)
    if name.name in ("array", "timeseries") and len(items) == 1:
        return Type(name.name, items)
    raise QueryError(name.at, f"Unknown type: {name.name}")


def cast(value: Typed, to: Type, at: n.Position) -> str:
    """The SQL of an explicit conversion."""
    source = value.type
    if template := CASTS.get((source, to)):
        return template.format(value.sql)
    if source != to and source.items and source.name == to.name and len(source.items) == len(to.items):
        return _cast_items(value, to, at)
    if conversion_cost(Typed(value.sql, source), to) is None:
        raise QueryError(at, f"Cannot cast {source} to {to}")
    return convert(value, to, at)


def _cast_items(value: Typed, to: Type, at: n.Position) -> str:
    if to.name == "array":
        item = cast(Typed("x", value.type.item), to.item, at)
        return f"list_transform({value.sql}, lambda x: {item})"
    if to.name == "timeseries":
        item = cast(Typed("x.value", value.type.item), to.item, at)
        return f"list_transform({value.sql}, lambda x: struct_pack(time := x.time, value := {item}))"
    fields = [
        f"f{i} := {cast(Typed(f'({value.sql}).f{i}', source), target, at)}"
        for i, (source, target) in enumerate(zip(value.type.items, to.items, strict=True))
    ]
    return f"struct_pack({', '.join(fields)})"
