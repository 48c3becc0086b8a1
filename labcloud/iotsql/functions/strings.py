"""chr to upper: functions of Strings. Other types are converted to their String form; Null and Undefined cannot be."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ..jsontext import to_text
from ..values import UNDEFINED, Value, rounded_down, to_number, truncated
from .registry import V2016, function

WHITE_SPACE = " \t"
MOST_PADDING = 1000
LONGEST_TEXT = 1 << 20
"""A replacement that would grow beyond this is Undefined: a message of 128 KiB must not become gigabytes."""


def _of_text(name: str, apply: Callable[[str], Any], since: str = "2015-10-08") -> None:
    @function(name=name, since=since)
    def of_text(value: Value) -> Value:
        text = to_text(value)
        return text if text is UNDEFINED else apply(text)


_of_text("lower", str.lower)
_of_text("upper", str.upper)
_of_text("trim", lambda text: text.strip(WHITE_SPACE))
_of_text("ltrim", lambda text: text.lstrip(WHITE_SPACE))
_of_text("rtrim", lambda text: text.rstrip(WHITE_SPACE))
_of_text("length", len, V2016)
_of_text("numbytes", lambda text: len(text.encode("utf-8", "surrogatepass")), V2016)


def _of_two_texts(name: str, apply: Callable[[str, str], Any], since: str = "2015-10-08") -> None:
    @function(name=name, since=since)
    def of_two_texts(first: Value, second: Value) -> Value:
        left, right = to_text(first), to_text(second)
        return UNDEFINED if left is UNDEFINED or right is UNDEFINED else apply(left, right)


_of_two_texts("startswith", str.startswith)
_of_two_texts("endswith", str.endswith)
_of_two_texts("indexof", str.find, V2016)
# The page does not say what indexof gives for an absent text; Java's indexOf gives -1, as str.find does.


@function(name="replace")
def replace(value: Value, old: Value, new: Value) -> Value:
    text, found, instead = to_text(value), to_text(old), to_text(new)
    if text is UNDEFINED or found is UNDEFINED or instead is UNDEFINED:
        return UNDEFINED
    if len(text) + text.count(found) * len(instead) > LONGEST_TEXT:
        return UNDEFINED
    return text.replace(found, instead)


@function(name="chr")
def chr_(value: Value) -> Value:
    """The ASCII character of a code, rounded down; 0 to 127, else Undefined."""
    number = to_number(value)
    code = number if number is UNDEFINED else rounded_down(number)
    return chr(code) if type(code) is int and 0 <= code < 128 else UNDEFINED


def _padding(amount: Value) -> str | None:
    """So many spaces, rounded down and kept within 0 to 1000; None where the amount is not a number."""
    number = to_number(amount)
    if number is UNDEFINED:
        return None
    return " " * int(min(max(rounded_down(number), 0), MOST_PADDING))


@function()
def lpad(value: Value, amount: Value) -> Value:
    text, spaces = to_text(value), _padding(amount)
    return UNDEFINED if text is UNDEFINED or spaces is None else spaces + text


@function()
def rpad(value: Value, amount: Value) -> Value:
    text, spaces = to_text(value), _padding(amount)
    return UNDEFINED if text is UNDEFINED or spaces is None else text + spaces


def _index(value: Value, length: int) -> Value:
    number = truncated(value)
    return number if number is UNDEFINED else int(min(max(number, 0), length))


@function()
def substring(value: Value, first: Value, last: Value = Decimal("Infinity")) -> Value:
    """0-based, the end exclusive; indexes outside the String are set to its ends."""
    text = to_text(value)
    if text is UNDEFINED:
        return UNDEFINED
    start = _index(first, len(text))
    end = len(text) if type(last) is Decimal and last.is_infinite() else _index(last, len(text))
    return UNDEFINED if start is UNDEFINED or end is UNDEFINED else text[start:end]
