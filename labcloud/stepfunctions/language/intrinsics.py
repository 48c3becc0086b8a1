"""The intrinsic functions: what each does with its arguments. Calls are parsed and evaluated by calls.py.

Source: Step Functions Developer Guide, "Intrinsic functions for JSONPath states" (arguments, limits, examples).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import random
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from labcloud.stepfunctions.language.jsontext import to_json

LONGEST_TEXT = 10_000
LONGEST_ARRAY = 1_000
HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


class IntrinsicError(ValueError):
    """The function cannot be done with these arguments."""


@dataclass(frozen=True)
class Intrinsic:
    """`least` and `most` arguments; `most` None: any number."""

    call: Callable[..., Any]
    least: int
    most: int | None


def _text(value: Any, what: str = "argument") -> str:
    if not isinstance(value, str):
        raise IntrinsicError(f"the {what} is to be a string, not {to_json(value)}")
    return value


def _array(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise IntrinsicError(f"the first argument is to be an array, not {to_json(value)}")
    return value


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise IntrinsicError(f"the argument is to be an integer, not {to_json(value)}")
    return round(value)


def _limited(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise IntrinsicError(f"the text is longer than {LONGEST_TEXT} characters")
    return text


def format_(template: Any, *values: Any) -> str:
    """Puts the values into the places marked {}; a backslash takes the next character as it is."""
    texts = [value if isinstance(value, str) else to_json(value) for value in values]
    pieces = re.findall(r"\\.|\{\}|[^\\{]+|.", _text(template, "template"), re.DOTALL)
    places = pieces.count("{}")
    if places != len(texts):
        raise IntrinsicError(f"the template has {places} places for {len(texts)} values")
    remaining = iter(texts)
    return "".join(next(remaining) if piece == "{}" else re.sub(r"^\\(.)$", r"\1", piece) for piece in pieces)


def string_to_json(text: Any) -> Any:
    try:
        return json.loads(_text(text))
    except ValueError as error:
        raise IntrinsicError(f"the text is not JSON: {error}") from error


def array_partition(array: Any, size: Any) -> list[Any]:
    step = _whole(size)
    if step < 1:
        raise IntrinsicError("the size of a part is positive")
    whole = _array(array)
    return [whole[at : at + step] for at in range(0, len(whole), step)]


def array_contains(array: Any, value: Any) -> bool:
    return any(_same(each, value) for each in _array(array))


def array_range(first: Any, last: Any, step: Any) -> list[int]:
    start, end, pace = _whole(first), _whole(last), _whole(step)
    if pace == 0:
        raise IntrinsicError("the step is not zero")
    numbers = range(start, end + (1 if pace > 0 else -1), pace)
    if len(numbers) > LONGEST_ARRAY:
        raise IntrinsicError(f"the array would have more than {LONGEST_ARRAY} elements")
    return list(numbers)


def array_get_item(array: Any, index: Any) -> Any:
    whole, at = _array(array), _whole(index)
    if not 0 <= at < len(whole):
        raise IntrinsicError(f"the array has no element {at}")
    return whole[at]


def array_unique(array: Any) -> list[Any]:
    found: dict[Any, Any] = {}
    for each in _array(array):
        number = isinstance(each, (int, float)) and not isinstance(each, bool)
        found.setdefault(each if number else json.dumps(each, sort_keys=True), each)
    return list(found.values())


def base64_decode(text: Any) -> str:
    try:
        return base64.b64decode(_limited(_text(text)), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise IntrinsicError(f"the text is not Base64 of a UTF-8 text: {error}") from error


def hash_(data: Any, algorithm: Any) -> str:
    name = HASHES.get(_text(algorithm, "algorithm"))
    if name is None:
        raise IntrinsicError(f"the algorithm is one of {', '.join(HASHES)}, not {algorithm}")
    text = data if isinstance(data, str) else to_json(data)
    return hashlib.new(name, _limited(text).encode()).hexdigest()


def json_merge(first: Any, second: Any, deep: Any) -> dict[str, Any]:
    if not isinstance(first, dict) or not isinstance(second, dict):
        raise IntrinsicError("both arguments are to be objects")
    if deep is not False:
        raise IntrinsicError("Step Functions supports only the shallow merging mode: the third argument is false")
    return {**first, **second}


def math_random(first: Any, end: Any, seed: Any = None) -> int:
    """From `first` to below `end`."""
    start, stop = _whole(first), _whole(end)
    if start >= stop:
        raise IntrinsicError("the end lies above the start")
    return random.Random(None if seed is None else _whole(seed)).randrange(start, stop)


def string_split(text: Any, delimiters: Any) -> list[str]:
    """At every one of the characters of `delimiters`; empty pieces are left out."""
    marks = _text(delimiters, "delimiter")
    if not marks:
        return [_text(text)]
    return [piece for piece in re.split(f"[{re.escape(marks)}]", _text(text)) if piece]


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


INTRINSICS: Mapping[str, Intrinsic] = {
    "States.Array": Intrinsic(lambda *values: list(values), 0, None),
    "States.ArrayContains": Intrinsic(array_contains, 2, 2),
    "States.ArrayGetItem": Intrinsic(array_get_item, 2, 2),
    "States.ArrayLength": Intrinsic(lambda array: len(_array(array)), 1, 1),
    "States.ArrayPartition": Intrinsic(array_partition, 2, 2),
    "States.ArrayRange": Intrinsic(array_range, 3, 3),
    "States.ArrayUnique": Intrinsic(array_unique, 1, 1),
    "States.Base64Decode": Intrinsic(base64_decode, 1, 1),
    "States.Base64Encode": Intrinsic(
        lambda text: base64.b64encode(_limited(_text(text)).encode()).decode(),
        1,
        1,
    ),
    "States.Format": Intrinsic(format_, 1, None),
    "States.Hash": Intrinsic(hash_, 2, 2),
    "States.JsonMerge": Intrinsic(json_merge, 3, 3),
    "States.JsonToString": Intrinsic(to_json, 1, 1),
    "States.MathAdd": Intrinsic(lambda one, other: _whole(one) + _whole(other), 2, 2),
    "States.MathRandom": Intrinsic(math_random, 2, 3),
    "States.StringSplit": Intrinsic(string_split, 2, 2),
    "States.StringToJson": Intrinsic(string_to_json, 1, 1),
    "States.UUID": Intrinsic(lambda: str(uuid.uuid4()), 0, 0),
}
