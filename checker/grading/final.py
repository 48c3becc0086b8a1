"""Makes a grade of results: which attempt counts, weights, bonus, late rules, hints, the instructor's adjustments. Pure.

Every step leaves a sentence, so that a grade can be explained to the one who got it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from checker.grading.adjustments import NOT_ADJUSTED, Adjustment, Change
from checker.grading.course import CourseRules, LateRules

UNREAD = "unread-"
"""How the hash begins of a submission that could not be read through nobody's fault."""


@dataclass(frozen=True)
class Grade:
    """One learner's grade, with the result that it comes from."""

    learner: str
    score: float
    max_score: float
    parts: Mapping[int, float]
    """What each part is worth after all rules."""
    most: Mapping[int, float]
    """What each part can be worth: its points times its weight."""
    rules: tuple[str, ...]
    """How the score came about, beyond the sum of the points."""
    comment: str
    result: Mapping[str, Any]


def final_grade(
    results: Sequence[Mapping[str, Any]], course: CourseRules, adjustment: Adjustment = NOT_ADJUSTED
) -> Grade:
    """The grade of a learner; `results` are all versions, oldest first, at least one."""
    attempts = present_attempts(results)
    counted = attempts[: course.attempts.most] if course.attempts.most else attempts
    grades = [_of_attempt(result, number, course, adjustment) for number, result in enumerate(counted, 1)]
    best = max(grades, key=lambda grade: grade.score) if course.attempts.best else grades[-1]
    if len(attempts) > 1:
        number = grades.index(best) + 1
        how = "the best" if course.attempts.best else "the last"
        ignored = f", {len(attempts) - len(counted)} beyond the limit" if len(attempts) > len(counted) else ""
        best = _noted(best, f"attempt {number} of {len(attempts)} counts: {how}{ignored}")
    return best


def present_attempts(results: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The newest result of each hand-in, in the order in which they were handed in; `results`: oldest first.

    A hand-in is files at a time; files without a time are in the order of their newest results. What could not be read
    through nobody's fault is no attempt as long as there is another.
    """
    newest: dict[tuple[str, float], Mapping[str, Any]] = {}
    for result in results:
        submission = result["submission"]
        for time in (*submission.get("instead_of", ()), submission["submitted_at"]):
            newest.pop((submission["sha256"], moment_of({"submitted_at": time})), None)
        newest[submission["sha256"], moment_of(submission)] = result
    attempts = sorted(newest.values(), key=lambda result: moment_of(result["submission"]))
    return [each for each in attempts if not is_unread(each)] or attempts


def moment_of(submission: Mapping[str, Any]) -> float:
    """When something was handed in, whatever zone tells it; what has no time is before everything."""
    time = submission["submitted_at"]
    return datetime.fromisoformat(time).timestamp() if time else -math.inf


def is_unread(result: Mapping[str, Any]) -> bool:
    """Could the submission not be read, through nobody's fault?"""
    return str(result["submission"]["sha256"]).startswith(UNREAD)


def _of_attempt(result: Mapping[str, Any], number: int, course: CourseRules, adjustment: Adjustment) -> Grade:
    rules: list[str] = []
    changes = adjustment.changes
    parts: dict[int, float] = {}
    most: dict[int, float] = {}
    whole = 0.0
    for part in (each for each in result["parts"] if course.rules_of(each["part"]).graded):
        part_rules = course.rules_of(part["part"])
        bonus = course.is_bonus(part["part"], part["bonus_part"])
        if part_rules.weight != 1:
            rules.append(f"part {part['part']}: its points count {part_rules.weight:g} times")
        earned = _earned(part, [change for change in changes if change.check], course, rules)
        score = earned * part_rules.weight * _kept(part, result, course.late, rules)
        for change in (c for c in changes if c.part == part["part"]):
            score = _changed(score, change, f"part {part['part']}", rules)
        parts[part["part"]] = score
        most[part["part"]] = sum(check["max_points"] for check in part["checks"]) * part_rules.weight
        whole += 0 if bonus else most[part["part"]]
    score = sum(parts.values())
    score -= _hint_costs(result, course.hint_costs, rules)
    if (extra := max(0, number - 1 - course.attempts.free)) and course.attempts.each_costs:
        score *= max(0.0, 1 - extra * course.attempts.each_costs)
        rules.append(f"attempt {number}: {extra} beyond the free ones cost {_percent(course.attempts.each_costs)} each")
    for change in (c for c in changes if not c.part and not c.check):
        score = _changed(score, change, "the sum", rules)
    score = max(0.0, score)
    return Grade(result["learner"]["id"], score, whole, parts, most, tuple(rules), adjustment.comment, result)


def _earned(part: Mapping[str, Any], changes: Sequence[Change], course: CourseRules, rules: list[str]) -> float:
    total = 0.0
    for check in part["checks"]:
        points = float(check["points"])
        for change in (c for c in changes if c.check == check["id"]):
            secret = course.level_of(check) in ("points", "nothing")
            points = _changed(points, change, "a hidden check" if secret else f"check {check['id']}", rules)
        total += points
    return total


def _changed(points: float, change: Change, what: str, rules: list[str]) -> float:
    after = points + change.add if change.set is None else float(change.set)
    rules.append(f"{what}: {points:g} → {after:g} by the instructor" + (f" ({change.reason})" if change.reason else ""))
    return after


def _kept(part: Mapping[str, Any], result: Mapping[str, Any], late: LateRules, rules: list[str]) -> float:
    deadline, handed_in = late.deadline_of(part["part"]), result["submission"]["submitted_at"]
    if deadline is None or not handed_in:
        return 1.0
    overdue = datetime.fromisoformat(handed_in) - deadline
    if overdue <= late.grace:
        return 1.0
    hours = overdue.total_seconds() / 3600
    kept = share_kept(hours, late)
    rules.append(f"part {part['part']}: {_exact(hours)} h late, {_percent(kept)} of its points are kept")
    return kept


def share_kept(hours: float, late: LateRules) -> float:
    """The share of the points that is kept `hours` after the deadline.

    Steps: the last step that was reached counts, all is kept before the first. Linear: between two steps the share falls
    evenly, from all at the deadline; after the last step it stays.
    """
    if not late.steps:
        return 1.0
    if not late.linear:
        return next((keep for after, keep in reversed(late.steps) if hours >= after), 1.0)
    begin = (0.0, 1.0)
    for after, keep in late.steps:
        if hours < after:
            return begin[1] + (keep - begin[1]) * (hours - begin[0]) / (after - begin[0])
        begin = (after, keep)
    return begin[1]


def _percent(share: float) -> str:
    return f"{_exact(100 * share)}%"


def _exact(value: float) -> str:
    """So exact that a learner who calculates comes to the same points."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _hint_costs(result: Mapping[str, Any], costs: Sequence[float], rules: list[str]) -> float:
    if not costs:
        return 0.0
    used = result["submission"].get("hints", {})
    cost = sum(sum(costs[:level]) for level in used.values())
    if cost:
        rules.append(f"hints for {', '.join(sorted(used))}: {cost:g} points")
    return cost


def _noted(grade: Grade, rule: str) -> Grade:
    return replace(grade, rules=(*grade.rules, rule))
