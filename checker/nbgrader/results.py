"""What `lab grade` found, as a notebook's cells need it: by learner and part, without what hidden checks must not tell."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checker.checks.result import CheckResult, PartResult
from checker.curriculum.parts import read_parts
from checker.exports.markup import visible
from checker.exports.model import Grading
from checker.exports.read import read_grading
from checker.report.terminal import SYMBOLS, Style, render_details


@dataclass(frozen=True)
class PartOutcome:
    """A learner's results in one part; empty if there are none."""

    checks: dict[str, CheckResult]

    def as_json(self) -> dict[str, Any]:
        """The object that show_check() reads."""
        return {"parts": [{"checks": [check.as_dict() for check in self.checks.values()]}]}


def outcome_of(grades: Path, learner: str, part: int) -> PartOutcome:
    """What the learner may see of a part's newest result."""
    grading = read_grading(grades, learner) if _is_plain(learner) else None
    parts = grading.for_learner.report.parts if grading else ()
    return PartOutcome({check.id: check for each in parts if each.number == part for check in each.checks})


def penalty_in(grades: Path, learner: str, assignment: str) -> float:
    """What late rules took from a learner's checks in the part that an assignment is named after."""
    grading = read_grading(grades, learner) if _is_plain(learner) else None
    number = next((part.number for part in read_parts() if part.id == assignment), None)
    parts = grading.report.parts if grading else ()
    return next((penalty_of(grading, part) for part in parts if grading and part.number == number), 0.0)


def penalty_of(grading: Grading, part: PartResult) -> float:
    """What late rules and adjustments took from a part, in points of its checks: a weight is no penalty."""
    return max(0.0, -_beside_checks(grading, part))


def extra_of(grading: Grading, part: PartResult) -> float:
    """What the instructor's adjustments gave to a part, in points of its checks."""
    return max(0.0, _beside_checks(grading, part))


def _beside_checks(grading: Grading, part: PartResult) -> float:
    """What the rules of the course made of a part's points, more or less."""
    earned, most = part.points + part.bonus, grading.most_of(part)
    weight = most / part.available if part.available else 1.0
    return round(grading.score_of(part) / weight - earned, 9) if weight else 0.0


def outputs_of(check_id: str, result: CheckResult | None) -> list[dict[str, Any]]:
    """What a cell shows of a check. An error is how nbgrader knows that there are no points."""
    if result is None:
        return [_error("NotGraded", f"lab grade has no result of check {check_id} yet")]
    head = f"{SYMBOLS[result.status]} {result.status}  {result.id}  {result.title}   {_points(result)}"
    text = visible("\n".join([head, *render_details(result, Style())])) + "\n"
    shown = [{"output_type": "stream", "name": "stdout", "text": text}]
    return (
        shown
        if result.status == "passed"
        else [*shown, _error("CheckNotPassed", f"check {result.id}: {result.status}")]
    )


def _points(result: CheckResult) -> str:
    return f"{'?' if result.status == 'broken' else result.points}/{result.max_points}"


def _error(name: str, value: str) -> dict[str, Any]:
    return {"output_type": "error", "ename": name, "evalue": value, "traceback": [f"{name}: {value}"]}


def _is_plain(learner: str) -> bool:
    return "/" not in learner and learner not in ("", ".", "..")
