"""Filters in a JSONPath: [?(@.a > 1 && @.b == 'x')], [?(@.a)]. What else Jayway's have is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
_COMPARISON = re.compile(r"\s*(==|!=|<=|>=|<|>)\s*")
_OPERAND_END = re.compile(r"\s*(==|!=|<=|>=|<|>|&&|\|\||$)")
_OPENING, _CLOSING = re.compile(r"\[\s*\?\s*\("), re.compile(r"\)\s*\]")
_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_ABSENT = object()

Test = Callable[[Any], bool]
Operand = Callable[[Any], Any]


class PathError(ValueError):
    """The text is no path that is understood here."""


class NoResult(LookupError):
    """A definite path meets nothing; `args[0]` names the path in Jayway's words."""


class Readable(Protocol):
    """A parsed path. Raises NoResult."""

    def read(self, value: Any) -> Any: ...


def filter_at(rest: str, at: int, text: str, parse_path: Callable[[str], Readable]) -> tuple[Test, int]:
    """The filter that begins at a place of the path `text`, and where it ends. Raises PathError."""
    opening = _OPENING.match(rest, at)
    if opening is None:
        raise PathError(f"Value is not a valid JSONPath: a filter is written [?( )] ({text})")
    end = _closing(rest, opening.end(), text)
    after = _CLOSING.match(rest, end)
    if after is None:
        raise PathError(f"Value is not a valid JSONPath: {text} at {rest[end:]!r}")
    return _Filter(text, parse_path).either(rest[opening.end() : end]), after.end()


@dataclass(frozen=True)
class _Filter:
    """Parses the parts of one path's filter."""

    text: str
    parse_path: Callable[[str], Readable]

    def either(self, source: str) -> Test:
        tests = [self._both(part) for part in _split(source, "||")]
        return lambda value: any(test(value) for test in tests)

    def _both(self, source: str) -> Test:
        tests = [self._single(part.strip()) for part in _split(source, "&&")]
        return lambda value: all(test(value) for test in tests)

    def _single(self, source: str) -> Test:
        if source.startswith("!"):
            test = self._single(source[1:].strip())
            return lambda value: not test(value)
        if source.startswith("(") and _closing(source, 1, self.text) == len(source) - 1:
            return self.either(source[1:-1])
        left, rest = self._operand(source)
        if not rest:
            return lambda value: left(value) is not _ABSENT
        comparison = _COMPARISON.match(rest)
        if comparison is None:
            raise self._unserved(source)
        right, rest = self._operand(rest[comparison.end() :])
        if rest.strip():
            raise self._unserved(source)
        return lambda value: _compare(left(value), comparison[1], right(value))

    def _operand(self, source: str) -> tuple[Operand, str]:
        source = source.strip()
        if quoted := QUOTED.match(source):
            literal = quoted[1] if quoted[1] is not None else quoted[2]
            return lambda value: literal, source[quoted.end() :]
        end = _OPERAND_END.search(source)
        written = source[: end.start() if end else len(source)].strip()
        rest = source[len(written) :]
        try:
            if written.startswith("@"):
                path = self.parse_path("$" + written[1:])
                return lambda value: _read_or_absent(path, value), rest
            literal = json.loads(written)
        except ValueError as error:  # PathError is one
            raise self._unserved(written) from error
        return lambda value: literal, rest

    def _unserved(self, source: str) -> PathError:
        return PathError(f"the local cloud does not serve the JSONPath filter {source!r} ({self.text})")


def _closing(rest: str, at: int, text: str) -> int:
    depth = 1
    while at < len(rest):
        if quoted := QUOTED.match(rest, at):
            at = quoted.end()
            continue
        depth += {"(": 1, ")": -1}.get(rest[at], 0)
        if not depth:
            return at
        at += 1
    raise PathError(f"Value is not a valid JSONPath: {text} has an open filter")


def _split(source: str, operator: str) -> list[str]:
    parts, depth, start, at = [], 0, 0, 0
    while at < len(source):
        if quoted := QUOTED.match(source, at):
            at = quoted.end()
        elif source.startswith(operator, at) and not depth:
            parts.append(source[start:at])
            start = at = at + len(operator)
        else:
            depth += {"(": 1, ")": -1}.get(source[at], 0)
            at += 1
    return [*parts, source[start:]]


def _compare(left: Any, operator: str, right: Any) -> bool:
    if operator in ("==", "!="):
        return (left == right and isinstance(left, bool) == isinstance(right, bool)) == (operator == "==")
    numbers = all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in (left, right))
    return (numbers or (isinstance(left, str) and isinstance(right, str))) and _ORDER[operator](left, right)


def _read_or_absent(path: Readable, value: Any) -> Any:
    try:
        return path.read(value)
    except NoResult:
        return _ABSENT
