"""Calls of intrinsic functions, States.Format('{}', $.a): parsed once, evaluated for each state.

Source: Amazon States Language specification, "Intrinsic Functions". At most ten calls within one another.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from labcloud.stepfunctions.language.intrinsics import INTRINSICS, IntrinsicError
from labcloud.stepfunctions.language.jsontext import LARGEST_DATA_BYTES, is_too_large
from labcloud.stepfunctions.language.paths import NoResult, Path, PathError, parse_path

DEEPEST = 10

_NAME = re.compile(r"\s*(States\.\w+)\s*\(")
_STRING = re.compile(r"'((?:[^'\\]|\\.)*)'")
_WORD = re.compile(r"[^\s,()']+")


class CallError(ValueError):
    """The text is no call of an intrinsic function."""


@dataclass(frozen=True)
class Call:
    """A function and its arguments: paths, calls or values."""

    text: str
    name: str
    arguments: tuple[Argument, ...]

    def evaluate(self, value: Any, context: Any) -> Any:
        """Raises IntrinsicError; NoResult for a path that meets nothing."""
        given = [argument.evaluate(value, context) for argument in self.arguments]
        try:
            result = INTRINSICS[self.name].call(*given)
            if is_too_large(result):
                raise IntrinsicError(f"the result is larger than {LARGEST_DATA_BYTES} bytes")
            return result
        except IntrinsicError as error:
            raise IntrinsicError(f"The function '{self.text}' had the following error: {error}") from error


@dataclass(frozen=True)
class Literal:
    """A value that stands in the definition."""

    value: Any

    def evaluate(self, value: Any, context: Any) -> Any:
        return self.value


@dataclass(frozen=True)
class Looked:
    """A path. Raises NoResult with the path."""

    path: Path

    def evaluate(self, value: Any, context: Any) -> Any:
        try:
            return self.path.read(value, context)
        except NoResult as error:
            raise NoResult(self.path.text) from error


Argument = Call | Literal | Looked


def is_call(text: str) -> bool:
    """Whether a payload template's text is a function and not a path."""
    return text.lstrip().startswith("States.")


@functools.lru_cache(maxsize=2048)
def parse_call(text: str) -> Call:
    """Raises CallError."""
    call, end = _call(text, 0, 1)
    if text[end:].strip():
        raise CallError(f"{text!r} goes on behind the call: {text[end:]!r}")
    return call


def _call(text: str, at: int, depth: int) -> tuple[Call, int]:
    opening = _NAME.match(text, at)
    if opening is None:
        raise CallError(f"{text!r} is not a call of an intrinsic function")
    name = opening[1]
    if name not in INTRINSICS:
        raise CallError(f"{name} is not an intrinsic function; there are {', '.join(INTRINSICS)}")
    if depth > DEEPEST:
        raise CallError(f"{text!r} has more than {DEEPEST} functions within one another")
    arguments, end = _arguments(text, opening.end(), depth)
    if name == "States.Format" and arguments and (template := _STRING.match(text, _skip(text, opening.end()))):
        arguments[0] = Literal(template[1])  # its escapes are told from places when it is filled in
    known = INTRINSICS[name]
    if len(arguments) < known.least or (known.most is not None and len(arguments) > known.most):
        raise CallError(f"{name} does not take {len(arguments)} arguments")
    return Call(text[at:end].strip(), name, tuple(arguments)), end


def _arguments(text: str, at: int, depth: int) -> tuple[list[Argument], int]:
    found: list[Argument] = []
    at = _skip(text, at)
    if text[at : at + 1] == ")":
        return found, at + 1
    while True:
        argument, at = _argument(text, _skip(text, at), depth)
        found.append(argument)
        at = _skip(text, at)
        if text[at : at + 1] == ")":
            return found, at + 1
        if text[at : at + 1] != ",":
            raise CallError(f"{text!r}: expected , or ) at {text[at:]!r}")
        at += 1


def _argument(text: str, at: int, depth: int) -> tuple[Argument, int]:
    if string := _STRING.match(text, at):
        return Literal(_unescaped(string[1])), string.end()
    if text[at : at + 1] == "$":
        end = _end_of_path(text, at)
        try:
            return Looked(parse_path(text[at:end].strip())), end
        except PathError as error:
            raise CallError(str(error)) from error
    if _NAME.match(text, at):
        return _call(text, at, depth + 1)
    word = _WORD.match(text, at)
    if word is None:
        raise CallError(f"{text!r}: expected an argument at {text[at:]!r}")
    try:
        return Literal(json.loads(word[0])), word.end()
    except ValueError as error:
        raise CallError(f"{text!r}: {word[0]} is no path, function, text, number, true, false or null") from error


def _unescaped(raw: str) -> str:
    return re.sub(r"\\(.)", r"\1", raw)


def _end_of_path(text: str, at: int) -> int:
    """Where a path in an argument ends: at a comma or closing bracket outside of brackets and texts."""
    closers: list[str] = []
    pairs = {"[": "]", "(": ")"}
    while at < len(text):
        if string := _STRING.match(text, at):
            at = string.end()
            continue
        letter = text[at]
        if letter in pairs:
            closers.append(pairs[letter])
        elif closers and letter == closers[-1]:
            closers.pop()
        elif letter in ",)" and not closers:
            return at
        at += 1
    return at


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


Evaluate = Callable[[Any, Any], Any]


@functools.lru_cache(maxsize=2048)
def parse_expression(text: str) -> Argument:
    """A path or a call, as a field whose name ends in .$ has. Raises CallError, PathError."""
    if is_call(text):
        return parse_call(text)
    return Looked(parse_path(text))
