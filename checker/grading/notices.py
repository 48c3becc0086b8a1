"""What an instructor should know before trusting a folder of grades: rules without effect, grades that rest on less than they seem."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from checker.grading.adjustments import read_adjustments, without_effect
from checker.grading.course import CourseRules
from checker.grading.final import UNREAD, Grade
from checker.grading.store import Grades
from checker.grading.table import grades_of

MOST_NAMES = 10


def notices_of(grades: Grades, course: CourseRules) -> list[str]:
    """About everybody who has a grade, a line each."""
    found = grades_of(grades, course)
    adjusted = without_effect(read_adjustments(grades.folder), {each.learner: each.result for each in found})
    return [*adjusted, *_without_time(found, course), *_of_other_parts(found)]


def _without_time(found: Sequence[Grade], course: CourseRules) -> list[str]:
    late = course.late
    untimed = [each.learner for each in found if not each.result["submission"]["submitted_at"]]
    if not untimed or not (late.deadline or late.deadlines):
        return []
    return [
        f"late rules: nobody knows when {_names(untimed)} handed in, so nothing of theirs is late; "
        "submissions.csv can say it (column submitted_at)"
    ]


def _of_other_parts(found: Sequence[Grade]) -> list[str]:
    """Grades of one class that do not hold the same parts cannot be compared."""
    by_parts: dict[tuple[int, ...], list[str]] = {}
    for each in found:
        by_parts.setdefault(tuple(sorted(each.parts)), []).append(each.learner)
    others = sorted(by_parts.items(), key=lambda item: -len(item[1]))[1:]
    return [
        f"{_names(learners)}: the grade that counts is of part {', '.join(map(str, parts)) or 'none'} only, other than the class's; "
        "lab grade with the parts of the class takes the earlier one back"
        for parts, learners in others
    ]


def gone_attempts(grades: Grades, course: CourseRules, done: Sequence[Mapping[str, Any]]) -> list[str]:
    """Whose last attempt is not among the submissions any more; `done`: the results of all that are."""
    handed_in: dict[str, set[str]] = {}
    for result in done:
        handed_in.setdefault(result["learner"]["id"], set()).add(result["submission"]["sha256"])
    told = []
    for grade in grades_of(grades, course, list(handed_in)) if not course.attempts.best else ():
        submission, present = grade.result["submission"], handed_in[grade.learner]
        if submission["sha256"] not in present and not any(sha256.startswith(UNREAD) for sha256 in present):
            told.append(
                f"{grade.learner}: what counts is version {grade.result['version']}, {submission['source']}, which is not among the "
                f"submissions now; if it is not to count, remove that file from results/{grade.learner}"
            )
    return told


def others_graded(grades: Grades, learners: Collection[str]) -> list[str]:
    """Who has a grade and no submission: an id that changed since, or the grades of another class."""
    others = [learner for learner in grades.ids() if learner not in learners and grades.versions(learner)]
    return (
        [f"{grades.folder} also holds grades of others, who are not among the submissions: {_names(others)}"]
        if others
        else []
    )


def _names(learners: Sequence[str]) -> str:
    more = f" and {len(learners) - MOST_NAMES} more" if len(learners) > MOST_NAMES else ""
    return ", ".join(learners[:MOST_NAMES]) + more
