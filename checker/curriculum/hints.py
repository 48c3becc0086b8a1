"""Reads hints.md: a heading per step, below it three levels from where to look to almost the answer. Pure but for the file."""

from __future__ import annotations

import re
from dataclasses import dataclass

from checker.curriculum.parts import Part
from checker.errors import LabError

LEVELS = ("Where to look", "Which idea", "Almost the answer")


@dataclass(frozen=True)
class Hint:
    """One level of help for a step."""

    level: int
    title: str
    text: str


def parse_hints(text: str) -> dict[str, tuple[Hint, ...]]:
    """The hints of a page by step: `## 2.3`, then `###` and one of the three levels."""
    found: dict[str, tuple[Hint, ...]] = {}
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        heading, _, body = section.partition("\n")
        levels = re.split(r"^### ", body, flags=re.MULTILINE)[1:]
        found[heading.split()[0]] = tuple(
            Hint(number, level.partition("\n")[0].strip(), level.partition("\n")[2].strip())
            for number, level in enumerate(levels, 1)
        )
    return found


def read_hints(part: Part) -> dict[str, tuple[Hint, ...]]:
    """The hints of a part by step."""
    file = part.folder / "hints.md"
    try:
        return parse_hints(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise LabError(
            f"{file} cannot be read: {error.strerror}", next_step="use a complete copy of the kit"
        ) from error


def problems_of_hints(part: Part) -> list[str]:
    """What hints.md lacks: every step needs the three levels, in their order, each with a text."""
    hints = read_hints(part)
    problems = [f"hints.md: step {step.id} has no heading ## {step.id}" for step in part.steps if step.id not in hints]
    problems += [f"hints.md: {step_id} is no step of the part" for step_id in hints if part.step(step_id) is None]
    for step_id, levels in hints.items():
        if tuple(hint.title for hint in levels) != LEVELS:
            problems.append(f"hints.md: {step_id} must have the levels {', '.join(LEVELS)}")
        problems += [f"hints.md: {step_id}, {hint.title}: no text" for hint in levels if not hint.text]
    return problems
