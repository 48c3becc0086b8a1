"""JSON ↔ values of IoT SQL: Decimals keep their digits, key order is kept, the output is compact. Pure.

AWS shows results with spaces or without; it sends them compact, so this does.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any, NoReturn

from .values import CONTEXT, MAX_DIGITS, UNDEFINED, Value, whole_as_int

MAX_DEPTH = 128
"""A payload that is nested deeper is not taken for JSON: no statement can reach so deep, and no stack need hold it."""


def _whole_or_decimal(text: str) -> Value:
    """2016-03-23: a number with a point or exponent; the double tells cheaply that it is not whole."""
    if float(text).is_integer():
        return whole_as_int(Decimal(text))
    return Decimal(text)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _scanner(parse_float: Callable[[str], Any], parse_int: Callable[[str], Any] = int) -> Callable[..., Any]:
    return json.JSONDecoder(parse_float=parse_float, parse_int=parse_int, parse_constant=_refuse).scan_once  # type: ignore[attr-defined,no-any-return]


_SCAN_2015 = _scanner(Decimal), _scanner(Decimal, Decimal)
_SCAN_2016 = _scanner(_whole_or_decimal), _scanner(_whole_or_decimal, Decimal)
_SPACE = " \t\n\r"


def parse_json(payload: bytes | str, *, whole_numbers_are_ints: bool) -> Value:
    """The value of a JSON text, or UNDEFINED where the text is not JSON."""
    scan, scan_long = _SCAN_2016 if whole_numbers_are_ints else _SCAN_2015
    try:
        text = payload if type(payload) is str else payload.decode()  # type: ignore[union-attr]
        if text.count("[") + text.count("{") > MAX_DEPTH and _depth(text) > MAX_DEPTH:
            return UNDEFINED
        try:
            value, end = scan(text, 0)
        except StopIteration:
            value, end = scan(text, len(text) - len(text.lstrip(_SPACE)))
        except ValueError as error:
            if isinstance(error, json.JSONDecodeError):
                raise
            value, end = scan_long(text, len(text) - len(text.lstrip(_SPACE)))  # an integer of thousands of digits
    except (ValueError, StopIteration, ArithmeticError):
        return UNDEFINED
    if end != len(text) and text[end:].strip(_SPACE):
        return UNDEFINED
    return value


def _depth(text: str) -> int:
    """The deepest nesting of brackets outside strings."""
    depth = deepest = 0
    in_string = escaped = False
    for character in text:
        if in_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


class _NeedsDigits(Exception):
    """A Decimal that the encoder in C would not print digit by digit."""


def _as_float(value: Any) -> float:
    if type(value) is Decimal:
        number = float(value)
        if repr(number) == str(value):
            return number
        raise _NeedsDigits
    raise TypeError(f"{value!r} is not a value of IoT SQL")


_make_encoder: Any = json.encoder.c_make_encoder  # type: ignore[attr-defined]
_encode = _make_encoder and _make_encoder(None, _as_float, encode_basestring, None, ":", ",", False, False, True)


def to_json(value: Value) -> str:
    """The JSON text of a value (not Undefined): compact, keys in their order, numbers in standard notation."""
    if _encode is not None:
        try:
            return "".join(_encode(value, 0))
        except _NeedsDigits:
            pass
    parts: list[str] = []
    _write(value, parts.append)
    return "".join(parts)


def _write(value: Value, put: Callable[[str], None]) -> None:
    if type(value) is dict:
        opening = "{"
        for key, member in value.items():
            put(opening + encode_basestring(key) + ":")
            _write(member, put)
            opening = ","
        put("{}" if not value else "}")
    elif type(value) is list:
        opening = "["
        for member in value:
            put(opening)
            _write(member, put)
            opening = ","
        put("[]" if not value else "]")
    else:
        put(_scalar(value))


def _scalar(value: Value) -> str:
    if type(value) is str:
        return encode_basestring(value)
    if type(value) is Decimal:
        return decimal_text(value)
    return {True: "true", False: "false"}[value] if type(value) is bool else "null" if value is None else str(value)


def decimal_text(number: Decimal) -> str:
    """Standard notation as long as that is readable: 1E+3 is 1000, 1E-7 is 0.0000001; 1E+300 stays."""
    return format(number, "f") if -20 <= number.adjusted() <= MAX_DIGITS else str(number)


def to_text(value: Value) -> Value:
    """The implicit conversion to String: Null and Undefined give Undefined (iot-sql-data-types, "To string")."""
    kind = type(value)
    if kind is str:
        return value
    if kind is int or kind is Decimal:
        return str(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is dict or kind is list:
        return to_json(value)
    return UNDEFINED


def utf8(text: str) -> bytes:
    """UTF-8; half a surrogate pair becomes a question mark, as in Java."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def to_payload(value: Value) -> bytes:
    """What an action receives: JSON, raw bytes as they are, and nothing for Undefined alone."""
    if type(value) is bytes:
        return value
    return b"" if value is UNDEFINED else utf8(to_json(value))


def from_outside(value: Any, *, whole_numbers_are_ints: bool) -> Value:
    """A JSON value that an external function returned, with its floats as Decimals."""
    if type(value) is dict:
        return {str(k): from_outside(v, whole_numbers_are_ints=whole_numbers_are_ints) for k, v in value.items()}
    if type(value) in (list, tuple):
        return [from_outside(v, whole_numbers_are_ints=whole_numbers_are_ints) for v in value]
    if type(value) is float:
        value = CONTEXT.create_decimal(repr(value))
    if type(value) is Decimal:
        return whole_as_int(value) if whole_numbers_are_ints else value
    return value
