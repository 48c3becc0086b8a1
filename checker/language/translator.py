"""Translates a finished text by the messages that it was made from. Pure: it never asks which language it is.

A message is one line with places for values, `rule {0} is disabled`. A text is taken line by line: the line is a message,
or a message with values at its places (which may be messages, too), or a list of such. What is none of these stays as it is:
names, code, what AWS or Terraform said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

PLACE = re.compile(r"\{\w+(?::[^{}]*)?\}")
"""`{0}` of an f-string, `{usd:.2f}` of a text for str.format."""
SEPARATORS = tuple(map(re.compile, (r"(; |(?<=[.!?]) )", r"(, | and )", r"((?<=:) )", r"( \(|\))")))
SENTENCE = re.compile(r"[a-z]{2,} [a-z]+ [a-z]{2,}")
FEWEST_LETTERS = 3
"""A message with places and fewer letters of its own would be found in anything."""


@dataclass(frozen=True)
class Piece:
    """A stretch of a line; `known`: it came from a message."""

    text: str
    known: bool


@dataclass(frozen=True)
class Template:
    """A message with places: its translation, the longest text between its places, the pattern of a line made from it."""

    message: str
    translation: str
    anchor: str
    pattern: re.Pattern[str]
    letters: int


class Translator:
    """Translates with messages and their translations, by message."""

    def __init__(self, messages: Mapping[str, str]) -> None:
        self._messages = dict(messages)
        self._templates = [make_template(*each) for each in messages.items() if PLACE.search(each[0])]
        self._templates = [each for each in self._templates if each.letters >= FEWEST_LETTERS]
        self._pieces = lru_cache(maxsize=4096)(self._find_pieces)

    def __call__(self, text: str) -> str:
        return "\n".join("".join(piece.text for piece in self._pieces(line)) for line in text.split("\n"))

    def foreign(self, text: str) -> list[str]:
        """The stretches that no message knows: values, and sentences of others."""
        return [piece.text for line in text.split("\n") for piece in self._pieces(line) if not piece.known]

    def _find_pieces(self, line: str) -> tuple[Piece, ...]:
        before, core, after = core_of(line)
        if not re.search(r"[^\W\d_]", core):
            return _blank(line)
        return (*_blank(before), *self._known(core), *_blank(after))

    def _known(self, core: str) -> tuple[Piece, ...]:
        if core in self._messages:
            return (Piece(self._messages[core], True),)
        if f"{core}." in self._messages:  # a title in brackets has no full stop
            return (Piece(self._messages[f"{core}."].removesuffix("."), True),)
        best: tuple[Piece, ...] = (Piece(core, False),)
        for candidate in (self._by_template(core), *self._by_parts(core)):
            if _letters(candidate) > _letters(best):
                best = candidate
        return best

    def _by_template(self, core: str) -> tuple[Piece, ...]:
        """The line as the message that has the most letters of its own among those that it can be made from."""
        fitting = ((each, each.pattern.fullmatch(core)) for each in self._templates if each.anchor in core)
        chosen = max(
            ((each, match) for each, match in fitting if match), key=lambda pair: pair[0].letters, default=None
        )
        return tuple(self._filled(*chosen)) if chosen else ()

    def _filled(self, template: Template, match: re.Match[str]) -> Iterator[Piece]:
        values: dict[str, str] = {}
        for place, value in zip(PLACE.findall(template.message), match.groups(), strict=True):
            values.setdefault(place, value)
        at = 0
        for place in PLACE.finditer(template.translation):
            yield Piece(template.translation[at : place.start()], True)
            yield from self._pieces(values[place.group()])
            at = place.end()
        yield Piece(template.translation[at:], True)

    def _by_parts(self, core: str) -> Iterator[tuple[Piece, ...]]:
        """The line as a list, each part for itself; a sentence of others in which a word happens to be ours is none."""
        for separator in SEPARATORS:
            if len(parts := separator.split(core)) > 1:
                pieces = tuple(piece for part in parts if part for piece in self._pieces(part))
                if not any(SENTENCE.search(piece.text) for piece in pieces if not piece.known):
                    yield pieces


def core_of(line: str) -> tuple[str, str, str]:
    """What stands before a message, the message, what stands after it: it may be indented, one of a list, or a check's `2.3  title`."""
    core = re.sub(r"^\d+\.\d+  ", "", line.lstrip(" \t,;")).rstrip()
    begin = line.index(core) if core else len(line)
    return line[:begin], core, line[begin + len(core) :]


def make_template(message: str, translation: str) -> Template:
    """Reads a message with places."""
    between = PLACE.split(message)
    pattern = re.escape(between[0])
    for position, text in enumerate(between[1:], 1):
        touches_next = not text and position < len(between) - 1
        pattern += (r"(\S*)" if touches_next else "(.*?)") + re.escape(text)
    letters = sum(len(re.findall(r"[^\W\d_]", text)) for text in between)
    return Template(message, translation, max(between, key=len), re.compile(pattern), letters)


def _letters(pieces: Iterable[Piece]) -> int:
    return sum(len(piece.text.strip()) for piece in pieces if piece.known)


def _blank(text: str) -> tuple[Piece, ...]:
    return (Piece(text, False),) if text else ()
