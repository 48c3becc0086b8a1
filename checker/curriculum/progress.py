"""A learner's progress, kept in the workspace's `.lab/`: best results, hints taken. A convenience, never a grade."""

from __future__ import annotations

from typing import Any

from checker.checks.result import Report
from checker.curriculum.workspace import Workspace

RESULTS, HINTS = "results.json", "hints.json"


def remember(workspace: Workspace, report: Report) -> None:
    """Keeps the newest result of every part that the report has."""
    kept = workspace.read_note(RESULTS)
    for part in report.parts:
        kept[str(part.number)] = {
            "points": part.bonus if part.bonus_part else part.points,
            "available": part.available,
            "checks": {check.id: check.status for check in part.checks},
            "at": report.provenance.get("began", ""),
        }
    workspace.write_note(RESULTS, kept)


def results(workspace: Workspace) -> dict[str, dict[str, Any]]:
    """The newest result of each part, by its number as text."""
    return {number: part for number, part in workspace.read_note(RESULTS).items() if isinstance(part, dict)}


def has_passed(workspace: Workspace, number: int) -> bool:
    """Did every check of the part pass when it was last checked?"""
    checks = results(workspace).get(str(number), {}).get("checks", {})
    return bool(checks) and all(status == "passed" for status in checks.values())


def hints_taken(workspace: Workspace) -> dict[str, int]:
    """How many levels of hints were shown, by step."""
    return {step: int(level) for step, level in workspace.read_note(HINTS).items() if isinstance(level, int)}


def take_hint(workspace: Workspace, step: str, level: int) -> None:
    """Notes that hints up to `level` were shown for a step."""
    workspace.write_note(HINTS, hints_taken(workspace) | {step: level})
