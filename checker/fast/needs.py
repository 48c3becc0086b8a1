"""Which of the provider's types a folder of Terraform files needs, and what in it only plain Terraform does right. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from checker.fast.blocks import Wanted, Words, is_taken_whole

WORD = re.compile(r"\baws_\w+")
USE = re.compile(r'^[ \t]*(?:resource|data|ephemeral)\s+"?(aws_\w+)', re.MULTILINE)
OBSTACLES = (
    (re.compile(r"^[ \t]*alias\s*=", re.MULTILINE), "several configurations of a provider (alias)"),
    (re.compile(r'^[ \t]*module\s+"', re.MULTILINE), "modules"),
    (re.compile(r"^[ \t]*(?:profile|shared_\w+_files)\s*=", re.MULTILINE), "profiles, which may name programs"),
    (re.compile(r'^[ \t]*(?:backend\s+"|cloud\s*\{)', re.MULTILINE), "a state that is kept elsewhere"),
)


@dataclass(frozen=True)
class Needs:
    """What a run of Terraform needs of a warm provider."""

    words: frozenset[str]
    """Every word of files and state that may name a type: more than the types in use, and cheap to find."""
    used: frozenset[str]
    """What a resource, data or ephemeral block names."""
    obstacle: str = ""
    """Why the provider cannot be kept warm for these files; empty if it can."""
    text: str = ""
    """All files of the configuration."""
    states: tuple[str, ...] = ()

    def obstacle_with(self, types: Container[str]) -> str:
        """The obstacle, also one that shows with the provider's types: Terraform suggests names for a misspelt one."""
        unknown = sorted(name for name in self.used if name not in types)
        return self.obstacle or (f"no type {unknown[0]} in the provider" if unknown else "")

    def blocks(self) -> Callable[[str], Wanted | None]:
        """For a resource type the blocks in use; None: all of them, since some expression may take them all."""
        words = Words(self.text)
        objects: dict[str, list[Mapping[str, Any]]] | None = _objects(self.states)

        def wanted(type_name: str) -> Wanted | None:
            if objects is None or is_taken_whole(type_name, self.text):
                return None
            return Wanted(words, tuple(objects.get(type_name, ())))

        return wanted


def _objects(states: Iterable[str]) -> dict[str, list[Mapping[str, Any]]] | None:
    """The attributes of all instances in state files by type; None if a file is not a state as Terraform writes it."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    try:
        for state in states:
            for resource in json.loads(state)["resources"]:
                found.setdefault(resource["type"], []).extend(i["attributes"] for i in resource["instances"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    plain = all(isinstance(each, dict) for objects in found.values() for each in objects)
    return found if plain else None


def find_needs(files: Iterable[tuple[str, str]], states: Iterable[str] = ()) -> Needs:
    """Reads names and texts of configuration files, and texts of state files."""
    words: set[str] = set()
    used: set[str] = set()
    obstacle = ""
    texts, states = [], tuple(states)
    for name, text in files:
        texts.append(text)
        words.update(WORD.findall(text))
        used.update(USE.findall(text))
        found = "files in JSON" if name.endswith(".json") else ""
        obstacle = obstacle or found or next((what for sign, what in OBSTACLES if sign.search(text)), "")
    for text in states:
        words.update(WORD.findall(text))
    return Needs(frozenset(words), frozenset(used), obstacle, "\n".join(texts), states)
