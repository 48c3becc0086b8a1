"""JSONPath as Step Functions reads it: a definite path gives the one value, any other path the list of what it meets.

Sources: Amazon States Language specification, "Paths" and "Reference Paths"; the dialect is Jayway's. A library for
JSONPath would not do: they neither tell definite paths from others nor refuse what Jayway has and they lack.
Refused by name: Jayway's functions but length(), regular expressions and further operators in filters.
"""

from __future__ import annotations

import functools
import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from labcloud.stepfunctions.language.filters import QUOTED, NoResult, PathError, filter_at

__all__ = ["NoResult", "NotApplicable", "Path", "PathError", "parse_path"]


class NotApplicable(ValueError):
    """A value cannot be put where a reference path leads."""


MOST_RESULTS = 100_000
"""Of a step of a path; more than the data of a state can hold, unless it goes through them again and again."""

Select = Callable[[Any], Iterator[Any]]


@dataclass(frozen=True)
class Step:
    """`key`: the member or index of a step that a reference path may have; None for the others."""

    select: Select
    definite: bool
    key: str | int | None = None


@dataclass(frozen=True)
class Path:
    """`of_context`: it begins with $$ and looks into the context object."""

    text: str
    steps: tuple[Step, ...]
    of_context: bool
    length: bool = False

    @property
    def definite(self) -> bool:
        return all(step.definite for step in self.steps)

    def read(self, value: Any, context: Any = None) -> Any:
        """Raises NoResult."""
        found = [context if self.of_context else value]
        for step in self.steps:
            found = list(itertools.islice((each for one in found for each in step.select(one)), MOST_RESULTS + 1))
            if len(found) > MOST_RESULTS:
                raise NoResult(f"More than {MOST_RESULTS} results for path: {self.text}")
        if not self.definite:
            return len(found) if self.length else found
        if not found:
            raise NoResult(f"No results for path: {self.canonical}")
        return self._length(found[0]) if self.length else found[0]

    def write(self, root: Any, value: Any) -> Any:
        """A copy of `root` with `value` where this reference path leads; objects on the way are made. Raises NotApplicable."""
        return _written(root, [step.key for step in self.steps], value)

    @property
    def is_reference(self) -> bool:
        return not self.of_context and not self.length and all(step.key is not None for step in self.steps)

    @property
    def canonical(self) -> str:
        """As Jayway writes paths in its messages."""
        keys = [step.key for step in self.steps]
        return "$" + "".join(f"[{key!r}]" if isinstance(key, (str, int)) else "[*]" for key in keys)

    def _length(self, value: Any) -> int:
        if not isinstance(value, (list, dict, str)):
            raise NoResult(f"No results for path: {self.text}")
        return len(value)


def _written(root: Any, keys: list[Any], value: Any) -> Any:
    if not keys:
        return value
    key, rest = keys[0], keys[1:]
    if isinstance(key, int):
        if not isinstance(root, list) or not -len(root) <= key < len(root):
            raise NotApplicable(f'Unable to apply step "{key}" to input {json.dumps(root)}')
        copy = list(root)
        copy[key] = _written(root[key], rest, value)
        return copy
    if root is None:
        root = {}
    if not isinstance(root, dict):
        raise NotApplicable(f'Unable to apply step "{key}" to input {json.dumps(root)}')
    return {**root, key: _written(root.get(key), rest, value)}


_NAME = re.compile(r"[^\s.\[\]()'\"*?,:@$&|!=<>]+")
_INDEX = re.compile(r"\[\s*+(-?\d++(?:\s*+,\s*+-?\d++)*)\s*+\]")
_SLICE = re.compile(r"\[\s*+(-?\d*+)\s*+:\s*+(-?\d*+)\s*+(?::\s*+(\d++))?+\s*+\]")
_FUNCTION = re.compile(r"\.(\w+)\(\s*\)$")


def parse_path(text: Any) -> Path:
    """Raises PathError."""
    if not isinstance(text, str) or not text.startswith("$"):
        raise PathError(f"Value is not a valid JSONPath: {text!r} does not begin with $")
    return _parsed(text)


