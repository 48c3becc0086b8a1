"""What `lab lint` says about checks that pass too early, or not at all."""

from __future__ import annotations

from checker.checks.result import CheckResult, PartResult
from checker.curriculum.parts import find_part
from checker.curriculum.prove import problems_on_base, problems_on_solution


def result(*statuses: str) -> PartResult:
    checks = (CheckResult(f"2.{n}", "t", status, 1, got="no item") for n, status in enumerate(statuses, 1))
    return PartResult(2, "x", False, tuple(checks))


def test_a_check_that_passes_before_the_work_is_done_is_a_problem():
    assert problems_on_base(find_part(2), result("failed", "skipped", "passed")) == [
        "02_invalid_data: check 2.3 is passed on the base of its part\n    got: no item"
    ]


def test_a_check_that_does_not_pass_on_the_solution_is_a_problem():
    assert problems_on_solution(find_part(2), result("passed", "failed")) == [
        "02_invalid_data: check 2.2 is failed on the solution\n    got: no item"
    ]
