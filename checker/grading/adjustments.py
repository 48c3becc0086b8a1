"""adjustments.toml: what the instructor changes by hand and says to learners. Written by people only, never by the kit."""

from __future__ import annotations

import difflib
import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checker.errors import UsageProblem

FILE = "adjustments.toml"
POINT_KEYS = {"part", "check", "add", "set", "reason"}
EXPECTED = {
    "part": "a number like 2",
    "check": 'a text like "2.3"',
    "add": "points",
    "set": "points",
    "reason": "a text",
}


@dataclass(frozen=True)
class Change:
    """Points added to, or put in the place of, those of a check, a part, or (neither) the whole."""

    check: str = ""
    part: int = 0
    add: float = 0.0
    set: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class Adjustment:
    """All that concerns one learner."""

    comment: str = ""
    changes: tuple[Change, ...] = ()


NOT_ADJUSTED = Adjustment()


def read_adjustments(folder: Path) -> dict[str, Adjustment]:
    """The adjustments by learner; none without a file. Raises UsageProblem with all that is wrong."""
    file = folder / FILE
    if not file.is_file():
        return {}
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageProblem(f"{file} cannot be read: {error.strerror}", next_step="look at its permissions") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageProblem(f"{file} is no TOML: {error}", next_step="correct that line") from error
    problems: list[str] = []
    found = {learner: _adjustment(learner, table, problems) for learner, table in raw.items()}
    if problems:
        raise UsageProblem(
            f"{file} is not right:\n  " + "\n  ".join(problems), next_step="doc/grading.md shows an example"
        )
    return found


def without_effect(adjustments: Mapping[str, Adjustment], graded: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What of the adjustments changes nothing, in words; `graded` are the results that count, by learner."""
    told = []
    for learner, adjustment in adjustments.items():
        if learner not in graded:
            near = difflib.get_close_matches(learner, graded, n=1)
            told.append(
                f"{FILE}: nobody with a grade is called {learner}" + (f"; did you mean {near[0]}?" if near else "")
            )
            continue
        parts = graded[learner]["parts"]
        checks = {check["id"] for part in parts for check in part["checks"]}
        for change in adjustment.changes:
            if change.check and change.check not in checks:
                told.append(f"{FILE}: {learner} has no check {change.check}")
            if change.part and change.part not in {part["part"] for part in parts}:
                told.append(f"{FILE}: {learner} has no part {change.part}")
    return told


def render_adjustment(learner: str, adjustment: Adjustment) -> str:
    """One learner's adjustment as the text of a file."""
    lines = [f"[{_text(learner)}]", *([f"comment = {_text(adjustment.comment)}"] if adjustment.comment else [])]
    for change in adjustment.changes:
        about = [f"check = {_text(change.check)}"] if change.check else [f"part = {change.part}"] if change.part else []
        points = f"add = {change.add!r}" if change.set is None else f"set = {change.set!r}"
        reason = [f"reason = {_text(change.reason)}"] if change.reason else []
        lines += [f"[[{_text(learner)}.points]]", *about, points, *reason]
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    """A TOML string: JSON's form is one, but for a character that TOML wants escaped too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _adjustment(learner: str, table: Any, problems: list[str]) -> Adjustment:
    if not isinstance(table, dict):
        problems.append(f"{learner}: expected a table [{learner}]")
        return Adjustment()
    problems += [
        f"{learner}.{key}: unknown key; known are comment, points"
        + (f'; an id with a dot stands in quotes: ["{learner}.{key}"]' if isinstance(table[key], dict) else "")
        for key in sorted(table.keys() - {"comment", "points"})
    ]
    comment, points = table.get("comment", ""), table.get("points", [])
    if not isinstance(comment, str):
        problems.append(f"{learner}.comment: expected a text")
    if not isinstance(points, list):
        problems.append(f"{learner}.points: expected [[{learner}.points]]")
        points = []
    changes = [_change(f"{learner}.points[{n}]", entry, problems) for n, entry in enumerate(points, 1)]
    return Adjustment(str(comment), tuple(changes))


def _change(key: str, entry: Any, problems: list[str]) -> Change:
    if not isinstance(entry, Mapping) or set(entry) - POINT_KEYS:
        problems.append(f"{key}: expected the keys {', '.join(sorted(POINT_KEYS))}")
        return Change()
    if ("add" in entry) == ("set" in entry) or ("part" in entry and "check" in entry):
        problems.append(f"{key}: expected either add or set, and at most one of part and check")
    kinds = {"part": int, "check": str, "add": (int, float), "set": (int, float), "reason": str}
    wrong = [name for name, value in entry.items() if isinstance(value, bool) or not isinstance(value, kinds[name])]
    wrong += [name for name in ("add", "set") if isinstance(entry.get(name), float) and not math.isfinite(entry[name])]
    problems += [f"{key}.{name}: is {entry[name]!r}, expected {EXPECTED[name]}" for name in wrong]
    return Change() if wrong else Change(**entry)