@functools.lru_cache(maxsize=2048)
def _parsed(text: str) -> Path:
    of_context = text.startswith("$$")
    rest, length = text[2 if of_context else 1 :], False
    if called := _FUNCTION.search(rest):
        if called[1] != "length":
            raise PathError(f"the local cloud does not serve the JSONPath function {called[1]}() ({text})")
        rest, length = rest[: called.start()], True
    steps, position = [], 0
    while position < len(rest):
        step, position = _step(rest, position, text)
        steps.append(step)
    return Path(text, tuple(steps), of_context, length)


def _step(rest: str, at: int, text: str) -> tuple[Step, int]:
    if rest.startswith("..", at):
        return _descent(rest, at + 2, text)
    if rest.startswith(".*", at):
        return Step(_children, False), at + 2
    if rest[at] == "." and (name := _NAME.match(rest, at + 1)):
        return _member(name[0]), name.end()
    if rest[at] == "[":
        return _bracket(rest, at, text)
    raise PathError(f"Value is not a valid JSONPath: {text} at {rest[at:]!r}")


def _descent(rest: str, at: int, text: str) -> tuple[Step, int]:
    if rest.startswith("*", at):
        return Step(lambda value: (each for one in _everything(value) for each in _children(one)), False), at + 1
    if rest.startswith("[", at):
        inner, end = _bracket(rest, at, text)
    elif name := _NAME.match(rest, at):
        inner, end = _member(name[0]), name.end()
    else:
        raise PathError(f"Value is not a valid JSONPath: {text} has nothing behind ..")
    return Step(lambda value: (each for one in _everything(value) for each in inner.select(one)), False), end


def _bracket(rest: str, at: int, text: str) -> tuple[Step, int]:
    if star := re.compile(r"\[\s*\*\s*\]").match(rest, at):
        return Step(_children, False), star.end()
    if index := _INDEX.match(rest, at):
        numbers = [int(number) for number in index[1].split(",")]
        return (_element(numbers[0]) if len(numbers) == 1 else _union(numbers)), index.end()
    if cut := _SLICE.match(rest, at):
        start, stop, stride = (int(part) if part else None for part in cut.groups())
        part = slice(start, stop, stride)
        return Step(lambda value: iter(value[part] if isinstance(value, list) else ()), False), cut.end()
    if re.compile(r"\[\s*\?").match(rest, at):
        test, end = filter_at(rest, at, text, parse_path)
        return Step(lambda value: (each for each in _children(value) if test(each)), False), end
    names, end = [], at + 1
    while quoted := QUOTED.match(rest, end):
        names.append(re.sub(r"\\(.)", r"\1", quoted[1] if quoted[1] is not None else quoted[2]))
        end = quoted.end()
        if rest[end : end + 1] != ",":
            break
        end += 1 + len(rest[end + 1 :]) - len(rest[end + 1 :].lstrip())
    if not names or rest[end : end + 1] != "]":
        raise PathError(f"Value is not a valid JSONPath: {text} at {rest[at:]!r}")
    return (_member(names[0]) if len(names) == 1 else _union(names)), end + 1


def _member(name: str) -> Step:
    return Step(lambda value: iter([value[name]] if isinstance(value, dict) and name in value else ()), True, name)


def _element(number: int) -> Step:
    def select(value: Any) -> Iterator[Any]:
        if isinstance(value, list) and -len(value) <= number < len(value):
            yield value[number]

    return Step(select, True, number)


def _union(keys: list[Any]) -> Step:
    steps = [_element(key) if isinstance(key, int) else _member(key) for key in keys]
    return Step(lambda value: (each for step in steps for each in step.select(value)), False)


def _children(value: Any) -> Iterator[Any]:
    return iter(value.values() if isinstance(value, dict) else value if isinstance(value, list) else ())


def _everything(value: Any) -> Iterator[Any]:
    yield value
    for child in _children(value):
        yield from _everything(child)
