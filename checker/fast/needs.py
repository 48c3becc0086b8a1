"""Which of the provider's types a folder of Terraform files needs, and what in it only plain Terraform does right. Pure."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass

WORD = re.compile(r"\baws_\w+")
USE = re.compile(r'^\s*(?:resource|data|ephemeral)\s+"?(aws_\w+)', re.MULTILINE)
OBSTACLES = (
    (re.compile(r"^\s*alias\s*=", re.MULTILINE), "several configurations of a provider (alias)"),
    (re.compile(r'^\s*module\s+"', re.MULTILINE), "modules"),
    (re.compile(r'^\s*(?:backend\s+"|cloud\s*\{)', re.MULTILINE), "a state that is kept elsewhere"),
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

    def obstacle_with(self, types: Container[str]) -> str:
        """The obstacle, also one that shows with the provider's types: Terraform suggests names for a misspelt one."""
        unknown = sorted(name for name in self.used if name not in types)
        return self.obstacle or (f"no type {unknown[0]} in the provider" if unknown else "")


def find_needs(files: Iterable[tuple[str, str]], states: Iterable[str] = ()) -> Needs:
    """Reads names and texts of configuration files, and texts of state files."""
    words: set[str] = set()
    used: set[str] = set()
    obstacle = ""
    for name, text in files:
        words.update(WORD.findall(text))
        used.update(USE.findall(text))
        found = "files in JSON" if name.endswith(".json") else ""
        obstacle = obstacle or found or next((what for sign, what in OBSTACLES if sign.search(text)), "")
    for text in states:
        words.update(WORD.findall(text))
    return Needs(frozenset(words), frozenset(used), obstacle)
