"""Who changed between two versions of the grades, by how much, and by which check."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checker.grading.store import Grades
from checker.grading.texts import harmless


@dataclass(frozen=True)
class CheckChange:
    """One check whose outcome differs."""

    id: str
    before: str
    after: str
    points: int
    """After minus before."""


@dataclass(frozen=True)
class LearnerChange:
    """One learner, two versions."""

    learner: str
    versions: tuple[int, int]
    points: int
    same_files: bool
    """Whether the same submission was graded: then the checks made the difference."""
    checks: tuple[CheckChange, ...]
    name: str = ""


Score = Callable[[str, int], str]
"""A learner's score after all rules at a version, in words."""


def compare(
    grades: Grades, before: int | None = None, after: int | None = None, score: Score | None = None
) -> list[LearnerChange]:
    """Every learner with a difference between versions `before` and `after`, by default the last two.

    With `score` also those whose points are the same and whose score is not: a time was corrected.
    """
    found = []
    for learner in grades.ids():
        versions = grades.versions(learner)
        pair = (before, after) if before is not None and after is not None else tuple(versions[-2:])
        if len(pair) == 2 and set(pair) <= set(versions):
            change = compare_results(*(grades.read(learner, int(version)) for version in pair if version))
            scored = {score(learner, version) for version in change.versions} if score else ()
            if change.checks or len(scored) > 1:
                found.append(change)
    return found


def compare_results(before: Mapping[str, Any], after: Mapping[str, Any]) -> LearnerChange:
    """The difference between two results of one learner. Pure."""
    old, new = _checks(before), _checks(after)
    changes = [
        CheckChange(check, _status(old.get(check)), _status(new.get(check)), _points(new.get(check)) - _points(old.get(check)))
        for check in [*old, *(check for check in new if check not in old)]
        if _status(old.get(check)) != _status(new.get(check)) or _points(old.get(check)) != _points(new.get(check))
    ]  # fmt: skip
    same = before["submission"]["sha256"] == after["submission"]["sha256"]
    points = sum(change.points for change in changes)
    return LearnerChange(
        after["learner"]["id"],
        (before["version"], after["version"]),
        points,
        same,
        tuple(changes),
        str(after["learner"].get("name") or ""),
    )


def _checks(result: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {check["id"]: check for part in result["parts"] for check in part["checks"]}


def _status(check: Mapping[str, Any] | None) -> str:
    return str(check["status"]) if check else "absent"


def _points(check: Mapping[str, Any] | None) -> int:
    return int(check["points"]) if check else 0


def render_changes(changes: Sequence[LearnerChange], score: Score | None = None) -> str:
    """The differences as text, and which checks made them; `score` tells a learner's score after all rules at a version."""
    if not changes:
        return "Nobody's points or score changed."
    lines = []
    for change in changes:
        files = "same files" if change.same_files else "other files"
        before, after = change.versions
        who = f"{change.learner} ({' '.join(harmless(change.name, 60).split())})" if change.name else change.learner
        lines.append(f"{who}  {change.points:+d} points  versions {before} → {after}, {files}")
        if score:
            lines.append(f"    score after all rules  {score(change.learner, before)} → {score(change.learner, after)}")
        lines += [f"    {c.id}  {c.before} → {c.after}  {c.points:+d}" for c in change.checks]
    by_check: dict[str, list[int]] = {}
    for check in (check for change in changes for check in change.checks):
        by_check.setdefault(check.id, []).append(check.points)
    lines.append(f"{len(changes)} learner{'s' * (len(changes) != 1)} changed.")
    lines += [
        f"    {check}: {len(points)} learner{'s' * (len(points) != 1)}, {sum(points):+d} points"
        for check, points in sorted(by_check.items())
    ]
    return "\n".join(lines)
