"""Whatever an editor or a learner did to the cells, the released notebook is found again, with the learner's answers."""

from __future__ import annotations

import copy
import json

import pytest

from checker.nbgrader.collect import no_notebook
from checker.nbgrader.course import notebook_of
from checker.nbgrader.restore import name_of, restored
from tests.nbgrader.conftest import PART

RELEASED = json.loads(notebook_of(PART))["cells"]
ANSWER = "answer-2-q1"


def handed_in():
    cells = copy.deepcopy(RELEASED)
    next(cell for cell in cells if name_of(cell) == ANSWER)["source"] = "The error action."
    return cells


def without_marks(cells):
    for cell in cells:
        cell["metadata"] = {"tags": ["mine"]}


def without_marks_and_ids(cells):
    without_marks(cells)
    for at, cell in enumerate(cells):
        cell["id"] = f"x{at}"


def one_name_for_all(cells):
    for cell in cells:
        cell["metadata"]["nbgrader"]["grade_id"] = "check-2-1"


def checks_lost_and_first_cell_lost(cells):
    cells[:] = [cell for cell in cells[1:] if not name_of(cell).startswith("check-")]


def everything_doubled(cells):
    cells += copy.deepcopy(cells)


def points_raised_and_unlocked(cells):
    for cell in cells:
        cell["metadata"]["nbgrader"] |= {"points": 100, "locked": False}


@pytest.mark.parametrize(
    "change",
    [
        without_marks, without_marks_and_ids, one_name_for_all, checks_lost_and_first_cell_lost, everything_doubled,
        points_raised_and_unlocked,
    ],
)  # fmt: skip
def test_the_released_cells_come_back_and_the_answer_stays(change):
    cells = handed_in()
    change(cells)

    found = restored(cells, RELEASED)

    marked = [cell for cell in found if "nbgrader" in cell["metadata"]]
    assert [(name_of(cell), cell["metadata"]["nbgrader"]) for cell in marked] == [
        (name_of(cell), cell["metadata"]["nbgrader"]) for cell in RELEASED
    ]
    answer = next(cell for cell in marked if name_of(cell) == ANSWER)
    assert answer["source"] == "The error action."
    for cell, as_released in zip(marked, RELEASED, strict=True):
        if not as_released["metadata"]["nbgrader"]["solution"]:
            assert cell["source"] == as_released["source"]


def test_a_learners_own_cells_stay_where_they_stood():
    cells = handed_in()
    own = {"id": "own", "cell_type": "code", "metadata": {"nbgrader": {"grade_id": "x"}}, "source": "1", "outputs": []}
    cells.insert(0, own)
    cells.insert(4, {**own, "id": "own2"})

    found = restored(cells, RELEASED)

    assert [at for at, cell in enumerate(found) if "nbgrader" not in cell["metadata"]] == [0, 4]


def test_a_tampered_check_is_no_answer():
    cells = handed_in()
    check = next(cell for cell in cells if name_of(cell) == "check-2-1")
    check["source"], check["metadata"]["nbgrader"]["solution"] = "print('full points')", True

    assert restored(cells, RELEASED) == handed_in()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"{not", "it is no JSON"), (b"\xff", "it is no JSON"), (b"[1]", "it is no notebook of format 4"),
        (b'{"nbformat": 3, "cells": []}', "it is no notebook of format 4"), (b"[" * 100_000, "it is nested too deeply"),
        (b'{"nbformat": 4, "cells": [1]}', "one of its cells is none"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code"}]}', "one of its cells has no source or metadata"),
        (notebook_of(PART).encode(), ""),
    ],
)  # fmt: skip
def test_what_is_no_notebook_is_told_before_nbgrader_stumbles_over_it(data, reason):
    assert no_notebook(data) == reason
