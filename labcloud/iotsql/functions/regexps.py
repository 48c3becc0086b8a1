"""regexp_matches, regexp_replace, regexp_substr: Java's regular expressions on the `regex` package.

The pattern is translated (javaregex.py); one that Java would refuse gives Undefined, and so does one that runs longer
than TIMEOUT_S, so that no message can stall the engine.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import regex

from ..jsontext import to_text
from ..values import UNDEFINED, Value
from .javaregex import NotJava, replacement_parts, to_python
from .registry import function
from .strings import LONGEST_TEXT

TIMEOUT_S = 0.1
LONGEST_PATTERN = 4096


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> Any:
    """The compiled pattern, or None where Java would refuse it."""
    if len(pattern) > LONGEST_PATTERN:
        return None
    try:
        return regex.compile(to_python(pattern), regex.VERSION1)
    except (NotJava, regex.error, RecursionError, OverflowError, ValueError, KeyError, IndexError):
        return None


def _search(value: Value, pattern: Value, use: Callable[[Any, str], Value]) -> Value:
    text, expression = to_text(value), to_text(pattern)
    compiled = None if text is UNDEFINED or expression is UNDEFINED else _compiled(expression)
    if compiled is None:
        return UNDEFINED
    try:
        return use(compiled, text)
    except (TimeoutError, MemoryError):
        return UNDEFINED


@function()
def regexp_matches(value: Value, pattern: Value) -> Value:
    """Whether the text contains a match."""
    return _search(value, pattern, lambda compiled, text: compiled.search(text, timeout=TIMEOUT_S) is not None)


@function()
def regexp_substr(value: Value, pattern: Value) -> Value:
    """The first match; Undefined where there is none (the page does not say)."""

    def first(compiled: Any, text: str) -> Value:
        match = compiled.search(text, timeout=TIMEOUT_S)
        return UNDEFINED if match is None else match.group()

    return _search(value, pattern, first)


@function()
def regexp_replace(value: Value, pattern: Value, replacement: Value) -> Value:
    """All matches replaced; `$1` and `${name}` are groups, a backslash makes the next character plain."""
    new = to_text(replacement)

    def replaced(compiled: Any, text: str) -> Value:
        try:
            parts = replacement_parts(new, compiled.groups, compiled.groupindex)
        except NotJava:
            return UNDEFINED

        room = LONGEST_TEXT

        def expand(match: Any) -> str:
            nonlocal room
            expanded = "".join(part if type(part) is str else match.group(part[0]) or "" for part in parts)
            room -= len(expanded)
            if room < 0:
                raise MemoryError
            return expanded

        return compiled.sub(expand, text, timeout=TIMEOUT_S)

    return UNDEFINED if new is UNDEFINED else _search(value, pattern, replaced)
