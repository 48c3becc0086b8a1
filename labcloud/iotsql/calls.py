"""Stage 4b of IoT SQL: compiled calls of functions, and cast."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from . import ast
from .errors import FunctionFailed
from .functions import FUNCTIONS, V2015, Function
from .functions.mathematics import cast_to_double
from .jsontext import to_text
from .message import MAX_CALLS, Context
from .operators import Compiled, constant
from .validate import CASTS_2016, is_protobuf
from .values import UNDEFINED, Value, rounded_down, to_boolean, to_number, whole_as_int

if TYPE_CHECKING:
    from .compile import Compiler

_ONCE = frozenset({"newuuid", "rand"})
"""Functions that must not be called again to explain a result."""


def compile_call(compiler: Compiler, node: ast.Call) -> Compiled:
    """A call; with a wrong number of arguments, Undefined."""
    called = FUNCTIONS[node.name.lower()]
    if not called.least <= len(node.arguments) <= called.most:
        return constant(UNDEFINED)
    arguments = [_argument(compiler, called, argument) for argument in node.arguments]
    if called.name == "get_or_default":
        return _get_or_default(arguments)
    evaluate = _call(called, arguments)
    if called.numeric and compiler.version != V2015:
        evaluate = _with_whole_numbers(evaluate)
    asks = called.external or is_protobuf(node)
    if compiler.depth:
        compiler.repeats_calls = compiler.repeats_calls or asks or called.name in _ONCE
        return _counted(evaluate) if asks else evaluate
    return _once(evaluate, id(node)) if asks or called.name in (*_ONCE, "decode") else evaluate


def _argument(compiler: Compiler, called: Function, node: ast.Node) -> Compiled:
    if isinstance(node, ast.Star) and called.star == "bytes":
        return lambda context: context.message.payload
    return compiler.compile(node)


def _call(called: Function, arguments: list[Compiled]) -> Compiled:
    apply = called.apply
    if len(arguments) == 2:
        first, second = arguments
        if called.in_context:
            return lambda context: apply(context, first(context), second(context))
        return lambda context: apply(first(context), second(context))
    if called.in_context:
        return lambda context: apply(context, *[argument(context) for argument in arguments])
    if len(arguments) == 1:
        (only,) = arguments
        return lambda context: apply(only(context))
    return lambda context: apply(*[argument(context) for argument in arguments])


def _with_whole_numbers(evaluate: Compiled) -> Compiled:
    def whole(context: Context) -> Value:
        value = evaluate(context)
        return whole_as_int(value) if type(value) is Decimal else value

    return whole


def _counted(evaluate: Compiled) -> Compiled:
    """Called for each element of a nested query, as long as they are not too many."""

    def counted(context: Context) -> Value:
        context.calls_left -= 1
        if context.calls_left < 0:
            raise FunctionFailed(f"the nested queries ask other services more than {MAX_CALLS} times")
        return evaluate(context)

    return counted


def _once(evaluate: Compiled, key: int) -> Compiled:
    """Called at most once for a message at this place; a failure is remembered too."""

    def remembered(context: Context) -> Value:
        if key not in context.memo:
            try:
                context.memo[key] = evaluate(context)
            except FunctionFailed as error:
                context.memo[key] = error
        value = context.memo[key]
        if isinstance(value, FunctionFailed):
            raise value
        return value

    return remembered


def _get_or_default(arguments: list[Compiled]) -> Compiled:
    """The first argument; where it is Undefined, Null or fails, the second (or Undefined)."""
    expression = arguments[0]
    default = arguments[1] if len(arguments) > 1 else constant(UNDEFINED)

    def evaluate(context: Context) -> Value:
        try:
            value = expression(context)
        except FunctionFailed:
            return default(context)
        return default(context) if value is UNDEFINED or value is None else value

    return evaluate


def compile_cast(compiler: Compiler, node: ast.Cast) -> Compiled:
    """cast(value as type)."""
    convert = _CASTS[CASTS_2016[node.type_name.lower()]]
    value = compiler.compile(node.value)
    if compiler.version == V2015:
        return lambda context: convert(value(context))
    # Whole Decimals are Ints even after a cast to Decimal (iot-sql-functions, "Cast to decimal").
    return lambda context: whole_as_int(convert(value(context)))


def _cast_to_decimal(value: Value) -> Value:
    if type(value) is bool:
        return Decimal("1.0") if value else Decimal("0.0")
    return to_number(value)


def _cast_to_int(value: Value) -> Value:
    number = int(value) if type(value) is bool else to_number(value)
    return number if number is UNDEFINED else rounded_down(number)


def _cast_to_boolean(value: Value) -> Value:
    return value != 0 if type(value) in (int, Decimal) else to_boolean(value)


def _cast_to_double(value: Value) -> Value:
    return cast_to_double(_cast_to_decimal(value))


_CASTS: dict[str, Callable[[Any], Any]] = {
    "String": to_text,
    "Int": _cast_to_int,
    "Double": _cast_to_double,
    "Decimal": _cast_to_decimal,
    "Boolean": _cast_to_boolean,
}
