"""concat, get, get_or_default's rule, isNull, isUndefined, transform: functions of Arrays, Objects and any type."""

from __future__ import annotations

from decimal import Decimal

from ..jsontext import to_json, to_text, utf8
from ..values import UNDEFINED, Value, truncated
from .registry import V2016, function

TRANSFORM_LIMIT = 128 * 1024


@function()
def concat(*values: Value) -> Value:
    """One Array if any argument is one; else one String if any argument is one; else Undefined.

    One argument is "returned unmodified", yet AWS prints concat(1) = "1": a single number becomes its String.
    """
    if len(values) < 2:
        value = values[0] if values else UNDEFINED
        return str(value) if type(value) in (int, Decimal) else value
    kinds = {type(value) for value in values}
    if list in kinds:
        joined: list[Value] = []
        for value in values:
            joined.extend(value if type(value) is list else [] if value is UNDEFINED else [value])
        return joined
    if str not in kinds:
        return UNDEFINED
    texts = [to_text(value) for value in values]
    return UNDEFINED if UNDEFINED in texts else "".join(texts)


@function(star="document")
def get(collection: Value, key: Value) -> Value:
    """An item of an Array, a character of a String (0-based), or a member of an Object (String keys only).

    `get(*, "my-key")` is how rules in the field read a member of the payload whose name has a hyphen.
    """
    kind = type(collection)
    if kind is dict:
        return collection.get(key, UNDEFINED) if type(key) is str else UNDEFINED
    if kind is not list and kind is not str:
        return UNDEFINED
    index = truncated(key)
    if index is UNDEFINED or not 0 <= index < len(collection):
        return UNDEFINED
    return collection[int(index)]


@function(name="isnull")
def is_null(value: Value) -> bool:
    """The page of 2022 has it since 2015-10-08, today's since 2016-03-23; rules of the old version keep working."""
    return value is None


@function(name="isundefined", since=V2016)
def is_undefined(value: Value) -> bool:
    return value is UNDEFINED


@function(since=V2016)
def transform(mode: Value, attributes: Value, elements: Value) -> Value:
    """enrichArray: each object of the Array with the attributes of the Object behind its own.

    Where both have a name the Object's value wins (not documented). An Array that holds anything but objects, and a
    result above 128 KiB, give Undefined.
    """
    if mode != "enrichArray" or type(attributes) is not dict or type(elements) is not list:
        return UNDEFINED
    if not all(type(element) is dict for element in elements):
        return UNDEFINED
    if len(elements) * len(to_json(attributes)) > TRANSFORM_LIMIT:  # each element gets them all
        return UNDEFINED
    result = [element | attributes for element in elements]
    return result if len(utf8(to_json(result))) <= TRANSFORM_LIMIT else UNDEFINED


@function(since=V2016, star="document")
def get_or_default(value: Value, default: Value = UNDEFINED) -> Value:
    """The rule of get_or_default; that a failure counts as Undefined is the compiler's part."""
    return default if value is UNDEFINED or value is None else value
