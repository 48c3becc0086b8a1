"""Tables for Moodle, Canvas and Blackboard: new ones, or the platform's own file with the grades filled in.

The platforms find people and columns by ids that only they know, so filling their own file is the safe way.
"""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from checker.errors import UsageProblem
from checker.exports.markup import visible
from checker.exports.model import ClassGrades, Grading, number

FORMULA = ("=", "+", "-", "@", "|", "%", "＝", "＋", "－", "＠")
AFTER_SEPARATOR = re.compile(r"(?<=[;,])(\s*[\"']*)(?=[=@＝＠]|[+\-＋－][^\s\d])")
"""Where a cell would begin for a spreadsheet that takes another separator than the file's."""
DELIMITERS = (",", ";", "\t")
WORKSHEET = (
    "Identifier",
    "Full name",
    "Email address",
    "Grade",
    "Maximum Grade",
    "Last modified (grade)",
    "Feedback comments",
)
"""Those columns of Moodle's grading worksheet that its upload looks for or that people want to see."""
Cell = str | float


class Given(str):
    """A cell as the platform wrote it: it goes back as it came."""


@dataclass
class Table:
    """A CSV file as it was read or will be written."""

    header: list[str]
    rows: list[list[Cell]]
    delimiter: str = ","
    encoding: str = "utf-8"
    decimal: str = "."


def safe_cell(value: Cell, decimal: str = ".") -> str:
    """A cell on one line that no spreadsheet takes for a formula; numbers stay numbers.

    >>> safe_cell("=HYPERLINK(1)"), safe_cell(-2.5), safe_cell("Ada"), safe_cell(2.5, ",")
    ("'=HYPERLINK(1)", '-2.5', 'Ada', '2,5')
    """
    if isinstance(value, Given):
        return value
    if not isinstance(value, str):
        return number(value).replace(".", decimal)
    text = visible(re.sub(r"[\t\r\n\v\f\x85\u2028\u2029]+", " ", value))
    if re.fullmatch(r"[+-]?\d+([.,]\d+)?", text.strip()):
        return text
    text = AFTER_SEPARATOR.sub(r"\1'", text)
    return f"'{text.lstrip()}" if text.lstrip().lstrip("\"'").lstrip().startswith(FORMULA) else text


def render_table(table: Table) -> bytes:
    """The file; every cell that is not the platform's own is made safe here, and only here.

    Behind a byte-order mark the first cell stands without quotes: Canvas refuses a quote there.
    """
    out = io.StringIO()
    is_marked = table.encoding == "utf-8-sig"
    writer = csv.writer(
        out, delimiter=table.delimiter, quoting=csv.QUOTE_MINIMAL if is_marked else csv.QUOTE_ALL, lineterminator="\r\n"
    )
    writer.writerow([safe_cell(title) for title in table.header])
    writer.writerows([[safe_cell(cell, table.decimal) for cell in row] for row in table.rows])
    return out.getvalue().encode(table.encoding)


def read_table(file: Path) -> Table:
    """A platform's own file: comma, semicolon or tab, UTF-8 with or without its mark, UTF-16 (Blackboard)."""
    try:
        data = file.read_bytes()
        encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
        encoding = "utf-8-sig" if data[:3] == b"\xef\xbb\xbf" else encoding
        text = data.decode(encoding)
        delimiter = max(DELIMITERS, key=lambda each: len(next(csv.reader(io.StringIO(text), delimiter=each))))
        header, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    except UnicodeDecodeError as error:
        raise UsageProblem(
            f"{file} is no table in UTF-8 or UTF-16", next_step="export it anew from the platform, or save it as UTF-8"
        ) from error
    except (OSError, csv.Error, ValueError, StopIteration) as error:
        raise UsageProblem(f"{file} is no table: {error}", next_step="export it anew from the platform") from error
    width = len(header)
    given: list[list[Cell]] = [[Given(cell) for cell in (row + [""] * width)[:width]] for row in rows]
    return Table([Given(title) for title in header], given, delimiter, encoding, _decimal_of(rows, delimiter))


def _decimal_of(rows: Sequence[Sequence[str]], delimiter: str) -> str:
    """The decimal sign of the numbers that are there; a comma only where no comma separates cells."""
    numbers = [cell for row in rows for cell in row if re.fullmatch(r"-?\d+[.,]\d+", cell)]
    return "," if delimiter != "," and numbers and all("," in cell for cell in numbers) else "."


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
    """For people of Moodle's download its grading worksheet, else what Grades → Import → CSV file takes.

    https://docs.moodle.org/en/Grade_import; the worksheet: mod/assign/feedback/offline of Moodle's source.
    """
    if grades.gradings and len(columns) == 1 and all(each.participant for each in grades.gradings):
        return _worksheet(grades, *columns[0])
    header = ["Username", "Full name", "Email address", *(title for title, _, _ in columns), "Feedback"]
    rows: list[list[Cell]] = [
        [g.id, g.shown_name, g.email, *(scores.get(g.id, "") for _, _, scores in columns), html_feedback_of(g)]
        for g in grades.gradings
    ]
    return Table(header, rows)


def _worksheet(grades: ClassGrades, title: str, most: float, scores: Mapping[str, float]) -> Table:
    rows: list[list[Cell]] = [
        [f"Participant {g.participant}", g.name, g.email, scores.get(g.id, ""), most, Given("-"), html_feedback_of(g)]
        for g in grades.gradings
    ]
    return Table(list(WORKSHEET), rows)


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
    """Why there are not all points: what stopped the grading, each failed check, the instructor's comment."""
    shown = grading.for_learner
    lines = [text for text in (grading.comment, grading.problem, *grading.rules) if text]
    failed = [check for check in shown.checks if check.status == "failed"]
    lines += [f"{check.id} {check.title.rstrip('.')}: {check.fix or check.because}".rstrip(": ") for check in failed]
    skipped = [check for check in shown.checks if check.status == "skipped" and check.because]
    if skipped and not failed and not grading.problem:
        lines.append(f"{len(skipped)} checks were skipped: {skipped[0].because}")
    return "; ".join(" ".join(line.split()) for line in lines)


def html_feedback_of(grading: Grading) -> str:
    """Moodle takes feedback for HTML: `<` must stay a sign."""
    return html.escape(feedback_of(grading), quote=False)
