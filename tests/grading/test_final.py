"""From results to a grade, with a sentence for every rule that had a say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from checker.grading.adjustments import Adjustment, Change
from checker.grading.course import AttemptRules, CourseRules, LateRules, PartRules
from checker.grading.difference import compare_results, render_changes
from checker.grading.final import final_grade, share_kept
from tests.grading.conftest import result_of

STEPS = ((24.0, 0.8), (72.0, 0.0))
DEADLINE = datetime(2026, 5, 1, tzinfo=UTC)


def handed_in(sha256: str, hours_late: float) -> dict[str, str]:
    return {"sha256": sha256, "submitted_at": (DEADLINE + timedelta(hours=hours_late)).isoformat()}


def test_without_rules_the_points_are_the_score():
    grade = final_grade([result_of({"1.1": 10, "2.1": 0})], CourseRules())

    assert (grade.score, grade.max_score, grade.rules) == (10, 20, ())


def test_parts_have_weights_and_a_bonus_part_is_outside_of_the_maximum():
    course = CourseRules(parts={1: PartRules(weight=3), 2: PartRules(bonus=True)})

    grade = final_grade([result_of({"1.1": 10, "2.1": 10})], course)

    assert (grade.score, grade.max_score) == (40, 30)


@pytest.mark.parametrize(
    ("hours", "linear", "kept"),
    [
        (1, False, 1.0),
        (24, False, 0.8),
        (71, False, 0.8),
        (72, False, 0.0),
        (12, True, 0.9),
        (48, True, 0.4),
        (100, True, 0.0),
    ],
)
def test_the_share_kept_falls_in_steps_or_evenly(hours, linear, kept):
    assert share_kept(hours, LateRules(linear=linear, steps=STEPS)) == pytest.approx(kept)


def test_within_the_grace_nothing_is_lost_and_after_it_the_rule_is_named():
    course = CourseRules(late=LateRules(deadline=DEADLINE, grace=timedelta(minutes=15), steps=STEPS))

    in_time = final_grade([result_of({"1.1": 10}, submission=handed_in("a", 0.2))], course)
    late = final_grade([result_of({"1.1": 10}, submission=handed_in("a", 30))], course)

    assert (in_time.score, in_time.rules) == (10, ())
    assert (late.score, late.rules) == (8, ("part 1: 30 h late, 80% of its points are kept",))


def test_shares_are_told_so_that_they_can_be_calculated_with():
    course = CourseRules(
        late=LateRules(deadline=DEADLINE, linear=True, steps=STEPS), attempts=AttemptRules(each_costs=0.025)
    )
    results = [result_of({"1.1": 10}, submission=handed_in(each, 20.02)) for each in "ab"]
    results[1]["submission"]["submitted_at"] = handed_in("b", 20.5)["submitted_at"]

    assert final_grade(results, course).rules[:2] == (
        "part 1: 20.5 h late, 82.92% of its points are kept",
        "attempt 2: 1 beyond the free ones cost 2.5% each",
    )


def test_the_last_or_the_best_attempt_counts_and_further_ones_cost():
    results = [
        result_of({"1.1": 10}, submission=handed_in("a", -3)),
        result_of({"1.1": 0}, submission=handed_in("b", -2)),
    ]

    assert final_grade(results, CourseRules()).rules == ("attempt 2 of 2 counts: the last",)
    assert final_grade(results, CourseRules(attempts=AttemptRules(best=True))).score == 10
    again = [*results, result_of({"1.1": 10}, submission=handed_in("c", -1))]
    assert final_grade(again, CourseRules(attempts=AttemptRules(free=1, each_costs=0.1))).score == pytest.approx(9)
    assert final_grade(again, CourseRules(attempts=AttemptRules(most=2))).score == 0


def test_a_later_version_of_the_same_submission_is_no_attempt():
    results = [result_of({"1.1": 0}, version=1), result_of({"1.1": 10}, version=2)]

    assert (final_grade(results, CourseRules()).score, final_grade(results, CourseRules()).rules) == (10, ())


def test_the_instructor_changes_checks_parts_and_the_sum_and_is_quoted():
    changes = (
        Change(check="1.1", set=5, reason="oral exam"),
        Change(part=2, add=1),
        Change(add=-2, reason="late talk"),
    )

    grade = final_grade([result_of({"1.1": 10, "2.1": 10})], CourseRules(), Adjustment("Good.", changes))

    assert (grade.score, grade.comment) == (14, "Good.")
    assert grade.rules == (
        "check 1.1: 10 → 5 by the instructor (oral exam)",
        "part 2: 10 → 11 by the instructor",
        "the sum: 16 → 14 by the instructor (late talk)",
    )


def test_hints_cost_what_their_levels_cost():
    result = result_of({"1.1": 10}, submission={"hints": {"1.1": 2}})

    grade = final_grade([result], CourseRules(hint_costs=(0.0, 0.5, 1.0)))

    assert (grade.score, grade.rules) == (9.5, ("hints for 1.1: 0.5 points",))


def test_a_difference_names_learners_checks_and_points():
    before, after = result_of({"2.1": 0, "2.2": 10}, version=1), result_of({"2.1": 10, "2.2": 10}, version=2)

    text = render_changes([compare_results(before, after)])

    assert text.splitlines() == [
        "ada  +10 points  versions 1 → 2, same files",
        "    2.1  failed → passed  +10",
        "1 learner changed.",
        "    2.1: 1 learner, +10 points",
    ]


def test_a_part_that_is_not_graded_any_more_is_left_out():
    grade = final_grade([result_of({"1.1": 10, "6.1": 10})], CourseRules(parts={6: PartRules(graded=False)}))

    assert (grade.score, grade.max_score, list(grade.parts)) == (10, 10, [1])
