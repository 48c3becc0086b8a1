"""A lesson as a program: its console blocks, what each command must say, and the state of the files that a block is about.

A block is run on the solution of its part. A comment before it, which readers do not see, says otherwise:
`<!-- on: base -->` (before the part's steps), `<!-- on: mistakes/NAME -->` (with that mistake), `<!-- not run: WHY -->`.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

BLOCK = re.compile(r"(?:^<!-- (?P<how>on|not run): (?P<what>.*?) -->\n)?^```console\n(?P<body>.*?)^```$", re.M | re.S)
SOLUTION = "solution"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Command:
    """A line (or several) to type, and the lines that must come."""

    typed: str
    expected: str

    def is_answered_by(self, output: str) -> bool:
        """Does the output hold the expected lines one after the other? `…` is anything; numbers are some numbers."""
        return re.search(pattern_of(self.expected), COLOUR.sub("", output), re.S) is not None


@dataclass(frozen=True)
class Block:
    """The commands of a console block, the state that they are about, why they cannot be run (empty: they can)."""

    commands: tuple[Command, ...]
    state: str
    not_run: str = ""


def read_blocks(page: str) -> list[Block]:
    """The console blocks of a page."""
    found = []
    for match in BLOCK.finditer(page):
        state = match["what"] if match["how"] == "on" else SOLUTION
        found.append(Block(tuple(_commands(match["body"])), state, match["what"] if match["how"] == "not run" else ""))
    return found


def _commands(body: str) -> Iterator[Command]:
    lines = body.splitlines()
    while lines:
        typed = lines.pop(0).removeprefix("$ ")
        while lines and not _is_whole(typed):
            typed += "\n" + lines.pop(0)
        expected = []
        while lines and not lines[0].startswith("$ "):
            expected.append(lines.pop(0))
        yield Command(typed, "\n".join(expected))


def _is_whole(typed: str) -> bool:
    """Would a shell run it, or wait for more?"""
    return not typed.endswith("\\") and not subprocess.run(["bash", "-n", "-c", typed], capture_output=True).returncode


def pattern_of(expected: str) -> str:
    """The expected lines as a pattern: blanks, numbers and the rest of a line do not count."""
    lines = []
    for line in expected.splitlines():
        pieces = [re.escape(piece.strip()) for piece in line.split("…")]
        text = re.sub(r"\d+(?:\\\.\d+)?", r"[\\d.]+", ".*?".join(pieces))
        text = re.sub(r"(?:\\ )*=(?:\\ )*", r"\\s*=\\s*", text)
        lines.append(re.sub(r"(?:\\ )+", r"\\s+", text))
    return r"[^\n]*\n\s*".join(lines)
