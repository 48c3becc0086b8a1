"""Reads a folder of grades as `lab grade` leaves it: results, course.toml, adjustments.toml. Never writes there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from checker.checks.result import CheckResult, PartResult, Report
from checker.errors import LabError, UsageProblem
from checker.exports.model import ClassGrades, Grading, House
from checker.grading.adjustments import Adjustment, read_adjustments
from checker.grading.course import CourseRules, read_course
from checker.grading.final import Grade, final_grade
from checker.grading.hidden import as_learners_see
from checker.grading.store import Grades

TITLE = "IoT lab"
STATUSES = ("passed", "failed", "skipped", "broken")


def read_grades(folder: Path, course_file: Path | None = None) -> ClassGrades:
    """Everybody's present grade, by name."""
    store = Grades(folder.resolve())
    if not store.ids():
        raise UsageProblem(f"{folder} holds no grades", next_step="lab grade SUBMISSIONS --out GRADES")
    rules = store.rules_file(course_file)
    course = read_course(rules)
    adjustments = read_adjustments(store.folder)
    gradings = []
    for learner in store.ids():
        if store.versions(learner):
            gradings.append(_grading_in(store, learner, course, adjustments.get(learner, Adjustment())))
    gradings.sort(key=lambda grading: (grading.shown_name.casefold(), grading.id))
    return ClassGrades(course.title or TITLE, tuple(gradings), store.folder, rules if rules.is_file() else None)


def read_grading(folder: Path, learner: str, course_file: Path | None = None) -> Grading | None:
    """One learner's present grade."""
    store = Grades(folder.resolve())
    if learner not in store.ids() or not store.versions(learner):
        return None
    course = read_course(store.rules_file(course_file))
    return _grading_in(store, learner, course, read_adjustments(store.folder).get(learner, Adjustment()))


def _grading_in(store: Grades, learner: str, course: CourseRules, adjustment: Adjustment) -> Grading:
    results = store.results(learner)
    try:
        return grading_of(final_grade(results, course, adjustment), course, store)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LabError(
            f"{store.folder / 'results' / learner} holds what is no result of lab grade: {type(error).__name__}: {error}",
            next_step=f"remove that file and grade it again: lab grade … --only {learner}",
        ) from error


def grading_of(grade: Grade, course: CourseRules, store: Grades) -> Grading:
    """A grade with the result that it comes from."""
    raw = grade.result
    version = int(raw["version"])
    return Grading(
        id=grade.learner,
        name=str(raw["learner"].get("name") or ""),
        email=str(raw["learner"].get("email") or ""),
        version=version,
        report=report_of(raw, raw["parts"], course),
        score=round(grade.score, 4),
        max_score=grade.max_score,
        part_scores=grade.parts,
        part_maxima=grade.most,
        rules=grade.rules,
        comment=grade.comment,
        problem=str(raw.get("problem") or ""),
        status=str(raw.get("status") or "graded"),
        house=house_of(raw.get("house") or {}),
        shown=report_of(raw, parts_as_shown(raw["parts"], course), course),
        raw=raw,
        file=store.result_file(grade.learner, version),
    )


def report_of(raw: Mapping[str, Any], parts: Sequence[Mapping[str, Any]], course: CourseRules) -> Report:
    """A result file's object as the report that every renderer knows."""
    found = tuple(_part(part, course) for part in parts if course.rules_of(part["part"]).graded)
    handed_in = raw["submission"]
    about = {"submission": handed_in.get("sha256", ""), "source": handed_in.get("source", "")}
    about |= {key: handed_in[key] for key in ("submitted_at", "commit") if handed_in.get(key)}
    notices = [*(raw.get("notices") or ()), *(handed_in.get("notes") or ())]
    if left_out := handed_in.get("left_out"):
        notices.append("Not taken from what was handed in: " + "; ".join(map(str, left_out)))
    return Report(found, {**about, **(raw.get("provenance") or {})}, tuple(map(str, notices)))


def parts_as_shown(parts: Sequence[Mapping[str, Any]], course: CourseRules) -> list[dict[str, Any]]:
    """The parts as their learner may see them: each check as its visibility says."""
    shown = []
    for part in parts:
        checks = [as_learners_see(check, course.level_of(check)) for check in part["checks"]]
        shown.append({**part, "checks": [check for check in checks if check is not None]})
    return shown


def _part(raw: Mapping[str, Any], course: CourseRules) -> PartResult:
    bonus = course.is_bonus(raw["part"], bool(raw["bonus_part"]))
    return PartResult(int(raw["part"]), str(raw["name"]), bonus, tuple(_check(check) for check in raw["checks"]))


def _check(raw: Mapping[str, Any]) -> CheckResult:
    if raw["status"] not in STATUSES:
        raise ValueError(f"check {raw['id']} has the status {raw['status']!r}")
    expected, got, because, fix = (str(raw.get(key) or "") for key in ("expected", "got", "because", "fix"))
    seconds = float(raw.get("seconds") or 0)
    return CheckResult(
        str(raw["id"]),
        str(raw["title"]),
        raw["status"],
        raw["max_points"],
        expected,
        got,
        because,
        fix,
        seconds=seconds,
    )


def house_of(raw: Mapping[str, Any]) -> House:
    """What the house did, where the result tells it."""
    readings = [(float(s), str(zone), str(sensor), float(c)) for s, zone, sensor, c in raw.get("readings") or ()]
    commands = [(float(s), str(zone), bool(on)) for s, zone, on in raw.get("commands") or ()]
    return House(tuple(readings), tuple(commands))
