"""What `lab watch` shows: decisions without a terminal."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from checker.checks.result import CheckResult
from checker.curriculum.hints import Hint
from checker.curriculum.parts import find_part
from checker.report.terminal import Style
from checker.watch.plain import PlainLines, lines_between
from checker.watch.screen import Screen, render_view
from checker.watch.view import NextThing, View

PART = find_part(2)
PASSED = CheckResult("2.1", "A table is keyed.", "passed", 2)
FAILED = CheckResult(
    "2.2", "A reading of 45 °C is stored.", "failed", 4, "1 item", "no item", "no rule matched", "iot.tf"
)
NEXT = NextThing("2.2", "A reading of 45 °C is stored", ("terraform/iot.tf line 12",))
JUDGED = View(PART, (PASSED, FAILED), saved=("terraform/iot.tf",), seconds=1.23, next=NEXT)


def test_the_next_thing_the_state_and_the_keys_stand_at_the_bottom():
    assert render_view(JUDGED, Style()).splitlines()[-6:] == [
        "next   2.2  A reading of 45 °C is stored",
        "       edit  terraform/iot.tf line 12",
        "",
        "saved terraform/iot.tf: 1 of 6 checks passed in 1.2 s; waiting for the next save",
        "",
        "h hint   r run again   o open the lesson   q quit",
    ]


def test_the_first_failure_is_told_with_its_four_lines():
    text = render_view(JUDGED, Style())

    assert "✗ 2.2  A reading of 45 °C is stored.   0/4\n       expected  1 item\n       got       no item\n" in text
    assert "fix       iot.tf     (lab hint 2.2)" in text


def test_what_was_not_checked_yet_says_so():
    assert ". 2.6  The rule's role may write this table and nothing else (not checked yet)" in render_view(
        JUDGED, Style()
    )


def test_without_colour_and_symbols_there_are_words():
    text = render_view(JUDGED, Style(unicode=False))

    assert "ok 2.1  " in text
    assert "FAIL 2.2  " in text
    assert "\033" not in text


def test_a_narrow_terminal_breaks_lines_at_words():
    text = render_view(JUDGED, Style(width=40))

    assert max(map(len, text.splitlines())) <= 40
    assert "waiting for the next save" in " ".join(text.split())


def test_a_problem_of_terraform_takes_the_place_of_the_checks_details():
    view = replace(JUDGED, results=(), problem="terraform/iot.tf line 3: Unclosed configuration block")

    assert "\n\nterraform/iot.tf line 3: Unclosed configuration block\n\n" in render_view(view, Style())
    assert "not deployed in 1.2 s; waiting" in render_view(view, Style())


def test_a_hint_disappears_with_its_step():
    view = replace(JUDGED, hint=Hint(1, "Where to look", "In iot.tf."), hints_of_step=3)

    assert "hint 1 of 3: Where to look\nIn iot.tf." in render_view(view, Style())
    assert view.with_next(NEXT).hint is not None
    assert view.with_next(NextThing("2.3", "x")).hint is None


def test_a_passed_part_says_so_and_what_comes_next():
    results = tuple(CheckResult(step.id, step.title, "passed", 1) for step in PART.steps)
    view = View(PART, results, next=NextThing("3.1", "A database"))

    assert "Part 2 has passed.\nnext   3.1  A database" in render_view(view, Style())
    assert "Every part has passed." in render_view(replace(view, next=NextThing()), Style())


def test_nothing_is_drawn_while_nothing_changes():
    stream = io.StringIO()
    screen = Screen(stream, Style)

    screen.show(JUDGED)
    drawn = stream.getvalue()
    screen.show(JUDGED)
    assert stream.getvalue() == drawn

    screen.redraw()
    screen.show(JUDGED)
    assert stream.getvalue() == drawn * 2


def test_plain_lines_tell_only_what_is_new():
    begun = replace(JUDGED, results=(), doing="terraform apply", seconds=None)
    checking = replace(begun, results=(PASSED,), doing="checking 2.2")

    assert lines_between(None, begun) == [
        "Type h for a hint, r to run again, o for the lesson, q to quit; then Enter.",
        "saved terraform/iot.tf: checking part 2, Artefacts go to DynamoDB",
    ]
    assert lines_between(begun, checking) == ["2.1 passed"]
    assert lines_between(checking, checking) == []
    verdict = lines_between(checking, JUDGED)
    assert verdict[0].startswith("FAIL 2.2  A reading of 45 °C is stored.   0/4\n       expected  1 item")
    assert verdict[1:] == [
        "1 of 6 checks passed, 2 of 15 points, in 1.2 s.",
        "next   2.2  A reading of 45 °C is stored\n       edit  terraform/iot.tf line 12",
    ]


@pytest.mark.parametrize("forbidden", ["\033", "\r", "✓", "✗"])
def test_plain_lines_hold_nothing_that_a_screen_reader_stumbles_over(forbidden):
    stream = io.StringIO()
    lines = PlainLines(stream)
    for view in (replace(JUDGED, doing="checking 2.2"), JUDGED, replace(JUDGED, asked="There is no further hint.")):
        lines.show(view)

    assert forbidden not in stream.getvalue()
