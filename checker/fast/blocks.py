"""A large type without the blocks that nobody uses, and values between one that has them and one that has not. Pure.

Terraform spends seconds on the description of aws_quicksight_dashboard, 3 MB of nested blocks of which files use a few
dozen. A block that is neither in the files nor in the state is left out of what Terraform is told. The provider knows it
all the same: on the way to it each value gets the block back, empty; on the way from it the empty block is taken away.
One that is not empty has no place in Terraform's value: then this is not the way, and the run is repeated plainly.
Values are MessagePack: docs/plugin-protocol/object-wire-format.md of Terraform.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

import msgpack

from checker.fast.message import content_of, field, fields, integer_of, replace, text_of

BLOCK_TYPES = 3
"""The field of a Block with its nested blocks: type_name = 1, block = 2, nesting = 3, min_items = 4."""
SEQUENCES = (2, 3)
"""LIST and SET, the ways of nesting in which "none" is an empty sequence."""
NAME = re.compile(r'^[ \t]*(?:dynamic\s+")?(\w+)"?\s*[={]', re.MULTILINE)
PLAIN = frozenset({"arn", "dashboard_id", "id", "name", "status", "version_number"})
"""Attributes, no blocks: an expression that takes their value does not see what was left out."""


class NotEmpty(Exception):
    """A value has something in a block that was left out."""


class Words:
    """The words of files, and what Terraform would suggest for those that name blocks or arguments.

    It suggests a name that differs in at most two letters (its package didyoumean): one that might be, is a word too.
    """

    def __init__(self, text: str) -> None:
        self._words = frozenset(re.findall(r"\w+", text))
        self._variants = {variant for name in set(NAME.findall(text)) for variant in _variants(name)}

    def __contains__(self, name: object) -> bool:
        return name in self._words or not self._variants.isdisjoint(_variants(str(name)))


@functools.lru_cache(10_000)
def _variants(name: str) -> frozenset[str]:
    """A name with up to two letters left out: names at a distance of two have one in common."""
    once = {name[:at] + name[at + 1 :] for at in range(len(name))}
    return frozenset({name, *once, *(each[:at] + each[at + 1 :] for each in once for at in range(len(each)))})


@dataclass(frozen=True)
class Wanted:
    """Which blocks of a type are in use: named by a word of the files, or present in the objects of the state."""

    words: Container[str]
    objects: tuple[Mapping[str, Any], ...] = ()

    def has(self, name: str) -> bool:
        """Whether the block must be described."""
        return name in self.words or any(name in each for each in self.objects)

    def below(self, name: str) -> Wanted:
        """The same for what is in the block."""
        inner = [item for each in self.objects if isinstance(each.get(name), list) for item in each[name]]
        return Wanted(self.words, tuple(item for item in inner if isinstance(item, dict)))


@dataclass(frozen=True)
class LeftOut:
    """What a block's description lacks: `blocks` of its own, and what is missing `below` those that it kept."""

    blocks: frozenset[str] = frozenset()
    below: Mapping[str, LeftOut] = dataclasses.field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.blocks or self.below)


def trim_block(block: bytes, wanted: Wanted, *, at_the_top: bool = True) -> tuple[bytes, LeftOut]:
    """The description of a block without nested ones that are not wanted and need not be there.

    At the top of a type those that are not in use stay whole: a provider may fill a block of its own accord ("optional and
    computed"), which its description does not tell. Deeper ones it fills only with what the cloud says.
    """
    kept: list[bytes] = []
    gone: set[str] = set()
    below: dict[str, LeftOut] = {}
    for number, whole, nested in fields(block):
        if number == BLOCK_TYPES and integer_of(nested, 3) in SEQUENCES:
            name = text_of(nested, 1)
            in_use = wanted.has(name)
            if not (in_use or at_the_top or integer_of(nested, 4)):
                gone.add(name)
                continue
            inner, without = trim_block(content_of(nested, 2), wanted.below(name), at_the_top=False)
            if without and (in_use or not at_the_top):
                below[name] = without
                whole = field(BLOCK_TYPES, replace(nested, {2: inner}))
        kept.append(whole)
    return b"".join(kept), LeftOut(frozenset(gone), below)


def is_taken_whole(type_name: str, text: str) -> bool:
    """Whether an expression may take a resource of the type, or one of its blocks, as a value."""
    taken = re.findall(rf"\b{type_name}\.\w+(?:\[[^\]]*\])*(?:\.([\w*]+))?", text)
    return any(attribute not in PLAIN for attribute in taken) or bool(re.search(r"\bself\b", text))


def widen(value: bytes, left_out: LeftOut) -> bytes:
    """A value for the provider: with the blocks that were left out, empty."""
    content = _read(value)
    _add(content, left_out)
    return bytes(msgpack.packb(content))


def narrow(value: bytes, left_out: LeftOut) -> bytes:
    """A value for Terraform: without them. Raises NotEmpty; what a plan leaves unknown is not known to be anything."""
    content = _read(value)
    _remove(content, left_out)
    return bytes(msgpack.packb(content))


def canonical(value: bytes) -> bytes:
    """The same value as `narrow` would write it."""
    return bytes(msgpack.packb(_read(value)))


def _read(value: bytes) -> Any:
    return msgpack.unpackb(value, strict_map_key=False)


def _add(content: Any, left_out: LeftOut) -> None:
    """Null and unknown values have no blocks."""
    if not isinstance(content, dict):
        return
    for name in left_out.blocks:
        content.setdefault(name, [])
    for name, inner in left_out.below.items():
        for item in _items(content.get(name)):
            _add(item, inner)


def _remove(content: Any, left_out: LeftOut) -> None:
    if not isinstance(content, dict):
        return
    for name in left_out.blocks:
        if not isinstance(gone := content.pop(name, None), msgpack.ExtType) and gone:
            raise NotEmpty(name)
    for name, inner in left_out.below.items():
        for item in _items(content.get(name)):
            _remove(item, inner)


def _items(content: Any) -> list[Any]:
    return content if isinstance(content, list) else []
