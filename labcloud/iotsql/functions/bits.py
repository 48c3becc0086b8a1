"""bitand, bitor, bitxor, bitnot: on Ints; other numbers are rounded down, numeric Strings converted."""

from __future__ import annotations

import operator
from collections.abc import Callable

from ..values import UNDEFINED, Value, rounded_down, to_number
from .registry import function


def _int(value: Value) -> Value:
    number = to_number(value)
    whole = number if number is UNDEFINED else rounded_down(number)
    return whole if type(whole) is int else UNDEFINED


def _bitwise(name: str, apply: Callable[[int, int], int]) -> None:
    @function(name=name)
    def of_ints(left: Value, right: Value) -> Value:
        first, second = _int(left), _int(right)
        return UNDEFINED if first is UNDEFINED or second is UNDEFINED else apply(first, second)


_bitwise("bitand", operator.and_)
_bitwise("bitor", operator.or_)
_bitwise("bitxor", operator.xor)


@function()
def bitnot(value: Value) -> Value:
    """Flips the bits that the argument has: AWS prints bitnot(13) = 2, that is 1101 → 0010, and not -14.

    A negative Int has infinitely many leading ones; there the complement is two's. The row "Other value → Other value"
    is read as Undefined, as in the other bit functions.
    """
    number = _int(value)
    if number is UNDEFINED or number < 0:
        return number if number is UNDEFINED else ~number
    return number ^ ((1 << max(1, number.bit_length())) - 1)
