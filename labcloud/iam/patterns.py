"""Text patterns of policies: `*` and `?` wildcards and `${…}` variables, compiled once, matched in linear time.

A variable's value is plain text: a wildcard inside it matches only itself. A variable without a value stays as it is
written, so it matches nothing that a request names. Source: IAM User Guide, "Policy elements: Variables and tags".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from labcloud.iam.context import Context

ANY_ONE = "\0"
"""Stands for `?` inside a segment; no ARN, action or condition value contains it."""
_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_FIXED = {"*": "*", "?": "?", "$": "$"}
"""`${*}`, `${?}` and `${$}` are the plain characters."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A `${key}` or `${key, 'default'}` of a policy."""

    written: str
    key: str
    default: str | None

    def value(self, context: Context) -> str:
        found = context.single(self.key)
        if found is None:
            found = self.default
        return self.written if found is None else found


Part = str | Variable
Segments = tuple[str, ...]
"""The pattern's texts between the `*`: one segment means that there is no `*`."""


class Pattern:
    """A compiled pattern: `matches(text, context)`."""

    __slots__ = ("_constant", "_parts", "source")

    def __init__(self, source: str, segments: tuple[tuple[Part, ...], ...]) -> None:
        self.source = source
        self._parts = segments
        constant = all(isinstance(part, str) for segment in segments for part in segment)
        self._constant = tuple("".join(segment) for segment in segments) if constant else None  # type: ignore[arg-type]

    def matches(self, text: str, context: Context) -> bool:
        """Says whether the text matches with the request's variables put in."""
        return segments_match(self._constant or self._render(context), text)

    def shown(self, context: Context) -> str:
        """Writes the pattern with its variables put in, for messages."""
        return "*".join(self._constant or self._render(context)).replace(ANY_ONE, "?")

    @property
    def has_variables(self) -> bool:
        return self._constant is None

    def _render(self, context: Context) -> Segments:
        return tuple(
            "".join(part if isinstance(part, str) else part.value(context) for part in segment)
            for segment in self._parts
        )


@lru_cache(maxsize=8192)
def compile_pattern(source: str, *, wildcards: bool = True, variables: bool = True) -> Pattern:
    """Compiles a policy's text; without `wildcards`, `*` and `?` are plain characters."""
    segments: list[list[Part]] = [[]]

    def add_text(text: str) -> None:
        if not wildcards:
            segments[-1].append(text)
            return
        first, *others = text.replace("?", ANY_ONE).split("*")
        segments[-1].append(first)
        segments.extend([other] for other in others)

    position = 0
    for found in _VARIABLE.finditer(source) if variables else ():
        add_text(source[position : found.start()])
        segments[-1].append(_parse_variable(found))
        position = found.end()
    add_text(source[position:])
    return Pattern(source, tuple(tuple(part for part in segment if part != "") for segment in segments))


def _parse_variable(found: re.Match[str]) -> Part:
    key, comma, default = found[1].partition(",")
    if key in _FIXED:
        return _FIXED[key]
    return Variable(found[0], key.strip(), default.strip().strip("'") if comma else None)


def segments_match(segments: Segments, text: str) -> bool:
    """Says whether the text is the segments in order with anything between them."""
    if len(segments) == 1:
        return segments[0] == text or (ANY_ONE in segments[0] and _equal_at(segments[0], text))
    first, last = segments[0], segments[-1]
    end = len(text) - len(last)
    if end < len(first) or not _equal_at(first, text[: len(first)]) or not _equal_at(last, text[end:]):
        return False
    position = len(first)
    for middle in segments[1:-1]:
        found = _find(middle, text, position, end)
        if found < 0:
            return False
        position = found + len(middle)
    return True


def _equal_at(segment: str, text: str) -> bool:
    if segment == text:
        return True
    if ANY_ONE not in segment or len(segment) != len(text):
        return False
    return all(mine in (ANY_ONE, theirs) for mine, theirs in zip(segment, text, strict=True))


def _find(segment: str, text: str, start: int, end: int) -> int:
    if ANY_ONE not in segment:
        return text.find(segment, start, end)
    for at in range(start, end - len(segment) + 1):
        if _equal_at(segment, text[at : at + len(segment)]):
            return at
    return -1
