"""What an instructor should know before trusting a folder of grades: rules without effect, grades that rest on less than they seem."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from typing import Any, TypeVar

from checker.grading.adjustments import read_adjustments, without_effect
from checker.grading.course import CourseRules
from checker.grading.final import UNREAD, Grade
from checker.grading.store import Grades
from checker.grading.table import grades_of

MOST_NAMES = 10
K = TypeVar("K", bound=Hashable)


def notices_of(grades: Grades, course: CourseRules) -> list[str]:
    """About everybody who has a grade, a line each."""
    found = grades_of(grades, course)
    adjusted = without_effect(read_adjustments(grades.folder), {each.learner: each.result for each in found})
    return [*adjusted, *_without_time(found, course), *_of_other_parts(found), *_of_other_checks(found)]


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
    return [
        f"{_names(learners)}: the grade that counts is of part {', '.join(map(str, parts)) or 'none'} only, other than the class's; "
        "lab grade with the parts of the class takes the earlier one back"
        for parts, learners in _unlike_most(found, lambda grade: tuple(sorted(grade.parts)))
    ]


def _of_other_checks(found: Sequence[Grade]) -> list[str]:
    """Nor those that other checks made, or another version of the same."""
    return [
        f"{_names(learners)}: graded by another kit or other hidden checks than most of the class "
        f"({_when(learners[0], found)}); lab grade of the whole class, without --only and --changed, grades all alike"
        for _, learners in _unlike_most([each for each in found if each.result["status"] != "refused"], _checks_of)
    ]


def _checks_of(grade: Grade) -> tuple[str, str]:
    made = grade.result.get("provenance", {})
    return str(made.get("kit_sha256", "")), str(made.get("hidden_checks", ""))


def _when(learner: str, found: Sequence[Grade]) -> str:
    made = next(each.result.get("provenance", {}) for each in found if each.learner == learner)
    return str(made.get("graded_at", "it does not say when"))


def _unlike_most(found: Sequence[Grade], kind: Callable[[Grade], K]) -> list[tuple[K, list[str]]]:
    """The learners whose grade is of another kind than that of most, by kind."""
    kinds: dict[K, list[str]] = {}
    for each in found:
        kinds.setdefault(kind(each), []).append(each.learner)
    return sorted(kinds.items(), key=lambda item: -len(item[1]))[1:]


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
