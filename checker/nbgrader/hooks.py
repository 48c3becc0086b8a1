"""Steps for nbgrader: run in a box, outputs of check cells from the class grader's results.

Written for nbgrader 0.9.6 (pinned); tests/nbgrader guards what is used of it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nbconvert.preprocessors import ClearMetadataPreprocessor
from nbformat import NotebookNode, from_dict
from nbformat import read as read_notebook
from nbgrader.api import Gradebook
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearOutput,
    DeduplicateIds,
    IgnorePattern,
    LimitOutput,
    NbGraderPreprocessor,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
)
from traitlets import Float, Unicode

from checker.curriculum.parts import read_parts
from checker.nbgrader.box import run_notebook
from checker.nbgrader.notebooks import check_of_cell
from checker.nbgrader.restore import restored
from checker.nbgrader.results import PartOutcome, outcome_of, outputs_of, penalty_in

RESULT_FILE = "lab-result.json"


class RestoreCells(NbGraderPreprocessor):  # type: ignore[misc]
    """Puts the cells of the released notebook back into a learner's, before nbgrader looks at them."""

    course = Unicode(help="The folder of the course.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        about = resources["nbgrader"]
        file = Path(self.course) / "release" / about["assignment"] / f"{about['notebook']}.ipynb"
        if file.is_file():
            released = read_notebook(file, as_version=4).cells
            nb.cells = [from_dict(cell) for cell in restored(nb.cells, released)]
        return nb, resources


class BoxedExecute(NbGraderPreprocessor):  # type: ignore[misc]
    """Runs the notebook in a box, then writes into each check's cell what the class grader found."""

    grades = Unicode(help="The folder of lab grade's results.").tag(config=True)
    isolation = Unicode("box", help='"box", or "none".').tag(config=True)
    within_s = Float(120.0, help="How long a notebook may run.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        outcome = outcome_in(self.grades, resources)
        files = {RESULT_FILE: json.dumps(outcome.as_json())}
        ran = run_notebook(_plain(nb), files, isolation=self.isolation, within_s=self.within_s)
        if ran.ended:
            self.log.warning("The notebook did not run to its end: %s", ran.ended)
        for cell, outputs in zip(nb.cells, ran.outputs, strict=True):
            if cell.cell_type == "code":
                check_id = check_in(cell)
                shown = outputs if check_id is None else outputs_of(check_id, outcome.checks.get(check_id))
                cell.outputs = [from_dict(output) for output in shown]
        return nb, resources


class SaveCheckedGrades(SaveAutoGrades):  # type: ignore[misc]
    """Saves scores; a check without a result, or whose grading broke, waits for a person instead of scoring zero."""

    grades = Unicode().tag(config=True)

    def _add_score(self, cell: NotebookNode, resources: Any) -> None:
        super()._add_score(cell, resources)
        check_id = check_in(cell)
        grade = self.gradebook.find_grade(
            cell.metadata.nbgrader.grade_id, self.notebook_id, self.assignment_id, self.student_id
        )
        if check_id is None:
            if not cell.metadata.nbgrader.points and grade.manual_score is None:
                grade.auto_score, grade.needs_manual_grade = 0.0, False  # a prediction: nobody has to grade it
                self.gradebook.db.commit()
            return
        result = outcome_in(self.grades, resources).checks.get(check_id)
        if result is None or result.status == "broken":
            grade.auto_score, grade.needs_manual_grade = None, True
        else:
            grade.auto_score = float(result.points)
        self.gradebook.db.commit()


class CheckedPenalties(AssignLatePenalties):  # type: ignore[misc]
    """What the course's own late rules took, which nbgrader's rules would put back."""

    grades = Unicode().tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        nb, resources = super().preprocess(nb, resources)
        about = resources["nbgrader"]
        if penalty := penalty_in(Path(self.grades), about["student"], about["assignment"]):
            with Gradebook(about["db_url"]) as book:
                notebook = book.find_submission_notebook(about["notebook"], about["assignment"], about["student"])
                notebook.late_submission_penalty = penalty
                book.db.commit()
        return nb, resources


def outcome_in(grades: str, resources: Any) -> PartOutcome:
    """The learner's results in the part that the assignment is named after."""
    about = resources["nbgrader"]
    part = next((part.number for part in read_parts() if part.id == about["assignment"]), None)
    return PartOutcome({}) if part is None else outcome_of(Path(grades), about["student"], part)


def check_in(cell: NotebookNode) -> str | None:
    """The check whose result a cell shows."""
    about = cell.metadata.get("nbgrader", {})
    return check_of_cell(about.get("grade_id", "")) if cell.cell_type == "code" and about.get("grade") else None


def _plain(nb: NotebookNode) -> dict[str, Any]:
    """The notebook as plain data, without what a learner put into its metadata."""
    cells = [
        {"id": f"c{at}", "cell_type": cell.cell_type, "metadata": {}, "source": cell.source}
        | ({"outputs": [], "execution_count": None} if cell.cell_type == "code" else {})
        for at, cell in enumerate(nb.cells)
    ]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}


def sanitize_steps() -> list[type]:
    return [RestoreCells, ClearOutput, DeduplicateIds, OverwriteKernelspec, OverwriteCells, CheckCellMetadata]


def autograde_steps() -> list[type]:
    """nbgrader's own steps, with ours instead of Execute, SaveAutoGrades and AssignLatePenalties."""
    return [
        BoxedExecute,
        IgnorePattern,
        ClearMetadataPreprocessor,
        LimitOutput,
        SaveCheckedGrades,
        CheckedPenalties,
        CheckCellMetadata,
    ]
