"""Event patterns: text → a pattern that matches events. Pure.

Source: EventBridge User Guide, "Comparison operators for use in event patterns" and "Creating event patterns": each
field of a pattern must match, one value of each list suffices, an array in the event matches by any of its elements.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from labcloud.errors import AwsError

Matcher = Callable[[list[Any]], bool]
"""From all values that the event has at a path (none: the path is absent)."""
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "=": lambda a, b: a == b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


class EventPattern:
    """A parsed pattern. Raises AwsError InvalidEventPatternException."""

    def __init__(self, text: str) -> None:
        try:
            written = json.loads(text, object_pairs_hook=_unique)
        except ValueError as error:
            raise _invalid(f"Invalid JSON: {error}") from error
        if not isinstance(written, dict) or not written:
            raise _invalid("Filter is not an object" if written != {} else "Empty filter")
        self.sources: list[Any] = written.get("source") or []
        self._matches = _compile(written)

    def matches(self, event: Mapping[str, Any]) -> bool:
        """Whether the event fits."""
        return self._matches([event])


def _compile(written: Mapping[str, Any]) -> Matcher:
    parts: list[Matcher] = []
    for name, value in written.items():
        if name == "$or":
            parts.append(_any_of(value))
        elif isinstance(value, dict):
            if not value:
                raise _invalid("Empty objects are not allowed")
            parts.append(_below(name, _compile(value)))
        elif isinstance(value, list):
            parts.append(_below(name, _one_of(name, value)))
        else:
            raise _invalid(f'"{name}" must be an object or an array')
    return lambda nodes: all(part(nodes) for part in parts)


def _any_of(alternatives: Any) -> Matcher:
    if (
        not isinstance(alternatives, list)
        or len(alternatives) < 2
        or not all(isinstance(a, dict) for a in alternatives)
    ):
        raise _invalid('"$or" must be an array of at least two objects')
    compiled = [_compile(alternative) for alternative in alternatives]
    return lambda nodes: any(matcher(nodes) for matcher in compiled)


def _below(name: str, matcher: Matcher) -> Matcher:
    return lambda nodes: matcher([value for node in nodes for value in _children(node, name)])


def _children(node: Any, name: str) -> list[Any]:
    if isinstance(node, Mapping):
        return _flat(node[name]) if name in node else []
    return []


def _flat(value: Any) -> list[Any]:
    return [item for element in value for item in _flat(element)] if isinstance(value, list) else [value]


def _one_of(name: str, values: list[Any]) -> Matcher:
    if not values:
        raise _invalid("Empty arrays are not allowed")
    matchers = [_filter(name, value) for value in values]
    return lambda found: any(matcher(found) for matcher in matchers)


def _filter(name: str, value: Any) -> Matcher:
    if isinstance(value, list):
        raise _invalid(f'"{name}" holds an array in its array')
    if not isinstance(value, dict):
        return lambda found: any(_same(item, value) for item in found)
    if len(value) != 1:
        raise _invalid("Only one key allowed in match expression")
    [(operator, operand)] = value.items()
    if operator == "exists":
        if not isinstance(operand, bool):
            raise _invalid("exists match pattern must be either true or false")
        return lambda found: any(not isinstance(item, Mapping) for item in found) == operand
    test = _test(operator, operand)
    return lambda found: any(test(item) for item in found)


def _test(operator: str, operand: Any) -> Callable[[Any], bool]:
    if operator in ("prefix", "suffix"):
        return _affix(operator, operand)
    if operator == "equals-ignore-case":
        text = _text(operator, operand).lower()
        return lambda item: isinstance(item, str) and item.lower() == text
    if operator == "wildcard":
        return _wildcard(_text(operator, operand))
    if operator == "numeric":
        return _numeric(operand)
    if operator == "anything-but":
        return _anything_but(operand)
    if operator == "cidr":
        return _cidr(_text(operator, operand))
    raise _invalid(f"Unrecognized match type {operator}")


def _affix(operator: str, operand: Any) -> Callable[[Any], bool]:
    check = str.startswith if operator == "prefix" else str.endswith
    if isinstance(operand, dict) and set(operand) == {"equals-ignore-case"}:
        folded = _text(operator, operand["equals-ignore-case"]).lower()
        return lambda item: isinstance(item, str) and check(item.lower(), folded)
    text = _text(operator, operand)
    return lambda item: isinstance(item, str) and check(item, text)


def _wildcard(text: str) -> Callable[[Any], bool]:
    if "**" in text:
        raise _invalid("Consecutive wildcard characters")
    pieces = re.split(r"(\\\*|\\\\|\*)", text)
    known = {"*": ".*", "\\*": re.escape("*"), "\\\\": re.escape("\\")}
    expression = re.compile("".join(known.get(piece, re.escape(piece)) for piece in pieces), re.DOTALL)
    return lambda item: isinstance(item, str) and expression.fullmatch(item) is not None


def _numeric(operand: Any) -> Callable[[Any], bool]:
    if not isinstance(operand, list) or len(operand) not in (2, 4):
        raise _invalid("Value of numeric must be an array of comparisons and numbers")
    pairs = list(zip(operand[::2], operand[1::2], strict=True))
    for comparison, number in pairs:
        if comparison not in _COMPARE:
            raise _invalid(f"Unrecognized numeric range operator: {comparison}")
        if not _is_number(number) or abs(number) > 5e9:
            raise _invalid(f"Value of {comparison} must be numeric and within -5.0E9 and 5.0E9")
    return lambda item: _is_number(item) and all(_COMPARE[name](item, number) for name, number in pairs)


def _anything_but(operand: Any) -> Callable[[Any], bool]:
    if isinstance(operand, dict):
        if len(operand) != 1 or next(iter(operand)) not in ("prefix", "suffix", "equals-ignore-case", "wildcard"):
            raise _invalid("Unsupported anything-but pattern")
        [(operator, inner)] = operand.items()
        tests = [_test(operator, one) for one in (inner if isinstance(inner, list) else [inner])]
        return lambda item: not any(test(item) for test in tests)
    excluded = operand if isinstance(operand, list) else [operand]
    if not excluded or not all(isinstance(one, str) or _is_number(one) for one in excluded):
        raise _invalid("Value of anything-but must be an array or single string or number value")
    return lambda item: not any(_same(item, one) for one in excluded)


def _cidr(text: str) -> Callable[[Any], bool]:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise _invalid(f"Malformed CIDR: {error}") from error

    def test(item: Any) -> bool:
        try:
            return isinstance(item, str) and ipaddress.ip_address(item) in network
        except ValueError:
            return False

    return test


def _same(item: Any, value: Any) -> bool:
    if isinstance(item, bool) or isinstance(value, bool) or item is None or value is None:
        return item is value
    return bool(item == value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(operator: str, operand: Any) -> str:
    if not isinstance(operand, str):
        raise _invalid(f"{operator} match pattern must be a string")
    return operand


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice")
    return found


def _invalid(reason: str) -> AwsError:
    return AwsError(f"Event pattern is not valid. Reason: {reason}", code="InvalidEventPatternException")
