"""abs to trunc: functions of numbers. Numeric Strings are converted; all other types give Undefined."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_HALF_UP, Context, Decimal

from ..arithmetic import modulo
from ..values import CONTEXT, MAX_DIGITS, UNDEFINED, Value, from_double, rounded_down, to_double, to_number
from .registry import function

_EXACT = Context(prec=2200, Emin=-3000, Emax=3000, traps=[])
"""Room for every Decimal of the language, 1E-999 to 9.99E999, digit by digit."""


@function(name="abs", numeric=True)
def absolute(value: Value) -> Value:
    number = to_number(value)
    if type(number) is Decimal:
        return number.copy_abs()
    return abs(number) if number is not UNDEFINED else UNDEFINED


@function(numeric=True)
def floor(value: Value) -> Value:
    number = to_number(value)
    return number if number is UNDEFINED else rounded_down(number)


@function(numeric=True)
def ceil(value: Value) -> Value:
    return _rounded(value, ROUND_CEILING)


@function(name="round", numeric=True)
def round_(value: Value) -> Value:
    """Ties go away from zero, as in the examples round(1.5) = 2 and round(-1.5) = -2; the table's "down" is wrong."""
    return _rounded(value, ROUND_HALF_UP)


def _rounded(value: Value, rounding: str) -> Value:
    number = to_number(value)
    return number if type(number) is not Decimal else rounded_down(number.to_integral_value(rounding))


@function()
def sign(value: Value) -> Value:
    number = to_number(value)
    return number if number is UNDEFINED else (number > 0) - (number < 0)


@function(numeric=True)
def trunc(value: Value, places: Value) -> Value:
    """Cuts decimal places (0 to 34) and strips trailing zeros; the places are a number, not a String."""
    number = to_number(value)
    if number is UNDEFINED or type(places) not in (int, Decimal):
        return UNDEFINED
    if type(number) is int:
        return number
    digits = int(min(max(rounded_down(places), 0), MAX_DIGITS))
    cut = number.quantize(Decimal(1).scaleb(-digits), ROUND_DOWN, _EXACT)
    if not cut.is_finite():
        return UNDEFINED
    text = format(cut, "f")
    return Decimal(text.rstrip("0").rstrip(".") if "." in text else text) if cut else Decimal(0)


@function(name="mod", numeric=True)
def mod(left: Value, right: Value) -> Value:
    return modulo(left, right)


@function(name="remainder", numeric=True)
def remainder(left: Value, right: Value) -> Value:
    return modulo(left, right)


@function(numeric=True)
def nanvl(value: Value, default: Value) -> Value:
    """The second argument for Undefined and Null. No NaN gets this far: it is Undefined here."""
    return default if value is UNDEFINED or value is None else value


def _double(name: str, apply: Callable[[float], float]) -> None:
    """Registers a function of one double; results that are no real number are Undefined."""

    @function(name=name, numeric=True)
    def of_double(value: Value) -> Value:
        number = to_double(value)
        if number is None:
            return UNDEFINED
        try:
            return from_double(apply(number))
        except (ValueError, OverflowError):
            return UNDEFINED


for _name in ("acos", "asin", "atan", "cos", "cosh", "exp", "sin", "sinh", "sqrt", "tan", "tanh"):
    _double(_name, getattr(math, _name))
_double("ln", math.log)
_double("log", math.log10)


@function(numeric=True)
def atan2(first: Value, second: Value) -> Value:
    y, x = to_double(first), to_double(second)
    return UNDEFINED if y is None or x is None else from_double(math.atan2(y, x))


@function(numeric=True)
def power(base: Value, exponent: Value) -> Value:
    left, right = to_double(base), to_double(exponent)
    if left is None or right is None:
        return UNDEFINED
    try:
        return from_double(math.pow(left, right))
    except (ValueError, OverflowError):
        return UNDEFINED


def cast_to_double(value: Value) -> Value:
    """A number at double precision, for cast(x as Double)."""
    number = to_double(value)
    if number is None:
        return UNDEFINED
    rounded = from_double(number)
    return rounded if rounded is UNDEFINED else CONTEXT.create_decimal(rounded)
