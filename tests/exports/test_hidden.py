"""Nothing that a learner is given tells of a hidden check more than its level allows."""

from __future__ import annotations

import pytest

from checker.exports.read import read_grades
from checker.exports.write import WRITERS, Choice
from tests.exports.conftest import check, part, put


@pytest.fixture
def folder(tmp_path):
    secrets = [
        check("1.2", "failed", 3, got="SECRET-got") | {"title": "SECRET-title", "visibility": level, "id": f"1.h{at}"}
        for at, level in enumerate(("points", "nothing"))
    ]
    put(tmp_path, "ada", {"parts": [part(1, [check("1.1", "passed"), *secrets])]})
    return tmp_path


@pytest.mark.parametrize("form", ["markdown", "moodle", "canvas", "blackboard", "gradescope", "junit"])
def test_a_secret_is_not_in(folder, form):
    WRITERS[form](read_grades(folder), folder / "out", Choice())
    texts = [file.read_bytes() for file in (folder / "out").iterdir() if file.suffix != ".zip"]
    assert texts and not [text for text in texts if b"SECRET" in text]


def test_the_learners_page_has_no_secret_but_the_instructors_has(folder):
    WRITERS["html"](read_grades(folder), folder / "out", Choice())
    page, dashboard = (folder / "out" / "ada.html").read_text(), (folder / "out" / "index.html").read_text()
    assert "SECRET" not in page and "A hidden check." in page
    assert "SECRET-title" in dashboard


def test_the_score_still_counts_hidden_checks(folder):
    grading = read_grades(folder).find("ada")
    assert (grading.score, grading.max_score) == (2, 8) == (grading.for_learner.score, grading.for_learner.max_score)
