"""The function tables' form, and how a call finds its overload.

A table is text, one overload a line: `name(parameter types) result type : DuckDB SQL with {0}, {1} …`.
{W} is the weight of a.x, of type T. Single capitals are type variables. Aggregates mark with {d} where DISTINCT goes, with {o} where ORDER BY goes and
with {f} where FILTER and OVER go.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from labcloud.timestream.errors import QueryError
from labcloud.timestream.sql import types as t
from labcloud.timestream.sql.bounds import weight
from labcloud.timestream.sql.nodes import Position
from labcloud.timestream.sql.types import Type
from labcloud.timestream.sql.values import Typed, common_type, conversion_cost, convert

_LINE = re.compile(r"(\w+)\((.*?)\) ([\w(), ]+?) : (.*)")


@dataclass(frozen=True)
class Overload:
    parameters: tuple[Type, ...]
    returns: Type
    template: str


Table = dict[str, tuple[Overload, ...]]


def read_table(text: str) -> Table:
    """Parses a function table."""
    table: dict[str, list[Overload]] = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"not a function table line: {line}")
        name, parameters, returns, template = match.groups()
        overload = Overload(t.split_types(parameters), t.parse_type(returns), template)
        table.setdefault(name, []).append(overload)
    return {name: tuple(overloads) for name, overloads in table.items()}


def apply(
    name: str, overloads: tuple[Overload, ...], arguments: list[Typed], at: Position, **places: str
) -> tuple[str, Type]:
    """The SQL and type of a call by the overload that needs the fewest conversions."""
    best: tuple[int, Overload, tuple[Type, ...], dict[str, Type]] | None = None
    for overload in overloads:
        fit = _fit(overload, arguments)
        if fit is not None and (best is None or fit[0] < best[0]):
            best = (fit[0], overload, fit[1], fit[2])
    if best is None:
        given = ", ".join(str(argument.type) for argument in arguments)
        expected = ", ".join(f"{name}({', '.join(map(str, o.parameters))})" for o in overloads)
        raise QueryError(at, f"Unexpected parameters ({given}) for function {name}. Expected: {expected}")
    _, overload, parameters, bound = best
    converted = [convert(a, p, at) for a, p in zip(arguments, parameters, strict=True)]
    returns = substitute(overload.returns, bound)
    if "{T}" in overload.template:
        places = {**places, "T": t.physical(bound["T"])}
    if "{W}" in overload.template:
        places = {**places, "W": weight(bound["T"], "a.x")}
    return overload.template.format(*converted, **places), returns


def _fit(overload: Overload, arguments: list[Typed]) -> tuple[int, tuple[Type, ...], dict[str, Type]] | None:
    if len(overload.parameters) != len(arguments):
        return None
    bound: dict[str, Type] = {}
    for parameter, argument in zip(overload.parameters, arguments, strict=True):
        if not _bind(parameter, argument.type, bound):
            return None
    parameters = tuple(substitute(parameter, bound) for parameter in overload.parameters)
    total = 0
    for parameter, argument in zip(parameters, arguments, strict=True):
        cost = conversion_cost(argument, parameter)
        if cost is None:
            return None
        total += cost
    return total, parameters, bound


def _bind(parameter: Type, given: Type, bound: dict[str, Type]) -> bool:
    """Binds the type variables of `parameter` to what is given; false if that cannot be."""
    if _is_variable(parameter):
        known = bound.get(parameter.name)
        merged = given if known is None else common_type([Typed("", known), Typed("", given)])
        if merged is None:
            return False
        bound[parameter.name] = merged
        return True
    if given == t.UNKNOWN:
        for variable in filter(_is_variable, parameter.items):
            bound.setdefault(variable.name, t.UNKNOWN)
        return True
    if parameter.items:
        if parameter.name != given.name or len(parameter.items) != len(given.items):
            return False
        return all(_bind(p, g, bound) for p, g in zip(parameter.items, given.items, strict=True))
    return True


def _is_variable(type_: Type) -> bool:
    return len(type_.name) == 1


def substitute(type_: Type, bound: dict[str, Type]) -> Type:
    """The type with its variables replaced."""
    if _is_variable(type_):
        return bound.get(type_.name, type_)
    if not type_.items:
        return type_
    return Type(type_.name, tuple(substitute(item, bound) for item in type_.items), type_.fields)
