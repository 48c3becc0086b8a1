"""What an instructor is told before trusting a folder of grades."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from checker.cli.grade import grade
from checker.errors import LabError, UsageProblem
from checker.exports.read import read_grades
from checker.grading.course import AttemptRules, CourseRules, LateRules
from checker.grading.merge import left_behind
from checker.grading.notices import gone_attempts, notices_of, others_graded
from checker.grading.store import Grades
from tests.grading.conftest import result_of

MAY = "2026-05-01T12:00:00+00:00"


@pytest.fixture
def grades(tmp_path: Path) -> Grades:
    found = Grades(tmp_path / "grades")
    found.prepare()
    return found


def add(grades: Grades, learner: str, points: dict[str, int], **submission: str) -> dict:
    result = result_of(points, learner={"id": learner}, submission=submission)
    return {**result, "version": grades.add(learner, result)}


def test_a_deadline_without_times_is_told(grades):
    add(grades, "ada", {"1.1": 10}, submitted_at=MAY)
    add(grades, "bob", {"1.1": 10})
    course = CourseRules(late=LateRules(deadline=datetime(2026, 4, 1, tzinfo=UTC)))

    assert notices_of(grades, course) == [
        "late rules: nobody knows when bob handed in, so nothing of theirs is late; submissions.csv can say it (column submitted_at)"
    ]
    assert notices_of(grades, CourseRules()) == []


def test_a_grade_of_fewer_parts_than_the_classs_is_told(grades):
    for learner in ("ada", "bob", "eve"):
        add(grades, learner, {"1.1": 10, "2.1": 10} if learner != "eve" else {"1.1": 10})

    assert notices_of(grades, CourseRules()) == [
        "eve: the grade that counts is of part 1 only, other than the class's; "
        "lab grade with the parts of the class takes the earlier one back"
    ]


def test_a_grade_that_other_checks_made_is_told(grades):
    for learner in ("ada", "bob", "eve"):
        kit = {"kit_sha256": "old" if learner == "eve" else "new", "hidden_checks": "", "graded_at": "2026-05-01"}
        grades.add(learner, result_of({"1.1": 10}, learner={"id": learner}, provenance=kit))

    assert notices_of(grades, CourseRules()) == [
        "eve: graded by another kit or other hidden checks than most of the class (2026-05-01); "
        "lab grade of the whole class, without --only and --changed, grades all alike"
    ]


def test_an_attempt_that_is_gone_and_counts_is_told(grades):
    first = add(grades, "ada", {"1.1": 10}, sha256="a", submitted_at=MAY)
    add(grades, "ada", {"1.1": 0}, sha256="b", submitted_at="2026-05-02T12:00:00+00:00", source="ada@2.zip")

    (told,) = gone_attempts(grades, CourseRules(), [first])

    assert told.startswith("ada: what counts is version 2, ada@2.zip, which is not among the submissions now")
    assert gone_attempts(grades, CourseRules(attempts=AttemptRules(best=True)), [first]) == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("[]", "it is no JSON object"),
        ({"schema": "iot-lab-kit/result/2"}, "its form is iot-lab-kit/result/2, this kit writes and reads iot-lab"),
        ({"parts": None}, "'NoneType' object is not iterable"),
        ({"submission": {}}, "it lacks 'submitted_at'"),
        ({"status": "splendid"}, "its status is 'splendid'"),
        ({"version": 7}, "it says of itself that it is version 7 of ada"),
        ({"parts": [{"part": 1, "bonus_part": False, "checks": [
            {"id": "1.1", "status": "failed", "points": 9, "max_points": 10}]}]}, "check 1.1 has a status and points that"),
    ],
    ids=["a list", "another form", "no parts", "no time", "status", "version", "points by hand"],
)  # fmt: skip
def test_a_file_that_is_no_result_is_named_with_the_reason(grades, change, complaint):
    result = add(grades, "ada", {"1.1": 10})
    file = grades.result_file("ada", 1)
    file.write_text(change if isinstance(change, str) else json.dumps({**result, **change}))

    with pytest.raises(LabError) as raised:
        grades.require_readable({"ada"})

    assert str(raised.value).startswith(f"{file} is no result: {complaint}")
    assert str(raised.value).endswith("next  restore it, or remove it and grade again: lab grade … --only ada")


def test_rules_that_lie_elsewhere_stay_the_rules(grades, tmp_path):
    add(grades, "ada", {"1.1": 10})
    (tmp_path / "rules.toml").write_text('title = "IoT 2026"\n[parts.1]\nweight = 2\n')
    grades.note_rules(tmp_path / "rules.toml")

    whole = read_grades(grades.folder)
    assert (whole.title, whole.gradings[0].score) == ("IoT 2026", 20)

    (tmp_path / "rules.toml").unlink()
    with pytest.raises(UsageProblem, match=r"rules.toml does not exist: these are the rules of .*grades\n  next  name"):
        read_grades(grades.folder)
    (grades.folder / "course.toml").write_text("")
    assert read_grades(grades.folder).gradings[0].score == 10


def test_adjustments_that_merging_leaves_behind_are_named(grades, tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one/adjustments.toml").write_text("[ada]\n")

    assert left_behind([tmp_path / "one", grades.folder], grades.folder) == [
        f"{tmp_path / 'one/adjustments.toml'} is not joined: copy from it by hand what is to hold"
    ]


def test_a_folder_that_cannot_be_written_is_told(grades):
    (grades.folder / "lock").mkdir()

    with pytest.raises(UsageProblem, match="grades cannot be written: Is a directory"), grades.locked():
        pass


def test_a_difference_of_nothing_is_not_told_as_no_difference(grades, tmp_path):
    with pytest.raises(UsageProblem, match="holds no grades"):
        CliRunner().invoke(grade, ["diff", str(tmp_path)], catch_exceptions=False)
    add(grades, "ada", {"1.1": 10})
    said = [CliRunner().invoke(grade, ["diff", str(grades.folder)], catch_exceptions=False).output]
    add(grades, "ada", {"1.1": 10})
    said += [CliRunner().invoke(grade, ["diff", str(grades.folder)], catch_exceptions=False).output]

    assert said == [
        "Nobody has two versions yet: there is nothing to compare.\n",
        "Nobody's points or score changed.\n",
    ]


def test_a_misspelt_command_is_not_taken_for_submissions():
    done = CliRunner().invoke(grade, ["dif", "grades"])

    assert "There is no command 'dif'. Did you mean 'diff'?" in done.output


def test_grades_of_people_who_did_not_hand_in_are_told(grades):
    for number in range(12):
        add(grades, f"s{number:02}", {"1.1": 10})

    assert others_graded(grades, {f"s{number:02}" for number in range(12)}) == []
    (told,) = others_graded(grades, {"s00"})
    assert told.endswith("not among the submissions: s01, s02, s03, s04, s05, s06, s07, s08, s09, s10 and 1 more")
