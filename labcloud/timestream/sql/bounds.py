"""How much a query may make of its rows: what is large is counted while it is made, and the query ends at its allowance.

DuckDB knows what sorting, grouping and aggregating take, not what its functions make of a value, and it evaluates them
for 2,048 rows at a time. So functions that can make much of little (repeat, ||, replace, …) pay by the kilobyte from a
sequence of the query's own connection, which has an end; what one step makes is bounded by what it pays.
"""

from __future__ import annotations

import re

from labcloud.timestream.errors import QueryError, ValidationException
from labcloud.timestream.sql import types as t
from labcloud.timestream.sql.macros import MACROS
from labcloud.timestream.sql.nodes import Position
from labcloud.timestream.sql.types import Type

UNIT_BYTES = 4096
"""Smaller values are free; one of more than 16 MiB is refused at once (AWS gives out rows of a megabyte)."""
QUERY_BYTES = 256 * 1024 * 1024
MAKE_ALLOWANCE = f"CREATE TEMP SEQUENCE ts_allowance MAXVALUE {QUERY_BYTES // UNIT_BYTES}"
DEEPEST_TYPE = 6
"""Arrays in arrays in …: DuckDB looks at each level of lambdas several times for each level around it."""
MOST_COLUMNS = 2000
MOST_GROUPING_SETS = 2048
"""Trino's."""
LARGEST_SQL = 2_000_000
LARGEST_EXPANDED = 20_000_000
"""Characters of the translated query, and of what DuckDB makes of it when it puts its macros in."""

_PAYMENTS = {"ts_affords(": "ts_is_small(", "ts_worth(": "ts_small_worth("}
"""The macros that pay, and those that take small values only."""


def pays(sql: str) -> bool:
    """Whether a translated query needs an allowance."""
    return any(payment in sql for payment in _PAYMENTS)


def without_payment(sql: str) -> str:
    """For what DuckDB does not let count (TRY, windows' partitions): values of up to 64 KiB only; TRY's are NULL beyond."""
    for payment, free in _PAYMENTS.items():
        sql = sql.replace(payment, free)
    return sql


def is_container(type_: Type) -> bool:
    return type_.name in ("array", "timeseries", "row", "point")


def weight(type_: Type, sql: str, depth: int = 0) -> str:
    """About the bytes of a value; `sql` is a short name for it."""
    name = f"w{depth}"
    if type_ == t.VARCHAR:
        return f"coalesce(strlen({sql}), 0)"
    if type_.name == "array" and not (is_container(type_.item) or type_.item == t.VARCHAR):
        return f"coalesce(len({sql}), 0) * 8"
    if type_.name == "timeseries" and not (is_container(type_.item) or type_.item == t.VARCHAR):
        return f"coalesce(len({sql}), 0) * 16"
    if type_.name in ("array", "timeseries"):
        item = type_.item if type_.name == "array" else t.point(type_.item)
        return (
            f"CAST(coalesce(list_sum(list_transform({sql}, lambda {name}: {weight(item, name, depth + 1)} + 16)), 0) "
            "AS BIGINT)"
        )
    if type_.name == "point":
        return f"8 + {weight(type_.item, f'({sql}).value', depth)}"
    if type_.name == "row":
        return " + ".join(weight(item, f"({sql}).f{i}", depth) for i, item in enumerate(type_.items)) or "8"
    return "8"


def paid(sql: str, type_: Type) -> str:
    """A value that pays for itself, if its size is not known beforehand to be small."""
    if not (is_container(type_) or type_ == t.VARCHAR):
        return sql
    return f"list_transform([{sql}], lambda e: CASE WHEN ts_affords({weight(type_, 'e')}) THEN e END)[1]"


def check_expression(sql: str, type_: Type, at: Position) -> None:
    """Raises QueryError for an expression that has grown beyond all reason, or whose type has."""
    if len(sql) > LARGEST_SQL:
        raise QueryError(at, TOO_COMPLEX)
    if type_.items and _depth(type_) > DEEPEST_TYPE:
        raise QueryError(at, f"Types are nested at most {DEEPEST_TYPE} deep here, unlike {str(type_)[:200]}")


def _depth(type_: Type) -> int:
    return 1 + max(map(_depth, type_.items)) if type_.items else 0


def check_query(sql: str) -> None:
    """Raises ValidationException for a translated query that DuckDB would be busy with before it runs."""
    if len(sql) > LARGEST_SQL or expanded_size(sql) > LARGEST_EXPANDED:
        raise ValidationException(TOO_COMPLEX)


TOO_COMPLEX = "The query is too complex: calls stand in calls too deeply, or too many times"

_TOKEN = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[A-Za-z_]\w*\(|[(\[]|[)\]]|,|\w+|\s+|.", re.DOTALL)

Uses = dict[str, float]
"""How often each parameter stands in a text; "" is the length of the rest."""


def _add(to: Uses, more: Uses, times: float = 1.0) -> None:
    for name, count in more.items():
        to[name] = to.get(name, 0.0) + count * times


def _uses(sql: str, parameters: frozenset[str], macros: dict[str, list[Uses]]) -> Uses:
    """What a text is made of once the macros are in it. Macros take the text of an argument each time they name it."""
    stack: list[tuple[str, list[Uses]]] = [("", [{}])]
    for token in _TOKEN.findall(sql):
        here = stack[-1][1]
        if token[-1] in "([" and not token.startswith(("'", '"')):
            stack.append((token[:-1], [{}]))
        elif token in (")", "]") and len(stack) > 1:
            name, arguments = stack.pop()
            _add(stack[-1][1][-1], _of_call(name, arguments, macros))
        elif token == "," and stack[-1][0] in macros:
            here.append({})
        elif token in parameters:
            _add(here[-1], {token: 1.0})
        else:
            _add(here[-1], {"": float(len(token))})
    total: Uses = {}
    for _, arguments in stack:
        for argument in arguments:
            _add(total, argument)
    return total


def _of_call(name: str, arguments: list[Uses], macros: dict[str, list[Uses]]) -> Uses:
    total: Uses = {"": float(len(name) + 2)}
    body = macros.get(name)
    if body is None:
        for argument in arguments:
            _add(total, argument)
        return total
    _add(total, body[0])
    for argument, uses in zip(arguments, body[1:], strict=False):
        _add(total, argument, uses.get("", 0.0))
    return total


def _read_macros() -> dict[str, list[Uses]]:
    """By macro: its own length, then for each parameter how often it stands in it (under "")."""
    found: dict[str, list[Uses]] = {}
    for definition in MACROS:
        head, _, body = definition.partition(" AS ")
        name, _, names = head.rstrip(")").partition("(")
        parameters = [each.strip() for each in names.split(",")]
        uses = _uses(body, frozenset(parameters), found)
        found[name] = [{"": uses.get("", 0.0)}, *({"": uses.get(each, 0.0)} for each in parameters)]
    return found


_MACROS = _read_macros()


def expanded_size(sql: str) -> float:
    """The length of a translated query with its macros put in."""
    return _uses(sql, frozenset(), _MACROS).get("", 0.0)
