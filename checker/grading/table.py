"""The table at the end of a grading: learner, score, parts, status."""

from __future__ import annotations

from collections.abc import Sequence

from checker.grading.adjustments import Adjustment, read_adjustments
from checker.grading.course import CourseRules
from checker.grading.final import Grade, final_grade
from checker.grading.store import Grades


def grades_of(grades: Grades, course: CourseRules, learners: Sequence[str] | None = None) -> list[Grade]:
    """The present grades of these learners, or of all that have a result."""
    adjustments = read_adjustments(grades.folder)
    chosen = grades.ids() if learners is None else sorted(set(learners))
    results = ((learner, grades.results(learner)) for learner in chosen)
    return [final_grade(found, course, adjustments.get(learner, Adjustment())) for learner, found in results if found]


def render_table(grades: Grades, course: CourseRules, learners: Sequence[str] | None = None) -> str:
    """The table as text."""
    found = grades_of(grades, course, learners)
    numbers = sorted({part for grade in found for part in grade.parts})
    head = ["learner", "score", "of", *(f"part {number}" for number in numbers), "status"]
    rows = [_row(grade, numbers) for grade in found]
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    return "\n".join("  ".join(_cell(row, n, widths) for n in range(len(head))).rstrip() for row in [head, *rows])


def _cell(row: list[str], column: int, widths: list[int]) -> str:
    is_text = column in (0, len(widths) - 1)
    return row[column].ljust(widths[column]) if is_text else row[column].rjust(widths[column])


def _row(grade: Grade, numbers: Sequence[int]) -> list[str]:
    status = grade.result["status"]
    why = f": {grade.result['problem'].splitlines()[0][:80]}" if grade.result["problem"] else ""
    parts = [_number(grade.parts[n]) if n in grade.parts else "" for n in numbers]
    return [grade.learner, _number(grade.score), _number(grade.max_score), *parts, f"{status}{why}"]


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
