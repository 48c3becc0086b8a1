"""One result model, shown on any terminal and to programs."""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ET

import pytest

from checker.checks.result import CheckResult, PartResult, Report
from checker.errors import UsageProblem
from checker.report.files import render_json, render_junit, write_report
from checker.report.terminal import Style, render_check, render_part, render_total, style_of

TITLE = "A reading of 45 °C is stored in the table of invalid readings."
FAILED = CheckResult(
    "2.3",
    TITLE,
    "failed",
    2,
    "1 item whose temperature is 45",
    "0 items\nin 5 s",
    "iot_role lacks dynamodb:PutItem",
    "terraform/iam.tf",
)
PASSED = CheckResult("2.1", "The table is there.", "passed", 3)
SKIPPED = CheckResult("2.4", "More.", "skipped", 1, because="2.3 did not pass")
BROKEN = CheckResult("2.5", "Even more.", "broken", 1, because="KeyError: 'x'")


def part(*checks: CheckResult, bonus: bool = False) -> PartResult:
    return PartResult(2, "Artefacts", bonus, checks)


def test_a_failed_check_shows_its_four_lines():
    assert render_check(FAILED, Style()) == (
        f"✗ 2.3  {TITLE}   0/2\n"
        "       expected  1 item whose temperature is 45\n"
        "       got       0 items\n"
        "                 in 5 s\n"
        "       because   iot_role lacks dynamodb:PutItem\n"
        "       fix       terraform/iam.tf     (lab hint 2.3)"
    )


def test_without_unicode_words_stand_for_symbols():
    assert render_check(PASSED, Style(unicode=False)) == "ok 2.1  The table is there.   3/3"


def test_colour_never_stands_alone():
    assert render_check(PASSED, Style(colour=True)) == "\033[32m✓\033[0m 2.1  The table is there.   3/3"


def test_a_narrow_terminal_breaks_lines_and_cuts_nothing():
    text = render_check(FAILED, Style(width=40))

    assert all(len(line) <= 40 for line in text.splitlines())
    assert all(word in text for word in f"{TITLE} {FAILED.expected} {FAILED.because}".split())


def test_a_broken_check_neither_earns_nor_loses():
    text = render_part(part(PASSED, BROKEN), Style())

    assert "! 2.5  Even more. (broken)   ?/1" in text
    assert "part 2: 3 of 4 points; to be graded again" in text


def test_bonus_points_are_told_apart():
    report = Report((part(PASSED), part(PASSED, bonus=True)))

    assert render_total(report) == "3 of 3 points and 3 bonus points (2 passed)"


@pytest.mark.parametrize(
    ("checks", "code"),
    [
        ((PASSED,), 0),
        ((PASSED, FAILED), 1),
        ((PASSED, SKIPPED), 1),
        ((FAILED, BROKEN), 3),
        ((CheckResult("2.6", "T", "skipped", 1, because="no such service", blameless=True),), 0),
    ],
    ids=["passed", "failed", "skipped by the learner", "broken", "skipped by the target"],
)
def test_the_exit_code_is_the_contracts(checks, code):
    assert Report((part(*checks),)).exit_code == code


def test_json_is_the_contracts_object():
    found = json.loads(render_json(Report((part(FAILED),), {"kit": "1"})))

    assert found == {
        "parts": [
            {
                "part": 2,
                "name": "Artefacts",
                "points": 0,
                "max_points": 2,
                "bonus": 0,
                "checks": [
                    {
                        "id": "2.3",
                        "title": TITLE,
                        "status": "failed",
                        "points": 0,
                        "max_points": 2,
                        "expected": FAILED.expected,
                        "got": FAILED.got,
                        "because": FAILED.because,
                        "fix": FAILED.fix,
                    }
                ],
            }
        ],
        "provenance": {"kit": "1"},
    }


def test_bonus_points_stay_outside_the_sum():
    found = part(PASSED, FAILED, bonus=True).as_dict()

    assert (found["points"], found["max_points"], found["bonus"]) == (0, 0, 3)


def test_junit_tells_failures_errors_and_skips():
    root = ET.fromstring(render_junit(Report((part(PASSED, FAILED, SKIPPED, BROKEN),))).encode())
    (suite,) = root

    assert [suite.get(name) for name in ("tests", "failures", "skipped", "errors")] == ["4", "1", "1", "1"]
    assert "because   iot_role lacks dynamodb:PutItem" in (suite[1][0].text or "")


def test_junit_survives_control_characters():
    odd = CheckResult("2.3", "T", "failed", 1, "a", "\x1b[31mred\x00")

    assert "?[31mred?" in (ET.fromstring(render_junit(Report((part(odd),))).encode())[0][0][0].text or "")


def test_files_and_dumb_terminals_get_no_colour():
    class Terminal(io.StringIO):
        encoding = "utf-8"

        def isatty(self):
            return True

    assert style_of(Terminal(), {}).colour
    assert not style_of(Terminal(), {"NO_COLOR": "1"}).colour
    assert not style_of(Terminal(), {"TERM": "dumb"}).colour
    assert not style_of(io.StringIO(), {}).colour


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(UsageProblem, match="r.json cannot be written"):
        write_report("{}", tmp_path / "file" / "r.json")
