"""Reads and trims a provider's answer to GetProviderSchema, which describes some 2,000 types in 5 MB. Pure.

Nothing but its maps of types is looked into, and of large types the blocks. Source: Terraform's
docs/plugin-protocol/tfplugin5.6.proto and tfplugin6.6.proto, whose field numbers agree.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass

from checker.fast.blocks import LeftOut, Wanted, trim_block
from checker.fast.message import content_of, field, fields, replace, text_of

RESOURCES = 2
MAPS_OF_TYPES = {RESOURCES: "resource", 3: "data source", 8: "ephemeral resource"}
SERVER_CAPABILITIES, PLAN_DESTROY = 6, 1
LARGE = 64 * 1024
"""Bytes of a type's description from which leaving out its unused blocks is worth the work."""


@dataclass(frozen=True)
class Trimmed:
    """A trimmed answer, and what was left out of the large types that it has."""

    answer: bytes
    left_out: Mapping[str, LeftOut]


def trim_schema(
    answer: bytes, wanted: Container[str], blocks: Callable[[str], Wanted | None] = lambda _: None
) -> Trimmed:
    """The same answer without the types that are not wanted; of large ones without the blocks that are not.

    `blocks` says for a resource type which of its blocks are wanted; None: all. The answer no longer offers to plan
    a destruction: Terraform then plans it without asking, which for this provider comes to the same.
    """
    kept: list[bytes] = []
    left_out: dict[str, LeftOut] = {}
    for number, whole, content in fields(answer):
        if number == SERVER_CAPABILITIES:
            whole = field(number, b"".join(part for n, part, _ in fields(content) if n != PLAN_DESTROY))
        elif number in MAPS_OF_TYPES:
            name = _key_of(content)
            if name not in wanted:
                continue
            if number == RESOURCES and len(content) >= LARGE and (its := blocks(name)) is not None:
                schema = content_of(content, 2)
                block, without = trim_block(content_of(schema, 2), its)
                if without:
                    left_out[name] = without
                    whole = field(number, replace(content, {2: replace(schema, {2: block})}))
        kept.append(whole)
    return Trimmed(b"".join(kept), left_out)


def untrimmed(answer: bytes) -> Trimmed:
    """Nothing is left out."""
    return Trimmed(answer, {})


def types_in(answer: bytes) -> frozenset[str]:
    """The names of all resources, data sources and ephemeral resources that the answer describes."""
    return frozenset(_key_of(content) for number, _, content in fields(answer) if number in MAPS_OF_TYPES)


def _key_of(entry: bytes) -> str:
    """The key of a map's entry, which is its field 1."""
    return text_of(entry, 1)
