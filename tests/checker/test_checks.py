"""A check passes, fails, is skipped or is broken; it is never anything else and never hangs."""

from __future__ import annotations

import threading

import pytest

from checker.checks import check, expect
from checker.checks.check import Check, checks_of, load_checks
from checker.checks.expectation import Later, NotAvailable, NotReady
from checker.checks.runner import run_checks, shuffled, with_needs
from checker.diagnostics import Diagnostic
from checker.errors import LabError, TargetDown
from checker.terraform import TerraformFailed


def passing(lab):
    """It works."""


def make(check_id: str, function, *, needs=(), points=2, within_s=5.0) -> Check:
    return Check(check_id, "Something is so.", points, tuple(needs), function, within_s)


def run(*checks: Check, tmp_path, lab=None):
    return run_checks(checks, lab, trace_folder=tmp_path)


def raising(error: BaseException):
    def function(lab):
        raise error

    return function


def test_a_check_that_ends_has_passed_with_its_points(tmp_path):
    (result,) = run(make("1.1", passing), tmp_path=tmp_path)

    assert (result.status, result.points) == ("passed", 2)


def test_an_expectation_that_does_not_hold_fails_with_its_four_lines(tmp_path):
    def function(lab):
        expect(False, expected="1 item", got="0 items", because="no permission", fix="terraform/iam.tf")

    (result,) = run(make("1.1", function), tmp_path=tmp_path)

    assert (result.status, result.points) == ("failed", 0)
    assert (result.expected, result.got, result.because, result.fix) == (
        "1 item",
        "0 items",
        "no permission",
        "terraform/iam.tf",
    )


def test_explanations_are_asked_for_only_on_failure():
    asked: list[str] = []
    later = Later(lambda: asked.append("asked") or "because")

    expect(True, expected="x", got="y", because=later, fix=lambda: asked.append("fix"))

    assert asked == []
    assert str(later) == "because"


def test_what_needs_a_failed_check_is_skipped_and_names_it(tmp_path):
    failing = make("1.1", lambda lab: expect(False, expected="a", got="b"))

    _, result = run(failing, make("1.2", passing, needs=["1.1"]), tmp_path=tmp_path)

    assert (result.status, result.because, result.fix) == ("skipped", "1.1 did not pass (Something is so)", "1.1 first")
    assert not result.blameless


def test_what_needs_a_broken_check_is_broken_and_costs_nothing(tmp_path):
    _, result = run(make("1.1", raising(ValueError("bug"))), make("1.2", passing, needs=["1.1"]), tmp_path=tmp_path)

    assert (result.status, result.because) == ("broken", "1.1 is broken, and this builds on it")


def test_a_missing_prerequisite_skips_with_its_reason(tmp_path):
    (result,) = run(make("1.1", raising(NotReady("no device", fix="part 1"))), tmp_path=tmp_path)

    assert (result.status, result.because, result.fix, result.blameless) == ("skipped", "no device", "part 1", False)


def test_what_the_target_lacks_is_nobodys_fault(tmp_path):
    (result,) = run(make("1.1", raising(NotAvailable("no Timestream here"))), tmp_path=tmp_path)

    assert (result.status, result.because, result.blameless) == ("skipped", "no Timestream here", True)


def test_what_builds_on_what_the_target_lacks_says_so_and_asks_for_nothing(tmp_path):
    lacking = make("1.1", raising(NotAvailable("no Timestream here")))

    _, after, last = run(
        lacking, make("1.2", passing, needs=["1.1"]), make("1.3", passing, needs=["1.2"]), tmp_path=tmp_path
    )

    for result in (after, last):
        assert (result.status, result.because, result.fix, result.blameless) == (
            "skipped", "no Timestream here", "", True,
        )  # fmt: skip


def test_a_bug_of_ours_is_broken_with_its_trace_in_a_file(tmp_path):
    (result,) = run(make("1.1", raising(KeyError("x"))), tmp_path=tmp_path)

    assert result.status == "broken"
    assert "KeyError: 'x'" in result.because
    assert "Traceback" in (tmp_path / "1.1.txt").read_text()


def test_a_cloud_that_is_down_is_broken_and_says_what_to_do(tmp_path):
    (result,) = run(make("1.1", raising(TargetDown("AWS does not answer", next_step="lab up"))), tmp_path=tmp_path)

    assert (result.status, result.because, result.fix) == ("broken", "AWS does not answer", "lab up")


def test_files_of_the_learners_that_cannot_be_deployed_are_not_a_bug_of_ours(tmp_path):
    refused = TerraformFailed("apply", [Diagnostic("error", "no such data set", filename="main.tf", line=3)])

    (result,) = run(make("7.1", raising(refused)), tmp_path=tmp_path)

    assert (result.status, result.blameless, result.fix) == ("skipped", False, refused.next_step)
    assert "no such data set" in result.because


def test_a_check_that_hangs_is_given_up(tmp_path):
    forever = threading.Event()

    (result,) = run(make("1.1", lambda lab: forever.wait(30), within_s=0.05), tmp_path=tmp_path)
    forever.set()

    assert (result.status, result.because) == ("broken", "the check did not end within 0 s")


def test_a_check_may_even_exit_without_ending_the_run(tmp_path):
    first, second = run(make("1.1", raising(SystemExit(0))), make("1.2", passing), tmp_path=tmp_path)

    assert (first.status, second.status) == ("broken", "passed")


def test_one_check_brings_all_that_it_needs_in_order():
    checks = [
        make("1.1", passing),
        make("1.2", passing, needs=["1.1"]),
        make("1.3", passing),
        make("1.4", passing, needs=["1.2"]),
    ]

    assert [each.id for each in with_needs(["1.4"], checks)] == ["1.1", "1.2", "1.4"]


def test_a_shuffled_order_keeps_every_need_before_what_builds_on_it():
    checks = [make("1.1", passing), make("1.2", passing, needs=["1.1"]), make("1.3", passing), make("1.4", passing)]
    checks += [make("1.5", passing, needs=["1.2", "1.3"])]

    orders = {tuple(each.id for each in shuffled(checks, seed)) for seed in range(50)}

    assert len(orders) > 10
    assert all(order.index("1.1") < order.index("1.2") < order.index("1.5") > order.index("1.3") for order in orders)


def test_the_title_is_the_docstring_and_needs_may_be_functions():
    @check("1.1", points=1)
    def first(lab):
        """The first
        thing works."""

    @check("1.2", points=2, needs=first)
    def second(lab):
        """The second works."""

    class Module:
        pass

    module = Module()
    module.first, module.second = first, second

    found = checks_of(module)
    assert [(each.id, each.title, each.points, each.needs) for each in found] == [
        ("1.1", "The first thing works.", 1, ()),
        ("1.2", "The second works.", 2, ("1.1",)),
    ]


def test_a_check_without_a_docstring_is_refused():
    with pytest.raises(LabError, match="check 1.1 has no docstring"):
        check("1.1", points=1)(lambda lab: None)


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ('"1.2", points=1, needs="1.9"', "needs 1.9, which does not stand before it"),
        ('"1.1", points=1', "used twice: 1.1"),
    ],
    ids=["unknown need", "same id twice"],
)
def test_mistakes_in_checks_are_found_when_they_are_loaded(tmp_path, second, message):
    (tmp_path / "checks.py").write_text(
        f'from checker.checks import check\n@check("1.1", points=1)\ndef a(lab):\n    "A."\n@check({second})\ndef b(lab):\n    "B."\n'
    )

    with pytest.raises(LabError, match=message):
        load_checks(tmp_path)
