"""A learner's progress, kept in the workspace's `.lab/`: best results, hints taken. A convenience, never a grade."""

from __future__ import annotations

import time
from typing import Any

from checker.checks.result import Report
from checker.curriculum.workspace import Workspace

RESULTS, HINTS, TIMES, BEGUN = "results.json", "hints.json", "times.json", "begun.json"


def remember(workspace: Workspace, report: Report) -> None:
    """Keeps the newest result of every part that the report has and in which nothing broke."""
    kept = workspace.read_note(RESULTS)
    for part in report.parts:
        if any(check.status == "broken" for check in part.checks):
            continue  # our fault says nothing about the learner
        kept[str(part.number)] = {
            "points": part.bonus if part.bonus_part else part.points,
            "available": part.available,
            "checks": {check.id: check.status for check in part.checks},
            "at": report.provenance.get("began", ""),
        }
    workspace.write_note(RESULTS, kept)
    if len(report.parts) == 1:
        note_time(workspace, report.parts[0].number, time.time())


def results(workspace: Workspace) -> dict[str, dict[str, Any]]:
    """The newest result of each part, by its number as text."""
    return {number: part for number, part in workspace.read_note(RESULTS).items() if isinstance(part, dict)}


PAUSE_S = 30 * 60.0
"""A longer time between two checks is not counted as work."""


def note_time(workspace: Workspace, part: int, now: float) -> None:
    """Adds the time since the last check to a part's working time, unless it was a pause."""
    note = workspace.read_note(TIMES)
    since = now - float(note.get("last", now))
    spent = note.get("spent", {})
    spent[str(part)] = round(float(spent.get(str(part), 0)) + (since if 0 < since < PAUSE_S else 0), 1)
    workspace.write_note(TIMES, {"last": now, "spent": spent})


def minutes_spent(workspace: Workspace) -> dict[str, int]:
    """The working time of each part so far, by its number as text."""
    return {part: round(float(seconds) / 60) for part, seconds in workspace.read_note(TIMES).get("spent", {}).items()}


def has_passed(workspace: Workspace, number: int) -> bool:
    """Did every check of the part pass when it was last checked?"""
    checks = results(workspace).get(str(number), {}).get("checks", {})
    return bool(checks) and all(status == "passed" for status in checks.values())


def begin_at(workspace: Workspace, number: int) -> None:
    """Notes that the learner begins with this part: those before it are the solutions'."""
    workspace.write_note(BEGUN, {"part": number})


def begun_at(workspace: Workspace) -> int:
    """The part that the learner began with."""
    return int(workspace.read_note(BEGUN).get("part", 1))


def hints_taken(workspace: Workspace) -> dict[str, int]:
    """How many levels of hints were shown, by step."""
    return {step: int(level) for step, level in workspace.read_note(HINTS).items() if isinstance(level, int)}


def take_hint(workspace: Workspace, step: str, level: int) -> None:
    """Notes that hints up to `level` were shown for a step."""
    workspace.write_note(HINTS, hints_taken(workspace) | {step: level})
