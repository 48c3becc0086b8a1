"""Why a rule fired or not, in a sentence with the values that decided: learners read it in the trace of a message."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from . import ast
from .compile import Compiler
from .errors import FunctionFailed
from .jsontext import to_json
from .message import Context
from .values import UNDEFINED, Value, to_boolean

MOST_FACTS = 8
LONGEST_VALUE = 60
LONGEST_WHERE = 400
_LEAVES = (ast.Path, ast.Variable, ast.Member, ast.Call, ast.Cast, ast.Case)


def explain_where(compiler: Compiler, where: ast.Node, context: Context) -> str:
    """For example: WHERE temperature >= 40 is false: temperature is 39.9."""
    value = compiler.compile(where)(context)
    text = where_text(compiler, where)
    if type(value) is bool:
        verdict = f"WHERE {text} is {str(value).lower()}"
    elif value is UNDEFINED:
        verdict = f"WHERE {text} is Undefined"
    else:
        verdict = f"WHERE {text} is not a Boolean"
    facts = list(dict.fromkeys(_facts(compiler, where, context)))
    if len(facts) > MOST_FACTS:
        facts = [*facts[:MOST_FACTS], "…"]
    return f"{verdict}: {', '.join(facts)}" if facts else verdict


def where_text(compiler: Compiler, where: ast.Node) -> str:
    """The condition on one line, cut where it is long: the trace keeps it for each message."""
    return _short(" ".join(compiler.source(where).split()), LONGEST_WHERE)


def _facts(compiler: Compiler, node: ast.Node, context: Context) -> Iterator[str]:
    """What the operands that decided the result are; a part that get_or_default saved from failing says that it failed."""
    try:
        yield from _told(compiler, node, context)
    except FunctionFailed as error:
        yield str(error)


def _told(compiler: Compiler, node: ast.Node, context: Context) -> Iterator[str]:
    if isinstance(node, ast.Logic):
        values = [to_boolean(compiler.compile(operand)(context)) for operand in node.operands]
        decisive = _decisive(node.operator, values)
        for operand, is_decisive in zip(node.operands, decisive, strict=True):
            if is_decisive:
                yield from _facts(compiler, operand, context)
    elif isinstance(node, ast.Exists):
        found = compiler.compile(node)(context)
        yield f"({' '.join(compiler.source(node.query).split())}) yields {'an element' if found else 'no element'}"
    elif isinstance(node, ast.Query):
        yield f"the nested query is {describe(compiler.compile(node)(context))}"
    elif isinstance(node, _LEAVES):
        yield from _leaf(compiler, node, context)
    else:
        for child in ast.children(node):
            yield from _facts(compiler, child, context)


def _decisive(operator: str, values: list[Value]) -> list[bool]:
    """Which operands made the result: those that are no Boolean, else the false of AND and the true of OR, else all."""
    if UNDEFINED in values:
        return [value is UNDEFINED for value in values]
    decider = operator == "OR"
    return [value is decider for value in values] if decider in values else [True] * len(values)


def _leaf(compiler: Compiler, node: ast.Node, context: Context) -> Iterator[str]:
    value = compiler.compile(node)(context)
    if isinstance(node, ast.Path) and value is UNDEFINED:
        if context.document is None:
            yield "the payload is not JSON" if context.message.payload else "the payload is empty"
        else:
            yield f"{compiler.source(node)} is not in the payload"
        return
    yield f"{' '.join(compiler.source(node).split())} is {describe(value)}"
    if value is UNDEFINED:
        for child in ast.children(node):
            yield from _facts(compiler, child, context)


def describe(value: Value) -> str:
    """A value in the words of a reason."""
    if value is UNDEFINED:
        return "Undefined"
    if type(value) is str:
        return f"the string '{_short(value)}'"
    if type(value) in (list, dict):
        return f"the {'array' if type(value) is list else 'object'} {_short(to_json(value))}"
    if type(value) is Decimal or value is None or type(value) in (bool, int):
        return to_json(value)
    return "raw bytes"


def _short(text: str, longest: int = LONGEST_VALUE) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
