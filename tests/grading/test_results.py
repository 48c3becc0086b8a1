"""What becomes of a judge's words, and how results are kept."""

from __future__ import annotations

import errno
import json
from datetime import UTC, datetime
from time import monotonic

import pytest

from checker.checks.check import Check
from checker.curriculum.parts import read_parts
from checker.grading.course import CourseRules, LateRules, PartRules
from checker.grading.difference import compare, render_changes
from checker.grading.result import Listed, Told, graded, refused, why_of
from checker.grading.store import Grades
from checker.grading.table import render_table, scores_at
from checker.grading.texts import harmless
from tests.grading.conftest import result_of

PART = read_parts()[1]
COURSE = [(PART, [Listed(Check("2.1", "One.", 4, (), print)), Listed(Check("2.2", "Two.", 6, (), print), "nothing")])]


def told(*events: dict, **more: str) -> Told:
    return Told([*events, {"event": "end"}], **more)


def says(check: str, status: str, **texts: object) -> dict:
    return {"event": "check", "id": check, "status": status, **texts}


def test_points_come_from_the_kit_whatever_the_judge_says():
    result = graded(COURSE, told(says("2.1", "passed", points=1000, max_points=1), says("9.9", "passed", points=50)))

    assert (result["points"], result["max_points"]) == (4, 10)
    assert [check["id"] for check in result["parts"][0]["checks"]] == ["2.1", "2.2"]


def test_a_check_without_a_word_is_broken_and_the_result_too():
    result = graded(COURSE, told(says("2.1", "passed")))

    assert result["status"] == "broken"
    assert result["parts"][0]["checks"][1]["because"] == "the judge ended before it"


def test_a_stopped_submission_keeps_what_it_earned_before():
    result = graded(COURSE, Told([says("2.1", "passed")], stopped="it took longer than 900 s"))

    assert (result["status"], result["points"], result["problem"]) == ("stopped", 4, "it took longer than 900 s")
    assert result["parts"][0]["checks"][1]["status"] == "skipped"


def test_a_refused_submission_earns_nothing_and_says_why():
    result = refused(COURSE, "it unpacks to more than 100 times its size")

    assert (result["status"], result["points"]) == ("refused", 0)
    assert result["problem"] == "it unpacks to more than 100 times its size"
    assert "more than 100 times" in result["parts"][0]["checks"][0]["because"]


def test_an_unknown_status_is_broken():
    assert graded(COURSE, told(says("2.1", "splendid"), says("2.2", "passed")))["status"] == "broken"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07x", "x"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("a\x9b2Jb", "ab"),
        ("back\x08space\x00", "back\ufffdspace\ufffd"),
        ("abc\u202edef", "abc\ufffddef"),
        ("two\r\nlines\tkept", "two\nlines\tkept"),
    ],
    ids=["colour", "title", "link", "one-byte sequence", "controls", "direction", "plain"],
)
def test_texts_are_harmless_on_a_terminal(text, wanted):
    assert harmless(text) == wanted


def test_an_endless_text_is_cut_and_says_so():
    assert harmless("x" * 30_000).endswith("... (10000 more characters)")


def test_versions_are_added_and_never_overwritten(tmp_path):
    grades = Grades(tmp_path)
    grades.prepare()

    assert [grades.add("ada", {"points": n}) for n in (1, 2)] == [1, 2]
    grades.result_file("ada", 3).write_text("{}")
    assert grades.add("ada", {"points": 4}) == 4
    assert json.loads(grades.result_file("ada", 1).read_text())["points"] == 1


def test_results_are_kept_where_no_hard_links_are_known(tmp_path, monkeypatch):
    def no_link(*_):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("os.link", no_link)
    grades = Grades(tmp_path)
    grades.prepare()

    assert [grades.add("ada", {"points": n}) for n in (1, 2)] == [1, 2]
    assert json.loads(grades.result_file("ada", 2).read_text())["points"] == 2
    assert sorted(file.name for file in (tmp_path / "results" / "ada").iterdir()) == ["0001.json", "0002.json"]
    monkeypatch.setattr(grades, "versions", lambda _: [1])
    with pytest.raises(FileExistsError):
        grades.add("ada", {"points": 3})
    assert json.loads(grades.result_file("ada", 2).read_text())["points"] == 2


