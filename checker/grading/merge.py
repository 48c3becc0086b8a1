"""Brings grades together that were made in several places: `lab grade merge GRADES FROM…`. Nothing is overwritten or lost."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checker.errors import UsageProblem
from checker.grading.adjustments import FILE as ADJUSTMENTS
from checker.grading.store import Grades


@dataclass
class Merged:
    """How many results were added, and how many were there already."""

    added: int = 0
    known: int = 0


def merge(into: Grades, froms: Sequence[Path]) -> Merged:
    """Adds the results of other folders as next versions, oldest first; done twice, the second time adds nothing."""
    for folder in froms:
        if not (folder / "results").is_dir():
            raise UsageProblem(f"{folder} holds no grades", next_step="name folders that lab grade --out has made")
    merged = Merged()
    found = [each for folder in froms for each in _in_order(Grades(folder))]
    for _, result, origin in sorted(found, key=lambda each: (each[0], each[1]["version"])):
        learner = result["learner"]["id"]
        if any(_is_same(result, other) for other in into.results(learner)):
            merged.known += 1
            continue
        _bring_files(into, origin, learner, result["submission"]["sha256"])
        into.add(learner, result)
        merged.added += 1
    return merged


def left_behind(froms: Sequence[Path], into: Path) -> list[str]:
    """What of the instructor's own lies in the folders and is not joined: only a person can say which of two holds."""
    own = [folder / ADJUSTMENTS for folder in froms if folder.resolve() != into]
    return [f"{file} is not joined: copy from it by hand what is to hold" for file in own if file.is_file()]


def _in_order(grades: Grades) -> Iterator[tuple[str, dict[str, Any], Grades]]:
    """A folder's results with their times; a learner's later version is never before an earlier, whatever the clock said."""
    for learner in grades.ids():
        latest = ""
        for result in grades.results(learner):
            told = result["provenance"]
            latest = max(latest, told["graded_at"], told.get("renewed_at", ""))
            yield latest, result, grades


def _is_same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Is it the same grading? The version is the folder's own number."""
    return json.dumps({**one, "version": 0}, sort_keys=True) == json.dumps({**other, "version": 0}, sort_keys=True)


def _bring_files(into: Grades, origin: Grades, learner: str, sha256: str) -> None:
    """The submission first: a result whose files are missing could not be repeated."""
    for source, target in (
        (origin.submission_file(learner, sha256), into.submission_file(learner, sha256)),
        (origin.log_file(learner), into.log_file(learner)),
    ):
        if source.is_file() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            unfinished = target.with_name(f".{target.name}.unfinished")
            shutil.copyfile(source, unfinished)
            unfinished.replace(target)
