"""Fills grades into a platform's own file: each learner is found by one of the ids in it, never by chance."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from checker.errors import UsageProblem
from checker.exports.csv_tables import Cell, Table, feedback_of, html_feedback_of
from checker.exports.model import ClassGrades, Grading

ID_COLUMNS = {
    "moodle": ("Identifier", "Username", "ID number", "Email address", "Full name"),
    "canvas": ("SIS Login ID", "SIS User ID", "ID", "Student"),
    "blackboard": ("Username", "Student ID"),
}
"""The columns that may name a learner, the surest first."""
GRADE_COLUMN = {"moodle": "Grade"}
FEEDBACK_COLUMN = {"moodle": "Feedback comments", "blackboard": "Feedback to Learner"}
MOST_COLUMN = "Maximum Grade"
PARTICIPANT = re.compile(r"\D+(\d+)")
"""Moodle's identifier of a participant, whatever a participant is called in its language: `Participant 4711`."""


@dataclass(frozen=True)
class Filled:
    """The file with grades, whose grade found no place in it, and who in it has none."""

    table: Table
    missing: tuple[Grading, ...]
    without: int
    """Rows that got no grade."""
    too_much: tuple[Grading, ...]
    """Whose grade is above what the platform's assignment allows: Moodle passes it over without a word."""


def fill(platform: str, table: Table, grades: ClassGrades, column: str | None = None) -> Filled:
    """The platform's table with everybody's score in its grade column."""
    ids = id_columns(platform, table)
    if not ids:
        raise UsageProblem(
            f"The file is none of {platform}'s: it has none of the columns {', '.join(ID_COLUMNS[platform])}",
            next_step=f"export it from {platform}, or leave --roster out",
        )
    at = _grade_column(platform, table, column or GRADE_COLUMN.get(platform) or grades.title)
    feedback = table.header.index(name) if (name := FEEDBACK_COLUMN.get(platform)) in table.header else None  # type: ignore[arg-type]
    rows = [list(row) for row in table.rows]
    places = [(_is_of_participants(platform, table, at), _rows_by_key(platform, table, at)) for at in ids]
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
                rows[place][feedback] = _feedback(platform, table, rows[place], grading)
    too_much = [g for place, g in taken.items() if not g.to_be_graded_again and g.score > _most(table, place)]
    people = sum(bool(_key(row[ids[0]])) for row in table.rows)
    return Filled(replace(table, rows=rows), tuple(missing), people - len(taken), tuple(too_much))


def id_columns(platform: str, table: Table) -> list[int]:
    """The columns that name learners, the surest first; the first of Moodle's worksheet in whatever language it is."""
    found = [table.header.index(name) for name in ID_COLUMNS[platform] if name in table.header]
    return found or ([0] if platform == "moodle" and _numbers_participants(table, 0) else [])


def _numbers_participants(table: Table, at: int) -> bool:
    return bool(table.rows) and all(PARTICIPANT.fullmatch(str(row[at])) for row in table.rows)


def _feedback(platform: str, table: Table, row: Sequence[Cell], grading: Grading) -> str:
    is_html = "Feedback Format" in table.header and row[table.header.index("Feedback Format")] == "HTML"
    return html_feedback_of(grading) if platform == "moodle" or is_html else feedback_of(grading)


def _most(table: Table, row: int) -> float:
    """What the platform's own file says can be reached at most."""
    titles = [title.casefold() for title in table.header]
    if MOST_COLUMN.casefold() not in titles:
        return math.inf
    try:
        return float(str(table.rows[row][titles.index(MOST_COLUMN.casefold())]).replace(",", "."))
    except ValueError:
        return math.inf


def _grade_column(platform: str, table: Table, wanted: str) -> int:
    """The column of that title; Canvas adds `(id)` to it, Blackboard `[Total Pts: …] |id`."""
    bare = [re.sub(r"\s*(\(\d+\)|\[[^\]]*\](\s*\|\d+)?)$", "", title).strip() for title in table.header]
    found = [at for at, title in enumerate(table.header) if wanted in (title, bare[at])]
    if len(found) != 1:
        known = ", ".join(repr(title) for title in table.header)
        how_many = "no column" if not found else f"{len(found)} columns"
        raise UsageProblem(
            f"{platform}'s file has {how_many} {wanted!r}, only {known}",
            next_step="make the assignment there first, or name its column with --column",
        )
    return found[0]


def _is_of_participants(platform: str, table: Table, at: int) -> bool:
    title = table.header[at]
    return title == "Identifier" or (title not in ID_COLUMNS[platform] and _numbers_participants(table, at))


def _rows_by_key(platform: str, table: Table, at: int) -> Mapping[str, list[int]]:
    """Where each id of a column stands."""
    places: dict[str, list[int]] = {}
    numbered = table.header[at] not in ID_COLUMNS[platform] and _numbers_participants(table, at)
    for row, cells in enumerate(table.rows):
        key = PARTICIPANT.fullmatch(str(cells[at]))[1] if numbered else _key(cells[at])  # type: ignore[index]
        if key:
            places.setdefault(key, []).append(row)
    return places


def _place_of(grading: Grading, columns: Sequence[tuple[bool, Mapping[str, list[int]]]]) -> int | None:
    """The one row that an id of the learner names; a name that two share names nobody.

    A participant's number is Moodle's own: in a column of other numbers it may be somebody else's.
    """
    known = [key for key in (grading.participant, grading.id, grading.email, grading.name) if key]
    for is_of_participants, places in columns:
        for key in (each for each in known if is_of_participants or each != grading.participant):
            if len(rows := places.get(_key(key), [])) == 1:
                return rows[0]
    return None


def _key(cell: Cell) -> str:
    return re.sub(r"^participant (?=\d+$)", "", " ".join(str(cell).split()).casefold())
