"""The operators + - * / % on values (iot-sql-operators): Int with Int is exact, everything else has 34 digits."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from .jsontext import to_text
from .values import CONTEXT, UNDEFINED, Value, finite, from_int, to_number, whole_as_int

Operator = Callable[[Value, Value], Value]


def add(left: Value, right: Value) -> Value:
    """Sum of numbers; with a String on either side, concatenation of the String forms."""
    left_kind, right_kind = type(left), type(right)
    if left_kind is int and right_kind is int:
        return from_int(left + right)
    if left_kind is str or right_kind is str:
        left, right = to_text(left), to_text(right)
        return UNDEFINED if left is UNDEFINED or right is UNDEFINED else left + right
    if left_kind in (int, Decimal) and right_kind in (int, Decimal):
        return finite(CONTEXT.add(left, right))
    return UNDEFINED


def _on_numbers(ints: Operator, decimals: Callable[[Decimal, Decimal], Decimal]) -> Operator:
    def operate(left: Value, right: Value) -> Value:
        if type(left) is not int or type(right) is not int:
            is_text = type(left) is str or type(right) is str
            left, right = to_number(left), to_number(right)
            if left is UNDEFINED or right is UNDEFINED:
                return UNDEFINED
            if is_text or type(left) is Decimal or type(right) is Decimal:  # a numeric String counts as Decimal
                return finite(decimals(left, right))
        return ints(left, right)

    return operate


def _quotient_2015(left: int, right: int) -> Value:
    """Int by Int is an Int: the decimal places are cut. By zero: Undefined (neither is documented)."""
    if right == 0:
        return UNDEFINED
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _quotient_2016(left: int, right: int) -> Value:
    """Int where the division comes out even, else Decimal.

    The table says Int for two Ints, but AWS prints (75 - 32) * 5 / 9 as 23.89 (iot-sql-set); and this version cannot
    tell 10.0 from 10, so cutting the places would make 10.0 / 4 a 2.
    """
    if right == 0:
        return UNDEFINED
    quotient, rest = divmod(left, right)
    return quotient if rest == 0 else whole_as_int(finite(CONTEXT.divide(left, right)))


def _remainder(left: int, right: int) -> Value:
    """The sign is the dividend's, as in Java."""
    if right == 0:
        return UNDEFINED
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest


subtract = _on_numbers(lambda left, right: from_int(left - right), CONTEXT.subtract)
multiply = _on_numbers(lambda left, right: from_int(left * right), CONTEXT.multiply)
modulo = _on_numbers(_remainder, CONTEXT.remainder)


def _whole(operate: Operator) -> Operator:
    return lambda left, right: whole_as_int(operate(left, right))


OPERATORS_2015: dict[str, Operator] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": _on_numbers(_quotient_2015, CONTEXT.divide),
    "%": modulo,
}
OPERATORS_2016: dict[str, Operator] = {
    "+": _whole(add),
    "-": _whole(subtract),
    "*": _whole(multiply),
    "/": _whole(_on_numbers(_quotient_2016, CONTEXT.divide)),
    "%": _whole(modulo),
}