def test_a_result_that_was_not_finished_does_not_count(tmp_path):
    grades = Grades(tmp_path)
    grades.prepare()
    (tmp_path / "results" / "ada").mkdir()
    (tmp_path / "results" / "ada" / ".123.unfinished").write_text('{"poi')

    assert grades.versions("ada") == []
    assert grades.add("ada", {}) == 1


def test_what_the_house_did_is_numbers_whatever_the_judge_says():
    honest = {"event": "house", "readings": [[20, 1, 2, 27.5]], "commands": [[60, 1, True]]}
    for event, wanted in (
        (honest, {"readings": [[20.0, 1, 2, 27.5]], "commands": [[60.0, 1, True]]}),
        ({**honest, "readings": [[20, "<b>", 2, 27.5]]}, {"readings": [], "commands": []}),
        ({**honest, "readings": [[20, 1, 2, float("nan")]], "commands": []}, {"readings": [], "commands": []}),
        ({**honest, "commands": "x"}, {"readings": [], "commands": []}),
    ):
        assert graded(COURSE, told(event))["house"] == wanted


def test_the_table_names_who_has_a_name_and_nothing_in_it_reaches_the_terminal(tmp_path):
    grades = Grades(tmp_path)
    grades.add("4711", result_of({"1.1": 10}, learner={"id": "4711", "name": "Łukasz\x1b[2J Żółć"}))
    grades.add("ada", result_of({"1.1": 0}))
    grades.add("bob", result_of({"1.1": 0}, learner={"id": "bob", "name": "B\n" + "o" * 60}))

    assert render_table(grades, CourseRules()).splitlines() == [
        f"learner  {'name':40}  score  of  part 1  status",
        f"4711     {'Łukasz Żółć':40}     10  10      10  graded",
        f"ada      {'':40}      0  10       0  graded",
        f"bob      B {'o' * 37}…      0  10       0  graded",
    ]


def test_a_difference_tells_the_score_after_all_rules(tmp_path):
    grades = Grades(tmp_path)
    grades.add("ada", result_of({"1.1": 0}, learner={"id": "ada", "name": "Ada"}))
    grades.add("ada", result_of({"1.1": 10}, learner={"id": "ada", "name": "Ada"}))
    course = CourseRules(parts={1: PartRules(weight=1.5)})

    text = render_changes(compare(grades), scores_at(grades, course))

    assert text.startswith(
        "ada (Ada)  +10 points  versions 1 → 2, same files\n    score after all rules  0 of 15 → 15 of 15\n"
    )
    assert compare(grades, 0, 1) == []


def test_a_score_that_changes_without_its_points_is_a_difference(tmp_path):
    grades = Grades(tmp_path)
    late = LateRules(deadline=datetime(2026, 5, 1, tzinfo=UTC), steps=((0.0, 0.5),))
    for time in ("2026-05-02T00:00:00+00:00", "2026-04-30T00:00:00+00:00"):
        grades.add(
            "ada",
            result_of({"1.1": 10}, submission={"submitted_at": time, "instead_of": ["2026-05-02T00:00:00+00:00"]}),
        )
    score = scores_at(grades, CourseRules(late=late))

    assert render_changes(compare(grades, score=score), score).splitlines()[:2] == [
        "ada  +0 points  versions 1 → 2, same files",
        "    score after all rules  5 of 10 → 10 of 10",
    ]
    assert compare(grades) == []


def test_a_result_says_in_a_line_what_broke():
    result = graded(COURSE, told(says("2.1", "broken", because="KeyError: 'x'\nmore"), says("2.2", "broken")))

    assert why_of(result) == "2.1, 2.2 broke: KeyError: 'x'"
    assert why_of(graded(COURSE, Told(stopped="it took longer than 900 s"))) == "it took longer than 900 s"
    assert why_of(graded(COURSE, told(says("2.1", "passed"), says("2.2", "failed")))) == ""


def test_a_text_of_megabytes_is_cut_in_a_moment_and_says_so():
    begun = monotonic()

    shown = harmless("\u202ea" * 8_000_000)

    assert shown.startswith("\ufffda") and shown.endswith("\n... (15980000 more characters)")
    assert harmless("\x1b[31m" * 50_000).endswith("\n... (170000 more characters)")
    assert monotonic() - begun < 5
