"""Stage 4a of IoT SQL: compiled operators. Each function takes compiled operands and returns the compiled whole."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from .arithmetic import Operator
from .message import Context
from .values import UNDEFINED, Value, equal, to_boolean, to_number

Compiled = Callable[[Context], Any]
_ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def constant(value: Value) -> Compiled:
    """A literal."""
    return lambda context: value


def ordering(symbol: str, left: Compiled, right: Compiled) -> Compiled:
    """< <= > >=: both sides become numbers, else Undefined; Strings have no order."""
    compare = _ORDER[symbol]

    def evaluate(context: Context) -> Value:
        first, second = left(context), right(context)
        if type(first) is not int and type(first) is not Decimal:
            first = to_number(first)
        if type(second) is not int and type(second) is not Decimal:
            second = to_number(second)
        return UNDEFINED if first is UNDEFINED or second is UNDEFINED else compare(first, second)

    return evaluate


def ordering_with_constant(symbol: str, left: Compiled, number: int | Decimal) -> Compiled:
    """The commonest comparison: something with a number that stands in the statement."""
    compare = _ORDER[symbol]

    def evaluate(context: Context) -> Value:
        first = left(context)
        if type(first) is not int and type(first) is not Decimal:
            first = to_number(first)
            if first is UNDEFINED:
                return UNDEFINED
        return compare(first, number)

    return evaluate


def equality(symbol: str, left: Compiled, right: Compiled) -> Compiled:
    """= and <>: Undefined on either side gives Undefined; different types are not equal."""
    wanted = symbol == "="

    def evaluate(context: Context) -> Value:
        first, second = left(context), right(context)
        if first is UNDEFINED or second is UNDEFINED:
            return UNDEFINED
        return equal(first, second) is wanted

    return evaluate


def membership(element: Compiled, array: Compiled) -> Compiled:
    """IN: whether an Array holds the element; without an Array there is no answer."""

    def evaluate(context: Context) -> Value:
        wanted, values = element(context), array(context)
        if wanted is UNDEFINED or type(values) is not list:
            return UNDEFINED
        return any(equal(wanted, value) for value in values)

    return evaluate


def logic(symbol: str, operands: list[Compiled]) -> Compiled:
    """AND, OR: one operand that is no Boolean makes the whole Undefined, even in `true OR 5` (iot-sql-operators)."""
    ends_with = symbol == "OR"

    def evaluate(context: Context) -> Value:
        result = not ends_with
        for operand in operands:
            value = operand(context)
            if value is not True and value is not False:
                value = to_boolean(value)
                if value is UNDEFINED:
                    return UNDEFINED
            if value is ends_with:
                result = ends_with
        return result

    return evaluate


def negation(operand: Compiled) -> Compiled:
    """NOT."""

    def evaluate(context: Context) -> Value:
        value = to_boolean(operand(context))
        return value if value is UNDEFINED else not value

    return evaluate


def minus(operand: Compiled, subtract: Operator) -> Compiled:
    """A minus sign before something that is no literal: 0 - x."""
    return lambda context: subtract(0, operand(context))


def arithmetic(first: Compiled, rest: list[tuple[Operator, Compiled]]) -> Compiled:
    """A chain of + and -, or of * / and %, from left to right."""
    if len(rest) == 1:
        ((operate, second),) = rest
        return lambda context: operate(first(context), second(context))

    def evaluate(context: Context) -> Value:
        value = first(context)
        for operate, operand in rest:
            value = operate(value, operand(context))
        return value

    return evaluate


def case(subject: Compiled, branches: list[tuple[Compiled, Compiled]], otherwise: Compiled) -> Compiled:
    """CASE: the first equal branch; an Undefined subject gives Undefined, not the ELSE (iot-sql-case)."""

    def evaluate(context: Context) -> Value:
        value = subject(context)
        if value is UNDEFINED:
            return UNDEFINED
        for when, then in branches:
            wanted = when(context)
            if wanted is not UNDEFINED and equal(value, wanted):
                return then(context)
        return otherwise(context)

    return evaluate
