"""The table at the end of a grading: learner, score, parts, status."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from checker.grading.adjustments import Adjustment, read_adjustments
from checker.grading.course import CourseRules
from checker.grading.final import Grade, final_grade
from checker.grading.result import why_of
from checker.grading.store import Grades
from checker.grading.texts import harmless

LONGEST_NAME = 40


def grades_of(grades: Grades, course: CourseRules, learners: Sequence[str] | None = None) -> list[Grade]:
    """The present grades of these learners, or of all that have a result."""
    adjustments = read_adjustments(grades.folder)
    chosen = grades.ids() if learners is None else sorted(set(learners))
    results = ((learner, grades.results(learner)) for learner in chosen)
    return [final_grade(found, course, adjustments.get(learner, Adjustment())) for learner, found in results if found]


def scores_at(grades: Grades, course: CourseRules) -> Callable[[str, int], str]:
    """A learner's score after all rules, as it was or would have been when a version was the newest."""
    adjustments = read_adjustments(grades.folder)

    def score(learner: str, version: int) -> str:
        until = [result for result in grades.results(learner) if result["version"] <= version]
        grade = final_grade(until, course, adjustments.get(learner, Adjustment()))
        return f"{_number(grade.score)} of {_number(grade.max_score)}"

    return score


def render_table(grades: Grades, course: CourseRules, learners: Sequence[str] | None = None) -> str:
    """The table as text."""
    found = grades_of(grades, course, learners)
    numbers = sorted({part for grade in found for part in grade.parts})
    names = any(_name(grade) for grade in found)
    head = ["learner", *(["name"] if names else []), "score", "of", *(f"part {number}" for number in numbers), "status"]
    rows = [_row(grade, numbers, names) for grade in found]
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    texts = {0, len(head) - 1} | ({1} if names else set())
    return "\n".join(
        "  ".join(_cell(row, n, widths, n in texts) for n in range(len(head))).rstrip() for row in [head, *rows]
    )


def _cell(row: list[str], column: int, widths: list[int], is_text: bool) -> str:
    return row[column].ljust(widths[column]) if is_text else row[column].rjust(widths[column])


def _name(grade: Grade) -> str:
    """The learner's name, where the platform or the instructor's list told it."""
    plain = " ".join(harmless(grade.result["learner"].get("name") or "").split())
    return plain if len(plain) <= LONGEST_NAME else f"{plain[: LONGEST_NAME - 1]}…"


def _row(grade: Grade, numbers: Sequence[int], names: bool) -> list[str]:
    status = grade.result["status"]
    why = f": {found[:80]}" if (found := why_of(grade.result)) else ""
    parts = [_number(grade.parts[n]) if n in grade.parts else "" for n in numbers]
    name = [_name(grade)] if names else []
    return [grade.learner, *name, _number(grade.score), _number(grade.max_score), *parts, f"{status}{why}"]


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
