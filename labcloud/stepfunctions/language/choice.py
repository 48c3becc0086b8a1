"""Choice rules: comparisons, And, Or, Not. Pure.

Source: Amazon States Language specification, "Choice State": a comparison of a value of another type is false; a
Variable that is not there fails the state, but for IsPresent.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from labcloud.stepfunctions.language.failures import RUNTIME, StateFailed
from labcloud.stepfunctions.language.paths import NoResult, parse_path

Rule = Mapping[str, Any]

_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "GreaterThan": operator.gt,
    "LessThanEquals": operator.le,
    "GreaterThanEquals": operator.ge,
}
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def parse_timestamp(text: Any) -> datetime | None:
    """An ISO 8601 moment with T and a time zone, as the specification asks for; None: it is none."""
    if not isinstance(text, str) or not _TIMESTAMP.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _number(value: Any) -> Any:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _string(value: Any) -> Any:
    return value if isinstance(value, str) else None


def _boolean(value: Any) -> Any:
    return value if isinstance(value, bool) else None


def _comparison(typed: Callable[[Any], Any], order: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare(value: Any, wanted: Any) -> bool:
        left, right = typed(value), typed(wanted)
        return left is not None and right is not None and order(left, right)

    return compare


def _matches(value: Any, pattern: str) -> bool:
    """* stands for any text, \\* for a star, \\\\ for a backslash. In linear time, whatever the pattern."""
    if not isinstance(value, str):
        return False
    pieces = re.findall(r"\\.|\*|[^\\*]+|\\", pattern, re.DOTALL)
    parts = [""]
    for piece in pieces:
        if piece == "*":
            parts.append("")
        else:
            parts[-1] += piece[1:] if len(piece) == 2 and piece[0] == "\\" else piece
    if len(parts) == 1:
        return value == parts[0]
    first, *middle, last = parts
    if len(value) < len(first) + len(last) or not value.startswith(first) or not value.endswith(last):
        return False
    at, end = len(first), len(value) - len(last)
    for part in middle:
        found = value.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    **{f"Numeric{name}": _comparison(_number, order) for name, order in _ORDERS.items()},
    **{f"String{name}": _comparison(_string, order) for name, order in _ORDERS.items()},
    **{f"Timestamp{name}": _comparison(parse_timestamp, order) for name, order in _ORDERS.items()},
    "BooleanEquals": _comparison(_boolean, operator.eq),
}
"""Each has a form with Path at its end, which takes the value to compare with from the input."""
TESTS: Mapping[str, Callable[[Any], bool]] = {
    "IsNull": lambda value: value is None,
    "IsNumeric": lambda value: _number(value) is not None,
    "IsString": lambda value: isinstance(value, str),
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsTimestamp": lambda value: parse_timestamp(value) is not None,
}
OPERATORS = (*COMPARISONS, *(f"{name}Path" for name in COMPARISONS), *TESTS, "StringMatches", "IsPresent")


def is_met(rule: Rule, value: Any, context: Any) -> bool:
    """Whether a rule holds for a state's input. Raises StateFailed for a Variable that is not there."""
    if "And" in rule:
        return all(is_met(each, value, context) for each in rule["And"])
    if "Or" in rule:
        return any(is_met(each, value, context) for each in rule["Or"])
    if "Not" in rule:
        return not is_met(rule["Not"], value, context)
    name = next(key for key in rule if key in OPERATORS)
    wanted = rule[name]
    if name == "IsPresent":
        return _is_present(rule["Variable"], value, context) == wanted
    variable = _looked_up(rule["Variable"], value, context)
    if name in TESTS:
        return TESTS[name](variable) == wanted
    if name == "StringMatches":
        return _matches(variable, wanted)
    if name.endswith("Path"):
        name, wanted = name.removesuffix("Path"), _looked_up(wanted, value, context)
    return COMPARISONS[name](variable, wanted)


def _is_present(path: str, value: Any, context: Any) -> bool:
    try:
        found = parse_path(path)
        return bool(found.read(value, context)) or found.definite
    except NoResult:
        return False


def _looked_up(path: str, value: Any, context: Any) -> Any:
    try:
        return parse_path(path).read(value, context)
    except NoResult as error:
        text = f"Invalid path '{path}': The choice state's condition path references an invalid value."
        raise StateFailed(RUNTIME, text) from error
