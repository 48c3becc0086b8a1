"""Hidden checks: the instructor's own folder of checks, run beside the kit's, and what learners may see of them.

A file `hidden/02_invalid_data/checks.py` adds checks to part 2. Their source travels in the judge's memory: no path that a
submission could follow leads to it.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from checker.checks.check import Check, checks_of
from checker.curriculum.parts import find_part
from checker.errors import LabError, UsageProblem

LEVELS = ("everything", "title", "points", "nothing")
"""everything: like the kit's own; title: title, status and points; points: that there is one, with its points; nothing."""
SECRET_TITLE = "A hidden check."


def read_hidden(folder: Path | None) -> dict[str, str]:
    """The sources of a folder of hidden checks, by part number."""
    if folder is None:
        return {}
    if not folder.is_dir():
        raise UsageProblem(
            f"{folder} is no folder of hidden checks", next_step="correct `folder` of [hidden] in course.toml"
        )
    found = {}
    for file in sorted(folder.glob("*/checks.py")):
        found[str(find_part(file.parent.name).number)] = file.read_text(encoding="utf-8")
    if not found:
        raise UsageProblem(
            f"{folder} holds no hidden checks", next_step="name them like the kit's: 02_invalid_data/checks.py"
        )
    return found


def load_hidden(sources: Mapping[str, str]) -> dict[int, list[Check]]:
    """The checks of the sources by part; an id begins with its part's number and is none of the kit's."""
    found = {int(part): _load(part, source) for part, source in sources.items()}
    for part, checks in found.items():
        for each in checks:
            if not each.id.startswith(f"{part}."):
                raise LabError(f"hidden check {each.id} stands in part {part}", next_step=f"name it {part}.something")
    return found


def _load(part: str, source: str) -> list[Check]:
    module = types.ModuleType(f"lab_hidden_{part}")
    try:
        exec(compile(source, f"hidden checks of part {part}", "exec"), vars(module))
    except Exception as error:
        raise LabError(f"The hidden checks of part {part} cannot be loaded: {type(error).__name__}: {error}") from error
    return checks_of(module)


def as_learners_see(check: Mapping[str, Any], level: str) -> dict[str, Any] | None:
    """A check of a result file as its level shows it to learners; None if they may not know of it."""
    if level == "everything":
        return dict(check)
    if level == "nothing":
        return None
    kept = ("id", "status", "points", "max_points", *(["title"] if level == "title" else []))
    shown: dict[str, Any] = {"title": SECRET_TITLE, "expected": "", "got": "", "because": "", "fix": ""}
    return shown | {key: check[key] for key in kept}
