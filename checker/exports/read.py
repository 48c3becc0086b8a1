"""Reads a folder of grades as `lab grade` leaves it: GRADES/results/ID/VERSION.json. Never writes there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from checker.checks.result import CheckResult, PartResult, Report
from checker.errors import LabError, UsageProblem
from checker.exports.model import ClassGrades, Grading, House
from checker.grading.hidden import as_learners_see

TITLE = "IoT lab"


def read_grades(folder: Path) -> ClassGrades:
    """The newest version of everybody's grading."""
    results = folder / "results"
    if not results.is_dir():
        raise UsageProblem(f"{folder} holds no grades", next_step="lab grade SUBMISSIONS --out GRADES")
    gradings = [grading for place in sorted(results.iterdir()) if (grading := newest(place)) is not None]
    return ClassGrades(TITLE, tuple(sorted(gradings, key=lambda g: (g.shown_name.casefold(), g.id))), folder)


def newest(place: Path) -> Grading | None:
    """The newest grading in a learner's folder of results."""
    files = versions_in(place)
    return read_grading(files[-1]) if files else None


def versions_in(place: Path) -> list[Path]:
    """The result files of one learner, oldest first."""
    files = [file for file in place.glob("*.json") if file.stem.isascii() and file.stem.isdecimal()]
    return sorted(files, key=lambda file: int(file.stem))


def read_grading(file: Path) -> Grading:
    """One result file."""
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
        return grading_of(raw, file)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LabError(
            f"{file} is no result of lab grade: {type(error).__name__}: {error}",
            next_step=f"lab grade … --only {file.parent.name} grades it again",
        ) from error


def grading_of(raw: Mapping[str, Any], file: Path) -> Grading:
    """A result file's object as a grading."""
    report = report_of(raw)
    score = raw.get("score")
    most = raw.get("max_score")
    return Grading(
        id=str(raw.get("id") or file.parent.name),
        name=str(raw.get("name") or ""),
        email=str(raw.get("email") or ""),
        version=int(raw.get("version") or file.stem),
        report=report,
        score=float(score if score is not None else report.points + report.bonus),
        max_score=float(most if most is not None else report.max_points),
        part_scores={int(part): float(value) for part, value in (raw.get("part_scores") or {}).items()},
        rules=tuple(map(str, raw.get("rules") or ())),
        comment=str(raw.get("comment") or ""),
        problem=str(raw.get("problem") or ""),
        unfinished=raw.get("status") == "broken",
        house=house_of(raw.get("house") or {}),
        shown=report_of(as_shown(raw)),
        raw=raw,
        file=file,
    )


def report_of(raw: Mapping[str, Any]) -> Report:
    """The object of the command contract's `--json` as a report."""
    parts = tuple(_part(part) for part in raw.get("parts") or ())
    return Report(parts, raw.get("provenance") or {}, tuple(map(str, raw.get("notices") or ())))


def as_shown(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A result as its learner may see it: each check as its visibility says."""
    parts = []
    for part in raw.get("parts") or ():
        shown = [as_learners_see(check, check.get("visibility", "everything")) for check in part["checks"]]
        parts.append({**part, "checks": [check for check in shown if check is not None]})
    return {**raw, "parts": parts}


def _part(raw: Mapping[str, Any]) -> PartResult:
    checks = tuple(_check(check) for check in raw["checks"])
    # A bonus part has points outside max_points: no max_points although its checks have some.
    bonus = raw.get("bonus_part", not raw["max_points"] and any(check.max_points for check in checks))
    return PartResult(int(raw["part"]), str(raw["name"]), bool(bonus), checks)


def _check(raw: Mapping[str, Any]) -> CheckResult:
    if raw["status"] not in ("passed", "failed", "skipped", "broken"):
        raise ValueError(f"check {raw['id']} has the status {raw['status']!r}")
    told = {key: str(raw.get(key) or "") for key in ("expected", "got", "because", "fix")}
    seconds = float(raw.get("seconds") or 0)
    return CheckResult(str(raw["id"]), str(raw["title"]), raw["status"], raw["max_points"], **told, seconds=seconds)


def house_of(raw: Mapping[str, Any]) -> House:
    """What the house did, where the result tells it."""
    readings = [(float(s), str(zone), str(sensor), float(c)) for s, zone, sensor, c in raw.get("readings") or ()]
    commands = [(float(s), str(zone), bool(on)) for s, zone, on in raw.get("commands") or ()]
    return House(tuple(readings), tuple(commands))
