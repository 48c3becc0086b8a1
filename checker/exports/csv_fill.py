"""Fills grades into a platform's own file: each learner is found by one of the ids in it, never by chance."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from checker.errors import UsageProblem
from checker.exports.csv_tables import Cell, Table, feedback_of
from checker.exports.model import ClassGrades, Grading

ID_COLUMNS = {
    "moodle": ("Identifier", "Username", "ID number", "Email address", "Full name"),
    "canvas": ("SIS Login ID", "SIS User ID", "ID", "Student"),
    "blackboard": ("Username", "Student ID"),
}
"""The columns that may name a learner, the surest first."""
GRADE_COLUMN = {"moodle": "Grade"}
FEEDBACK_COLUMN = {"moodle": "Feedback comments", "blackboard": "Feedback to Learner"}


@dataclass(frozen=True)
class Filled:
    """The file with grades, and whose grade found no place in it."""

    table: Table
    missing: tuple[Grading, ...]


def fill(platform: str, table: Table, grades: ClassGrades, column: str | None = None) -> Filled:
    """The platform's table with everybody's score in its grade column."""
    ids = [name for name in ID_COLUMNS[platform] if name in table.header]
    if not ids:
        raise UsageProblem(
            f"The file is none of {platform}'s: it has none of the columns {', '.join(ID_COLUMNS[platform])}",
            next_step=f"export it from {platform}, or leave --roster out",
        )
    at = _grade_column(platform, table, column or GRADE_COLUMN.get(platform) or grades.title)
    feedback = table.header.index(name) if (name := FEEDBACK_COLUMN.get(platform)) in table.header else None  # type: ignore[arg-type]
    rows = [list(row) for row in table.rows]
    places = _rows_by_key(table, ids)
    taken: dict[int, Grading] = {}
    missing = []
    for grading in grades.gradings:
        place = _place_of(grading, places)
        if place is None:
            missing.append(grading)
            continue
        if place in taken:
            raise UsageProblem(
                f"{taken[place].id} and {grading.id} are the same row of the file", next_step="keep one of them"
            )
        taken[place] = grading
        if not grading.to_be_graded_again:
            rows[place][at] = grading.score
            if feedback is not None:
                rows[place][feedback] = feedback_of(grading)
    return Filled(Table(table.header, rows, table.delimiter, table.encoding), tuple(missing))


def _grade_column(platform: str, table: Table, wanted: str) -> int:
    """The column of that title; Canvas adds `(id)` to it, Blackboard `[Total Pts: …] |id`."""
    bare = [re.sub(r"\s*(\(\d+\)|\[Total Pts:.*)$", "", title).strip() for title in table.header]
    found = [at for at, title in enumerate(table.header) if wanted in (title, bare[at])]
    if len(found) != 1:
        known = ", ".join(repr(title) for title in table.header)
        how_many = "no column" if not found else f"{len(found)} columns"
        raise UsageProblem(
            f"{platform}'s file has {how_many} {wanted!r}, only {known}",
            next_step="make the assignment there first, or name its column with --column",
        )
    return found[0]


def _rows_by_key(table: Table, ids: list[str]) -> list[Mapping[str, list[int]]]:
    """For each column of ids, where each id stands."""
    columns: list[Mapping[str, list[int]]] = []
    for name in ids:
        at = table.header.index(name)
        places: dict[str, list[int]] = {}
        for row, cells in enumerate(table.rows):
            if key := _key(cells[at]):
                places.setdefault(key, []).append(row)
        columns.append(places)
    return columns


def _place_of(grading: Grading, columns: list[Mapping[str, list[int]]]) -> int | None:
    """The one row that an id of the learner names; a name that two share names nobody."""
    keys = [_key(key) for key in (grading.id, *_platform_ids(grading), grading.email, grading.name) if key]
    for places in columns:
        for key in keys:
            if len(rows := places.get(key, [])) == 1:
                return rows[0]
    return None


def _platform_ids(grading: Grading) -> list[str]:
    """Moodle's participant: the number in the name of its download, which the grader takes for the id."""
    found = re.search(r"_(\d+)_assignsubmission_", str(grading.report.provenance.get("source", "")))
    return [found[1]] if found else []


def _key(cell: Cell) -> str:
    return re.sub(r"^participant ", "", " ".join(str(cell).split()).casefold())
