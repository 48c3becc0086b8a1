"""regexp_matches, regexp_replace, regexp_substr: Java's regular expressions on the `regex` package.

The pattern is translated (javaregex.py); one that Java would refuse gives Undefined, and so does one that runs longer
than TIMEOUT_S, or when all of a message took REGEXP_BUDGET_S: no message can stall the engine.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from time import perf_counter
from typing import Any

import regex

from ..jsontext import to_text
from ..message import Context
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
        return regex.compile(f"(?-f){to_python(pattern)}", regex.VERSION1)
    except (NotJava, regex.error, RecursionError, OverflowError, ValueError, KeyError, IndexError):
        return None


def _search(context: Context, value: Value, pattern: Value, use: Callable[[Any, str], Value]) -> Value:
    text, expression = to_text(value), to_text(pattern)
    if text is UNDEFINED or expression is UNDEFINED or context.regexp_left_s <= 0:
        return UNDEFINED
    start = perf_counter()
    try:
        compiled = _compiled(expression)
        return UNDEFINED if compiled is None else use(compiled, text)
    except (TimeoutError, MemoryError):
        return UNDEFINED
    finally:
        # What is above the timeout was spent waiting for the processor.
        context.regexp_left_s -= min(perf_counter() - start, TIMEOUT_S)


@function(in_context=True)
def regexp_matches(context: Context, value: Value, pattern: Value) -> Value:
    """Whether the text contains a match."""
    return _search(context, value, pattern, lambda compiled, text: compiled.search(text, timeout=TIMEOUT_S) is not None)


@function(in_context=True)
def regexp_substr(context: Context, value: Value, pattern: Value) -> Value:
    """The first match; Undefined where there is none (the page does not say)."""

    def first(compiled: Any, text: str) -> Value:
        match = compiled.search(text, timeout=TIMEOUT_S)
        return UNDEFINED if match is None else match.group()

    return _search(context, value, pattern, first)


@function(in_context=True)
def regexp_replace(context: Context, value: Value, pattern: Value, replacement: Value) -> Value:
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

    return UNDEFINED if new is UNDEFINED else _search(context, value, pattern, replaced)
