"""Hidden checks: the instructor's own folder of checks, run beside the kit's, and what learners may see of them.

A file `hidden/02_invalid_data/checks.py` adds checks to part 2. Their source travels in the judge's memory: no path that a
submission could follow leads to it.
"""

from __future__ import annotations

import types
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from checker.checks.check import Check, checks_of, load_checks
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
    found: dict[str, str] = {}
    for file in sorted(folder.glob("*/checks.py")):
        part = str(find_part(file.parent.name).number)
        if part in found:
            raise UsageProblem(f"{folder} has two folders of part {part}", next_step="keep one of them")
        try:
            found[part] = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageProblem(f"{file} cannot be read: {error}", next_step="save it as UTF-8") from error
    if not found:
        raise UsageProblem(
            f"{folder} holds no hidden checks", next_step="name them like the kit's: 02_invalid_data/checks.py"
        )
    return found


def load_hidden(sources: Mapping[str, str]) -> dict[int, list[Check]]:
    """The checks of the sources by part; an id begins with its part's number and is none of the kit's."""
    found = {int(part): _load(part, source) for part, source in sources.items()}
    for part, checks in found.items():
        if not checks:
            raise LabError(f"The hidden checks of part {part} are none", next_step="mark a function with @check(…)")
        before = {each.id for each in load_checks(find_part(part).folder)}
        for each in checks:
            _must_be_sound(part, each, before)
            before.add(each.id)
    return found


def _must_be_sound(part: int, each: Check, before: Collection[str]) -> None:
    """Raises LabError for what would count wrongly, or never run, without a word."""
    if not each.id.startswith(f"{part}."):
        raise LabError(f"hidden check {each.id} stands in part {part}", next_step=f"name it {part}.something")
    if each.id in before:
        raise LabError(f"hidden check {each.id} has an id that is used already", next_step="give it another")
    if type(each.points) is not int or each.points < 0:
        raise LabError(f"hidden check {each.id} has {each.points} points", next_step="a whole number from 0 on")
    if unknown := sorted(set(each.needs) - set(before)):
        raise LabError(
            f"hidden check {each.id} needs {', '.join(unknown)}, which does not stand before it in part {part}",
            next_step="a check of the same part, the kit's or a hidden one above it",
        )


def _load(part: str, source: str) -> list[Check]:
    module = types.ModuleType(f"lab_hidden_{part}")
    try:
        exec(compile(source, f"hidden checks of part {part}", "exec"), vars(module))
    except (Exception, SystemExit) as error:
        raise LabError(f"The hidden checks of part {part} cannot be loaded: {type(error).__name__}: {error}") from error
    return checks_of(module)


def told_by_need(checks: Sequence[Check], levels: Mapping[str, str]) -> str:
    """A pair of checks of which the one, skipped for the other, would tell its learner of it; empty if there is none."""
    for each in checks:
        if levels[each.id] == "everything":
            for need in each.needs:
                if levels.get(need) in ("points", "nothing"):
                    return f"{each.id} (everything) needs {need} ({levels[need]})"
    return ""


def as_learners_see(check: Mapping[str, Any], level: str) -> dict[str, Any] | None:
    """A check of a result file as its level shows it to learners; None if they may not know of it."""
    if level == "everything":
        return dict(check)
    if level == "nothing":
        return None
    kept = ("id", "status", "points", "max_points", *(["title"] if level == "title" else []))
    shown: dict[str, Any] = {"title": SECRET_TITLE, "expected": "", "got": "", "because": "", "fix": ""}
    return shown | {key: check[key] for key in kept}
