"""Stage 4c of IoT SQL: compiled SELECT lists and nested queries."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter, thread_time
from typing import TYPE_CHECKING, Any

from . import ast
from .errors import FunctionFailed
from .functions import V2015
from .message import MAX_QUERY_S, MAX_ROWS, MAX_SELECTED, Context
from .operators import Compiled
from .values import UNDEFINED, Value

if TYPE_CHECKING:
    from .compile import Compiler

_Step = Callable[[Context, dict[str, Value]], None]


def compile_select(compiler: Compiler, items: tuple[ast.Item, ...], *, is_value: bool) -> Compiled:
    """The closure that makes the result of SELECT; it reads the payload or the element of the nested query."""
    whole = _whole(compiler)
    if is_value:
        return _value(compiler, items[0], whole)
    if len(items) == 1 and isinstance(items[0].expression, ast.Star) and items[0].alias is None:
        return whole
    steps = [_step(compiler, item) for item in items]

    def evaluate(context: Context) -> Value:
        result: dict[str, Value] = {}
        for step in steps:
            step(context, result)
        return result

    def evaluate_with_dotted_names(context: Context) -> Value:
        outer, context.made = context.made, {}
        result = evaluate(context)
        context.made = outer
        return result

    is_dotted = any(item.alias is not None and len(item.alias) > 1 for item in items)
    return evaluate_with_dotted_names if is_dotted else evaluate


def _whole(compiler: Compiler) -> Compiled:
    """`*`: the value itself, raw bytes where the payload is not JSON."""
    if compiler.depth:
        return compiler.row(compiler.depth)

    def evaluate(context: Context) -> Value:
        document = context.document
        return context.message.payload if document is None else document

    return evaluate


def _value(compiler: Compiler, item: ast.Item, whole: Compiled) -> Compiled:
    expression = whole if isinstance(item.expression, ast.Star) else compiler.compile(item.expression)
    if compiler.version != V2015:
        return expression

    def without_arrays(context: Context) -> Value:
        """An Array as the top-level value came with 2016-03-23 (iot-rule-sql-version)."""
        value = expression(context)
        return UNDEFINED if type(value) is list else value

    return without_arrays


def _step(compiler: Compiler, item: ast.Item) -> _Step:
    """One item of the list, as a function that adds its members to the result."""
    expression = item.expression
    if isinstance(expression, ast.Star):
        return _star_step(compiler, item)
    compiled = compiler.compile(expression)
    if item.alias is None and isinstance(expression, ast.ObjectLiteral):
        # iot-sql-select: an object without AS makes names that AS cannot write.
        return lambda context, result: result.update(compiled(context))
    path = item.alias or (_name(compiler, expression),)
    if len(path) > 1:
        return lambda context, result: _put(context.made, result, path, compiled(context))
    (name,) = path

    def step(context: Context, result: dict[str, Value]) -> None:
        value = compiled(context)
        if value is not UNDEFINED:
            result[name] = value

    return step


def _star_step(compiler: Compiler, item: ast.Item) -> _Step:
    row, alias = compiler.row(compiler.depth), item.alias
    depth = compiler.depth
    if alias is not None:
        # `SELECT * AS message` (dynamodb-rule-action): the payload as one member; raw bytes cannot be one.
        return lambda context, result: _put(
            context.made, result, alias, UNDEFINED if depth == 0 and row(context) is None else row(context)
        )

    def step(context: Context, result: dict[str, Value]) -> None:
        value = row(context)
        if type(value) is dict:
            result.update(value)

    return step


def _name(compiler: Compiler, expression: ast.Node) -> str:
    """The member that an item without AS becomes: a field keeps its name, a function gives its own.

    AWS documents only fields; anything else takes its text as written, so that it is seen where it comes from.
    """
    if isinstance(expression, ast.Path | ast.Member):
        return expression.names[-1]
    if isinstance(expression, ast.Call | ast.Variable):
        return expression.name
    return "cast" if isinstance(expression, ast.Cast) else compiler.source(expression)


def _put(made: dict[int, dict[str, Value]], result: dict[str, Value], path: tuple[str, ...], value: Value) -> None:
    """Sets a dotted name; objects on the way that are not `made` here may be the payload's own, and are copied."""
    if value is UNDEFINED:
        return
    for name in path[:-1]:
        below = result.get(name)
        if below is None or id(below) not in made:
            below = dict(below) if type(below) is dict else {}
            made[id(below)] = result[name] = below
        result = below
    result[path[-1]] = value


def compile_query(compiler: Compiler, node: ast.Query) -> Compiled:
    """A nested query: an Array from an Array, one result from an Object; anything else has nothing to select."""
    source = compiler.compile(node.source)
    compiler.depth += 1
    compiler.aliases.append((node.alias, compiler.depth))
    select = compile_select(compiler, node.items, is_value=node.is_value)
    where = None if node.where is None else compiler.compile(node.where)
    compiler.aliases.pop()
    compiler.depth -= 1

    def evaluate(context: Context) -> Any:
        value = source(context)
        if type(value) is not list and type(value) is not dict:
            return UNDEFINED
        rows = context.rows
        rows.append(value)
        try:
            if type(value) is dict:
                return select(context) if where is None or where(context) is True else UNDEFINED
            selected = []
            for element in value:
                _count(context)
                rows[-1] = element
                if (where is None or where(context) is True) and (one := select(context)) is not UNDEFINED:
                    _make_room(context, one)
                    selected.append(one)
            return selected
        finally:
            rows.pop()

    return evaluate


def _count(context: Context) -> None:
    context.rows_left -= 1
    if context.rows_left < 0:
        raise FunctionFailed(f"the nested queries looked at more than {MAX_ROWS} elements")
    if perf_counter() > context.deadline:
        _look_at_the_processor_time(context)


def _look_at_the_processor_time(context: Context) -> None:
    """Real time says when to look: it is cheaper to read, but also passes while others use the processor."""
    now = thread_time()
    if not context.deadline:
        context.processor_end = now + MAX_QUERY_S
    left = context.processor_end - now
    if left < 0:
        raise FunctionFailed(f"the nested queries took more than {MAX_QUERY_S:g} s")
    context.deadline = perf_counter() + left


def _make_room(context: Context, selected: Value) -> None:
    context.room_left -= _size(selected)
    if context.room_left < 0:
        raise FunctionFailed(f"the nested queries select more than {MAX_SELECTED >> 20} MiB")


def _size(value: Value) -> int:
    """About as many characters as its JSON text has."""
    if type(value) is str:
        return len(value)
    if type(value) is dict:
        return sum(len(name) + _size(member) for name, member in value.items())
    return sum(map(_size, value)) if type(value) is list else 8


def compile_exists(compiler: Compiler, node: ast.Exists) -> Compiled:
    """EXISTS: whether the nested query yields an element."""
    query = compiler.compile(node.query)

    def evaluate(context: Context) -> bool:
        found = query(context)
        return bool(found) if type(found) is list else found is not UNDEFINED

    return evaluate
