"""A small class: a solution, a variant, mistakes and an attack side by side; every foretold status is met.

Twelve with LAB_SLOW_TESTS; `python -m tests.grading.synthetic_class 200 FOLDER` makes a large one.
"""

from __future__ import annotations

import os
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from checker.errors import LabError
from checker.grading.choice import choose_isolation
from checker.grading.store import Grades
from tests.grading.synthetic_class import make_class, mixed, unmet
from tests.grading.test_whole import lab_grade

COUNT = 12 if os.environ.get("LAB_SLOW_TESTS") else 5
"""Five hold one of each kind."""


def test_two_hundred_are_a_mixture_of_all_kinds():
    kinds = Counter(submission.id.split("-")[1] for submission in islice(mixed(), 200))

    assert set(kinds) == {"solution", "variant", "mistake", "attack"}
    assert min(kinds.values()) >= 20
    assert len({submission.id for submission in islice(mixed(), 200)}) == 200


@pytest.mark.terraform
def test_every_expected_status_of_a_small_class_is_met(tmp_path: Path):
    try:
        choose_isolation("bwrap")
    except LabError as missing:
        pytest.skip(str(missing))
    expected = make_class(COUNT, tmp_path)

    done = lab_grade(tmp_path / "submissions", tmp_path / "grades", "--jobs", "4")

    differences, graded = unmet(Grades(tmp_path / "grades"), expected)
    assert graded == COUNT, done.stderr
    assert differences == []
