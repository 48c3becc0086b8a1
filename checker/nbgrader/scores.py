"""Writes the class grader's scores into nbgrader's gradebook, through nbgrader's own API. Doing it twice changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from sqlalchemy.exc import DatabaseError

from checker.checks.result import CheckResult, PartResult
from checker.curriculum.parts import Part, read_parts
from checker.errors import LabError
from checker.exports.model import Grading
from checker.exports.read import read_grades
from checker.nbgrader.notebooks import HELPER, cell_of_check, check_of_cell
from checker.nbgrader.results import extra_of, penalty_of

ADJUSTMENTS = "adjustments"
"""The cell, in no notebook and without a maximum, of what the instructor gave to a part."""


@dataclass
class Written:
    """What was done."""

    learners: int = 0
    scores: int = 0
    changed: int = 0
    waiting: int = 0
    """Scores that a person must look at: something of ours broke."""


def write_scores(course: Path, grades: Path, course_id: str = "default_course") -> Written:
    """Every learner's score of every check; manual scores, comments and other cells stay as they are."""
    written = Written()
    with open_gradebook(course, course_id) as book:
        for grading in read_grades(grades).gradings:
            book.update_or_create_student(grading.id, **_person(grading))
            for part, result in _parts_of(grading):
                _ensure_cells(book, part, result)
                _write_part(book, grading, part, result, written)
                if not (course / "submitted" / grading.id / part.id).is_dir():
                    _no_answers(book, grading, part)
            written.learners += 1
    return written


@contextmanager
def open_gradebook(course: Path, course_id: str) -> Iterator[Gradebook]:
    """The gradebook of a course; what its database refuses becomes one message."""
    file = course / "gradebook.db"
    try:
        with Gradebook(f"sqlite:///{file}", course_id) as book:
            yield book
    except DatabaseError as error:
        said = str(error.orig)
        in_use = "locked" in said
        raise LabError(
            f"{file} cannot be used: {said}",
            next_step="another program writes there (formgrader, nbgrader): call this again when it has ended"
            if in_use
            else "is it nbgrader's gradebook of this version, and may you write there? a copy of it helps",
        ) from error


def _person(grading: Grading) -> dict[str, str]:
    first, _, last = grading.name.rpartition(" ")
    known = {"first_name": first, "last_name": last, "email": grading.email}
    return {key: value for key, value in known.items() if value}


def _parts_of(grading: Grading) -> Iterator[tuple[Part, PartResult]]:
    by_number = {part.number: part for part in read_parts()}
    return ((by_number[result.number], result) for result in grading.report.parts if result.number in by_number)


def _ensure_cells(book: Gradebook, part: Part, result: PartResult) -> None:
    """The assignment, its notebook and a cell for each check; also where nbgrader has not generated it."""
    book.update_or_create_assignment(part.id)
    book.update_or_create_notebook(part.id, part.id)
    for check in result.checks:
        name = cell_of_check(check.id)
        try:
            cell = book.find_grade_cell(name, part.id, part.id)
        except MissingEntry:
            cell = _add_cell(book, name, part, check.max_points)
        if cell.max_score != check.max_points:
            book.update_or_create_grade_cell(name, part.id, part.id, max_score=check.max_points)


def _add_cell(book: Gradebook, name: str, part: Part, most: float) -> Any:
    cell = book.add_grade_cell(name, part.id, part.id, max_score=most, cell_type="code")
    source = f"# see the cell {HELPER}"
    book.update_or_create_source_cell(name, part.id, part.id, cell_type="code", locked=True, source=source)
    return cell


def _write_part(book: Gradebook, grading: Grading, part: Part, result: PartResult, written: Written) -> None:
    submission = book.update_or_create_submission(part.id, grading.id)
    notebook = book.find_submission_notebook(part.id, part.id, grading.id)
    _complete(book, notebook, part)
    penalty = penalty_of(grading, result)
    if (notebook.late_submission_penalty or 0.0) != penalty:
        notebook.late_submission_penalty = penalty
        written.changed += 1
    written.changed += _give(book, grading, part, extra_of(grading, result))
    for check in result.checks:
        grade = book.find_grade(cell_of_check(check.id), part.id, part.id, grading.id)
        wanted = _score_of(check)
        waits = wanted is None or grade.manual_score is not None
        written.scores, written.waiting = written.scores + 1, written.waiting + (wanted is None)
        if (grade.auto_score, grade.needs_manual_grade) != (wanted, waits):
            grade.auto_score, grade.needs_manual_grade = wanted, waits
            written.changed += 1
    assert submission is not None
    book.db.commit()


def _give(book: Gradebook, grading: Grading, part: Part, extra: float) -> bool:
    """Writes what adjustments gave to a part; is that new? nbgrader knows nothing that is earned beside a cell."""
    try:
        book.find_grade_cell(ADJUSTMENTS, part.id, part.id)
    except MissingEntry:
        if not extra:
            return False
        _add_cell(book, ADJUSTMENTS, part, 0.0)
        _complete(book, book.find_submission_notebook(part.id, part.id, grading.id), part)
    grade = book.find_grade(ADJUSTMENTS, part.id, part.id, grading.id)
    before = grade.extra_credit or 0.0
    grade.auto_score, grade.extra_credit, grade.needs_manual_grade = 0.0, extra, False
    return before != extra


def _no_answers(book: Gradebook, grading: Grading, part: Part) -> None:
    """Without a notebook there is no answer that a person could grade."""
    for grade in book.find_submission_notebook(part.id, part.id, grading.id).grades:
        if check_of_cell(grade.name) is None and grade.auto_score is None and grade.manual_score is None:
            grade.auto_score, grade.needs_manual_grade = 0.0, False
    book.db.commit()


def _complete(book: Gradebook, notebook: object, part: Part) -> None:
    """Adds grades for cells that are newer than the submission, which nbgrader itself never does."""
    from nbgrader.api import Grade

    with book.db.no_autoflush:
        known = {grade.cell_id for grade in notebook.grades}  # type: ignore[attr-defined]
        for cell in book.find_notebook(part.id, part.id).grade_cells:
            if cell.id not in known:
                book.db.add(Grade(cell_id=cell.id, notebook=notebook))
    book.db.commit()


def _score_of(check: CheckResult) -> float | None:
    return None if check.status == "broken" else float(check.points)
