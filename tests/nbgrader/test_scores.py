"""Scores reach the gradebook through nbgrader's API, again and again without a difference."""

from __future__ import annotations

import functools
import sqlite3

import pytest

from checker.errors import LabError
from tests.nbgrader.conftest import PART, needs_nbgrader, put_result, result_of

pytestmark = needs_nbgrader


@pytest.fixture(autouse=True)
def alembic_is_found(monkeypatch):
    import os
    import sys
    from pathlib import Path

    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


def book(course):
    from nbgrader.api import Gradebook

    return Gradebook(f"sqlite:///{course / 'gradebook.db'}", "course")


def write(course, grades):
    from checker.nbgrader.scores import write_scores

    return write_scores(course, grades, "course")


def test_scores_are_written_without_any_notebook(tmp_path):
    put_result(tmp_path, "ada", result_of(failed=("2.2",)) | {"name": "Ada Lovelace"})
    written = write(tmp_path, tmp_path)
    assert (written.learners, written.waiting) == (1, 0)
    with book(tmp_path) as gradebook:
        submission = gradebook.find_submission(PART.id, "ada")
        lost = next(c["max_points"] for c in result_of()["parts"][0]["checks"] if c["id"] == "2.2")
        assert (submission.score, submission.max_score) == (PART.points - lost, PART.points)
        assert gradebook.find_student("ada").last_name == "Lovelace"
        assert not submission.needs_manual_grade


def test_a_second_time_changes_nothing(tmp_path):
    put_result(tmp_path, "ada", result_of())
    assert write(tmp_path, tmp_path).changed == len(result_of()["parts"][0]["checks"])
    assert write(tmp_path, tmp_path).changed == 0


def test_a_new_version_changes_the_score_and_keeps_a_manual_one(tmp_path):
    put_result(tmp_path, "ada", result_of())
    write(tmp_path, tmp_path)
    with book(tmp_path) as gradebook:
        gradebook.find_grade("check-2-1", PART.id, PART.id, "ada").manual_score = 1.5
        gradebook.db.commit()
    put_result(tmp_path, "ada", result_of(failed=("2.1", "2.2")), version=2)
    write(tmp_path, tmp_path)
    with book(tmp_path) as gradebook:
        first, second = (gradebook.find_grade(f"check-2-{n}", PART.id, PART.id, "ada") for n in (1, 2))
        assert (first.auto_score, first.manual_score, first.needs_manual_grade) == (0, 1.5, True)
        assert (second.auto_score, second.manual_score) == (0, None)


def test_a_check_that_came_later_finds_its_place(tmp_path):
    early = result_of()
    later = early["parts"][0]["checks"].pop()
    put_result(tmp_path, "ada", early | {"problem": ""})
    write(tmp_path, tmp_path)
    early["parts"][0]["checks"].append(later)
    put_result(tmp_path, "ada", early, version=2)
    write(tmp_path, tmp_path)
    with book(tmp_path) as gradebook:
        assert gradebook.find_submission(PART.id, "ada").score == PART.points


def test_what_broke_on_our_side_waits_for_a_person(tmp_path):
    put_result(tmp_path, "ada", result_of(broken=("2.3",)))
    assert write(tmp_path, tmp_path).waiting == 1
    with book(tmp_path) as gradebook:
        assert gradebook.find_submission(PART.id, "ada").needs_manual_grade


def test_cells_that_nbgrader_generated_are_used(generated, tmp_path):
    put_result(tmp_path, "zoe", result_of())
    write(generated, tmp_path)
    with book(generated) as gradebook:
        submission = gradebook.find_submission(PART.id, "zoe")
        assert submission.max_score > PART.points, "the questions count too"
        assert submission.score == PART.points


def test_a_weight_is_no_late_penalty_and_hides_none(tmp_path):
    put_result(tmp_path, "ada", result_of())
    late = result_of()
    put_result(tmp_path, "bob", late)
    file = tmp_path / "results" / "bob" / "0001.json"
    file.write_text(file.read_text().replace('"submitted_at": ""', '"submitted_at": "2026-05-03T00:00:00+00:00"'))
    (tmp_path / "course.toml").write_text(
        "[parts.2]\nweight = 1.5\n[late]\ndeadline = 2026-05-01T00:00:00Z\nsteps = [{ hours = 24, keep = 0.8 }]\n"
    )

    write(tmp_path, tmp_path)

    with book(tmp_path) as gradebook:
        penalties = {
            who: gradebook.find_submission_notebook(PART.id, PART.id, who).late_submission_penalty or 0.0
            for who in ("ada", "bob")
        }
    assert penalties == {"ada": 0.0, "bob": pytest.approx(0.2 * PART.points)}


def test_points_that_the_instructor_gives_reach_the_gradebook_and_leave_it_again(tmp_path):
    for who in ("ada", "bob", "eve"):
        put_result(tmp_path, who, result_of(failed=("2.2",)))
    lost = next(c["max_points"] for c in result_of()["parts"][0]["checks"] if c["id"] == "2.2")
    adjustments = tmp_path / "adjustments.toml"
    adjustments.write_text(
        f'[[ada.points]]\ncheck = "2.2"\nset = {lost}\n[[bob.points]]\npart = 2\nadd = 1.5\n'
        "[[eve.points]]\npart = 2\nadd = -1\n"
    )

    def scores():
        assert write(tmp_path, tmp_path).waiting == 0
        assert write(tmp_path, tmp_path).changed == 0, "a second time changes nothing"
        with book(tmp_path) as gradebook:
            found = {who: gradebook.find_submission(PART.id, who) for who in ("ada", "bob", "eve")}
            assert {submission.max_score for submission in found.values()} == {PART.points}
            return {who: s.score - s.late_submission_penalty - (PART.points - lost) for who, s in found.items()}

    assert scores() == {"ada": lost, "bob": 1.5, "eve": -1.0}
    adjustments.unlink()
    assert scores() == {"ada": 0, "bob": 0, "eve": 0}


def test_what_became_of_a_notebook_is_told_as_the_export_counts_it():
    from checker.nbgrader.autograde import points_in_words

    assert points_in_words(10.0, 16.0, 0.0) == "10 of 16 points"
    assert points_in_words(10.0, 16.0, 2.5) == "7.5 of 16 points, 2.5 are taken as late penalty"
    assert points_in_words(1.0, 16.0, 2.5).startswith("0 of 16 points")


def test_without_a_notebook_no_answer_waits_for_a_person(generated, tmp_path):
    put_result(tmp_path, "solo", result_of())
    write(generated, tmp_path)
    with book(generated) as gradebook:
        assert not gradebook.find_submission(PART.id, "solo").needs_manual_grade


def test_a_gradebook_that_is_in_use_or_none_is_told_without_a_traceback(tmp_path, monkeypatch):
    put_result(tmp_path, "ada", result_of())
    write(tmp_path, tmp_path)
    monkeypatch.setattr("sqlite3.connect", functools.partial(sqlite3.connect, timeout=0.01))
    with sqlite3.connect(tmp_path / "gradebook.db", isolation_level=None) as other:
        other.execute("begin exclusive")
        with pytest.raises(LabError, match="gradebook.db cannot be used: database is locked") as problem:
            write(tmp_path, tmp_path)
    assert "formgrader" in problem.value.next_step
    (tmp_path / "gradebook.db").write_bytes(b"no database" * 100)
    with pytest.raises(LabError, match="file is not a database"):
        write(tmp_path, tmp_path)
