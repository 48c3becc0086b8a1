"""Writes exports into a folder: one function for each `lab report --to`. Learners never name a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from checker.errors import UsageProblem
from checker.exports.appeal import bundle_of
from checker.exports.csv_fill import fill
from checker.exports.csv_tables import WORKSHEET, Table, new_table, read_table, render_table
from checker.exports.dashboard import render_dashboard
from checker.exports.gradescope import render_gradescope
from checker.exports.json_export import SCHEMA, render_json
from checker.exports.learner_page import render_learner_page
from checker.exports.markdown import render_markdown
from checker.exports.model import ClassGrades, Grading, file_name_of, number
from checker.report.files import render_junit


@dataclass(frozen=True)
class Choice:
    """What the options of `lab report` say."""

    roster: Path | None = None
    column: str | None = None
    per_part: bool = False


def write_html(grades: ClassGrades, out: Path, choice: Choice) -> list[str]:
    """index.html for the instructor, a page for each learner."""
    write_file(out / "index.html", render_dashboard(grades))
    return [f"{out / 'index.html'}: the class", *_each(grades, out, ".html", render_learner_page)]


def write_markdown(grades: ClassGrades, out: Path, choice: Choice) -> list[str]:
    return _each(grades, out, ".md", render_markdown)


def write_gradescope(grades: ClassGrades, out: Path, choice: Choice) -> list[str]:
    """A results.json for each learner; the package for Gradescope's own machines is made by `lab grade autograder`."""
    return _each(grades, out, ".json", lambda grading, _: render_gradescope(grading))


def write_junit(grades: ClassGrades, out: Path, choice: Choice) -> list[str]:
    return _each(grades, out, ".xml", lambda grading, _: render_junit(grading.for_learner.report))


def write_json(grades: ClassGrades, out: Path, choice: Choice) -> list[str]:
    write_file(out / "grades.json", render_json(grades))
    write_file(out / "grades.schema.json", SCHEMA.read_bytes())
    return [f"{out / 'grades.json'}: everybody", f"{out / 'grades.schema.json'}: what is in it"]


UPLOAD_AT = {
    "moodle": "Grades → Import → CSV file",
    "canvas": "Grades → Import",
    "blackboard": "Gradebook → Upload grades",
}
MOODLES_MOST = 100
"""Moodle's import of grades ends at a grade above it, unless the site allows unlimited grades."""


def told_of_new_table(platform: str, table: Table, grades: ClassGrades) -> list[str]:
    """Where a table that is not the platform's own goes, and what is to be known before."""
    if table.header[0] == WORKSHEET[0]:
        return ["upload it in Moodle's assignment: View all submissions → Upload grading worksheet"]
    told = [f"upload it under {UPLOAD_AT[platform]}"]
    if platform != "moodle":
        return told
    told += [
        f"{each.participant} is a number of Moodle's download and no username: fill the grading worksheet with --roster"
        for each in grades.gradings
        if each.participant
    ]
    best = [each for each in grades.gradings if each.score > MOODLES_MOST]
    return told + [
        f"above {MOODLES_MOST}, Moodle's import would end there unless the site allows unlimited grades: {each.shown_name}"
        for each in best
    ]


def table_writer(platform: str) -> Callable[[ClassGrades, Path, Choice], list[str]]:
    """Writes a platform's table, or fills the platform's own file."""

    def write(grades: ClassGrades, out: Path, choice: Choice) -> list[str]:
        file = out / f"{platform}.csv"
        told = []
        if choice.roster:
            filled = fill(platform, read_table(choice.roster), grades, choice.column)
            table = filled.table
            told = [f"not in {choice.roster.name}: {grading.shown_name}" for grading in filled.missing]
            people = "1 person has" if filled.without == 1 else f"{filled.without} people have"
            told += [f"{people} no grade in {choice.roster.name}"] if filled.without else []
            told += [
                f"above what the assignment in Moodle allows, Moodle would pass it over: {each.shown_name} ({number(each.score)})"
                for each in filled.too_much
            ]
        else:
            table = new_table(platform, grades, choice.per_part)
            told = told_of_new_table(platform, table, grades)
        write_file(file, render_table(table))
        again = [grading for grading in grades.gradings if grading.to_be_graded_again]
        told += [f"left empty, to be graded again: {grading.shown_name}" for grading in again]
        return [f"{file}: {len(table.rows)} rows", *told]

    return write


WRITERS: dict[str, Callable[[ClassGrades, Path, Choice], list[str]]] = {
    "html": write_html,
    "markdown": write_markdown,
    "moodle": table_writer("moodle"),
    "canvas": table_writer("canvas"),
    "blackboard": table_writer("blackboard"),
    "gradescope": write_gradescope,
    "junit": write_junit,
    "json": write_json,
}


def find_grading(grades: ClassGrades, wanted: str) -> Grading:
    """The grading of a learner's id."""
    grading = grades.find(wanted)
    if grading is None:
        import difflib

        near = difflib.get_close_matches(wanted, [each.id for each in grades.gradings], n=1)
        raise UsageProblem(
            f"{grades.folder} holds no grade of {wanted!r}",
            next_step=f"did you mean {near[0]!r}?"
            if near
            else f"choose one of the folders in {grades.folder / 'results'}",
        )
    return grading


def write_appeal(grades: ClassGrades, grading: Grading, out: Path) -> list[str]:
    """The bundle of one grading."""
    file = out / f"appeal-{file_name_of(grading.id)}.zip"
    write_file(file, bundle_of(grades, grading))
    return [f"{file}: everything about this grading"]


def _each(grades: ClassGrades, out: Path, ending: str, render: Callable[[Grading, str], str]) -> list[str]:
    for grading in grades.gradings:
        write_file(out / f"{file_name_of(grading.id)}{ending}", render(grading.for_learner, grades.title))
    return [f"{out}: {len(grades.gradings)} files, one for each learner"]


def write_file(file: Path, content: str | bytes) -> None:
    """Writes a file of a report; its folder is made if it is missing."""
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    except OSError as error:
        raise UsageProblem(f"{file} cannot be written: {error.strerror}", next_step="choose another --out") from error
