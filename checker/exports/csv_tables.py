"""Tables for Moodle, Canvas and Blackboard: new ones, or the platform's own file with the grades filled in.

The platforms find people and columns by ids that only they know, so filling their own file is the safe way.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from checker.errors import UsageProblem
from checker.exports.markup import visible
from checker.exports.model import ClassGrades, Grading, number

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")
Cell = str | float


@dataclass
class Table:
    """A CSV file as it was read or will be written."""

    header: list[str]
    rows: list[list[Cell]]
    delimiter: str = ","
    encoding: str = "utf-8"


def safe_cell(value: Cell) -> str:
    """A cell that no spreadsheet takes for a formula; numbers stay numbers.

    >>> safe_cell("=HYPERLINK(1)"), safe_cell(-2.5), safe_cell("Ada")
    ("'=HYPERLINK(1)", '-2.5', 'Ada')
    """
    if not isinstance(value, str):
        return number(value)
    text = visible(value)
    if re.fullmatch(r"[+-]?\d+([.,]\d+)?", text.strip()):
        return text
    return f"'{text}" if text.lstrip(" \u00a0\u3000").startswith(FORMULA) else text


def render_table(table: Table) -> bytes:
    """The file; every cell is made safe here, and only here."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=table.delimiter, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([safe_cell(title) for title in table.header])
    writer.writerows([[safe_cell(cell) for cell in row] for row in table.rows])
    return out.getvalue().encode(table.encoding)


def read_table(file: Path) -> Table:
    """A platform's own file: comma or tab, UTF-8 or UTF-16 (Blackboard)."""
    try:
        data = file.read_bytes()
        encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        text = data.decode(encoding)
        delimiter = "\t" if text.split("\n", 1)[0].count("\t") > text.split("\n", 1)[0].count(",") else ","
        header, *rows = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    except (OSError, UnicodeDecodeError, csv.Error, ValueError) as error:
        raise UsageProblem(f"{file} is no table: {error}", next_step="export it anew from the platform") from error
    width = len(header)
    return Table(header, [list((row + [""] * width)[:width]) for row in rows], delimiter, encoding)


def new_table(platform: str, grades: ClassGrades, per_part: bool = False) -> Table:
    """A table from the grades alone, with the columns that the platform's import looks for."""
    make = {"moodle": _moodle, "canvas": _canvas, "blackboard": _blackboard}[platform]
    return make(grades, _columns(grades, per_part))


def _columns(grades: ClassGrades, per_part: bool) -> list[tuple[str, float, dict[str, float]]]:
    """Title, what can be reached, and everybody's score, for the total and if wanted each part."""
    best = max((grading.max_score for grading in grades.gradings), default=0)
    columns = [(grades.title, best, {grading.id: grading.score for grading in _graded(grades)})]
    parts = {part.number: part for grading in grades.gradings for part in grading.report.parts} if per_part else {}
    for at, part in sorted(parts.items()):
        scores = {g.id: g.score_of(p) for g in _graded(grades) for p in g.report.parts if p.number == at}
        columns.append((f"{grades.title}: part {at}", part.available, scores))
    return columns


def _graded(grades: ClassGrades) -> list[Grading]:
    """Whose grade is known: what broke on our side is not exported as if it were a grade."""
    return [grading for grading in grades.gradings if not grading.to_be_graded_again]


def _moodle(grades: ClassGrades, columns: Sequence[tuple[str, float, dict[str, float]]]) -> Table:
    """Grades → Import → CSV file; https://docs.moodle.org/en/Grade_import"""
    header = ["Username", "Full name", "Email address", *(title for title, _, _ in columns), "Feedback"]
    rows: list[list[Cell]] = [
        [g.id, g.shown_name, g.email, *(scores.get(g.id, "") for _, _, scores in columns), feedback_of(g)]
        for g in grades.gradings
    ]
    return Table(header, rows)


def _canvas(grades: ClassGrades, columns: Sequence[tuple[str, float, dict[str, float]]]) -> Table:
    """Gradebook → Import: five columns about the student, then assignments; the second row holds the points possible."""
    header = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *(title for title, _, _ in columns)]
    possible: list[Cell] = ["    Points Possible", "", "", "", "", *(most for _, most, _ in columns)]
    rows: list[list[Cell]] = [
        [g.shown_name, "", "", g.id, "", *(scores.get(g.id, "") for _, _, scores in columns)] for g in grades.gradings
    ]
    return Table(header, [possible, *rows])


def _blackboard(grades: ClassGrades, columns: Sequence[tuple[str, float, dict[str, float]]]) -> Table:
    """Work Offline → Upload: people are found by Username."""
    titles = [f"{title} [Total Pts: {number(most)} Score]" for title, most, _ in columns]
    rows: list[list[Cell]] = []
    for grading in grades.gradings:
        first, _, last = grading.shown_name.rpartition(" ")
        rows.append([last, first, grading.id, *(scores.get(grading.id, "") for _, _, scores in columns)])
    return Table(["Last Name", "First Name", "Username", *titles], rows)


def feedback_of(grading: Grading) -> str:
    """One line for each check that did not pass, and the instructor's comment."""
    lines = [grading.comment] if grading.comment else []
    failed = [check for check in grading.for_learner.checks if check.status == "failed"]
    lines += [f"{check.id} {check.title}: {check.fix or check.because}".rstrip(": ") for check in failed]
    return "; ".join(" ".join(line.split()) for line in lines)
