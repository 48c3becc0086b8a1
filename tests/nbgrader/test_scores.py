"""Scores reach the gradebook through nbgrader's API, again and again without a difference."""

from __future__ import annotations

import pytest

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
