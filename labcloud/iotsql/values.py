"""The values of IoT SQL and the conversions between them (iot-sql-data-types).

Int is int, Decimal is decimal.Decimal, Boolean bool, String str, Array list, Object dict, Null None, and Undefined is
UNDEFINED, which never gets into a list or dict. Decimals keep their digits as written: 22.50 stays 22.50.
"""

from __future__ import annotations

import re
from decimal import ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from math import isfinite
from typing import Any

MAX_DIGITS = 34
LARGEST_INT = 10**MAX_DIGITS
CONTEXT = Context(prec=MAX_DIGITS, rounding=ROUND_HALF_EVEN, Emin=-999, Emax=999, traps=[])
"""34 digits, 1E-999 to 9.99E999; what does not fit becomes NaN or infinite, and then Undefined."""

Value = Any
"""int | Decimal | bool | str | None | list | dict | Undefined."""


class Undefined:
    """The type of UNDEFINED: no value at all. A missing key is Undefined, and so is a function of wrong arguments."""

    def __repr__(self) -> str:
        return "UNDEFINED"

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> str:
        return "UNDEFINED"


UNDEFINED = Undefined()

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE]-?[0-9]+)?")


def to_number(value: Value) -> Value:
    """Int or Decimal of a number or a numeric String; everything else is Undefined, Null too (the function tables)."""
    kind = type(value)
    if kind is int or kind is Decimal:
        return value
    if kind is not str or not _NUMBER.fullmatch(value):
        return UNDEFINED
    if len(value) <= MAX_DIGITS and value.lstrip("-").isdigit():
        return int(value)
    return finite(CONTEXT.create_decimal(value))


def finite(number: Decimal) -> Value:
    """The Decimal, or Undefined where it is not a number or outside 1E-999 to 9.99E999."""
    return number if number.is_finite() and (number.adjusted() >= -999 or not number) else UNDEFINED


def from_int(number: int) -> Value:
    """An Int, or the nearest Decimal where it has more than 34 digits."""
    if -LARGEST_INT < number < LARGEST_INT:
        return number
    return finite(CONTEXT.create_decimal(number))


def from_double(number: float) -> Value:
    """The Decimal of a double, as Java prints it; NaN and infinities (imaginary results too) are Undefined."""
    return Decimal(repr(number)) if isfinite(number) else UNDEFINED


def to_double(value: Value) -> float | None:
    """The double of a number or a numeric String, else None."""
    number = to_number(value)
    if number is UNDEFINED:
        return None
    try:
        return float(number)
    except OverflowError:
        return None


def whole_as_int(value: Value) -> Value:
    """2016-03-23: a whole Decimal such as 10.0 is processed as the Int 10 (iot-sql-data-types)."""
    if type(value) is Decimal and value.adjusted() < MAX_DIGITS and value == value.to_integral_value():
        return int(value)
    return value


def rounded_down(number: int | Decimal) -> Value:
    """The nearest Int below: floor(-1.2) is -2, and every "rounded down to the nearest Int" of the function tables."""
    return _integral(number, ROUND_FLOOR)


def truncated(value: Value) -> Value:
    """The implicit conversion to Int: numbers and numeric Strings lose their decimal places, else Undefined.

    The table says that a Decimal is rounded, but substring("012345", 2.745) is printed as "2345": it is truncated.
    """
    number = to_number(value)
    return UNDEFINED if number is UNDEFINED else _integral(number, ROUND_DOWN)


def _integral(number: int | Decimal, rounding: str) -> Value:
    if isinstance(number, int):
        return number
    whole = number.to_integral_value(rounding)
    return int(whole) if whole.adjusted() < MAX_DIGITS else whole


def to_boolean(value: Value) -> Value:
    """Boolean of a Boolean or of the Strings "true" and "false" in any case, else Undefined."""
    if value is True or value is False:
        return value
    if type(value) is str:
        return {"true": True, "false": False}.get(value.lower(), UNDEFINED)
    return UNDEFINED


def type_name(value: Value) -> str:
    """The type as AWS names it."""
    if value is None:
        return "Null"
    names = {int: "Int", Decimal: "Decimal", bool: "Boolean", str: "String", list: "Array", dict: "Object"}
    return names.get(type(value), "Undefined")


def equal(left: Value, right: Value) -> bool:
    """Whether two values (not Undefined) are equal: numbers by value, Arrays in order, Objects in any order.

    Different types are not equal. Null equals Null: the page has this row only for <>, and there it is false.
    """
    kind = type(left)
    if kind is int or kind is Decimal:
        return (type(right) is int or type(right) is Decimal) and left == right
    if kind is not type(right):
        return False
    if kind is list:
        return len(left) == len(right) and all(map(equal, left, right))
    if kind is dict:
        return left.keys() == right.keys() and all(equal(value, right[key]) for key, value in left.items())
    return bool(left == right)
