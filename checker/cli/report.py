"""`lab report`: the grades of a class as pages, tables for learning platforms, bundles."""

from __future__ import annotations

from pathlib import Path

import click

from checker.errors import UsageProblem

FORMATS = ("html", "markdown", "moodle", "canvas", "blackboard", "gradescope", "junit", "json", "appeal")


@click.command()
@click.argument("grades", metavar="GRADES", type=click.Path(path_type=Path))
@click.argument("learner", metavar="[ID]", required=False)
@click.option(
    "--to", "formats", type=click.Choice(FORMATS), multiple=True, help="What to write (default: html); repeatable."
)
@click.option("--out", metavar="DIR", type=click.Path(path_type=Path), help="Where to (default: GRADES/report).")
@click.option(
    "--roster",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The platform's own CSV file: the grades are filled into it, so that people and columns are found.",
)
@click.option("--column", metavar="TITLE", help="The roster's grade column (default: the course's title).")
@click.option(
    "--course", "course_file", metavar="FILE", type=click.Path(path_type=Path),
    help="course.toml (default: GRADES/course.toml).",
)  # fmt: skip
@click.option("--per-part", is_flag=True, help="A new table also has a column for each part.")
@click.option("--similarity", is_flag=True, help="Compare the submissions with each other.")
@click.option("--submissions", metavar="DIR", type=click.Path(path_type=Path), help="Where they are, for --similarity.")
@click.option(
    "--pairs", type=click.IntRange(min=0), default=40, show_default=True, help="How many pairs get a side-by-side page."
)
def report(
    grades: Path,
    learner: str | None,
    formats: tuple[str, ...],
    out: Path | None,
    roster: Path | None,
    column: str | None,
    course_file: Path | None,
    per_part: bool,
    similarity: bool,
    submissions: Path | None,
    pairs: int,
) -> None:
    """Write the grades in the folder GRADES as pages, tables or bundles.

    With ID only that learner's; `--to appeal ID` bundles everything that a grading rests on.
    """
    from checker.exports.read import read_grades
    from checker.exports.write import Choice
    from checker.grading.course import read_course
    from checker.grading.notices import notices_of
    from checker.grading.store import Grades
    from checker.grading.texts import harmless

    out = out or grades / "report"
    if submissions and not similarity:
        raise UsageProblem("--submissions says what is compared", next_step="add --similarity")
    if similarity:
        _similarity(grades, submissions, out / "similarity", pairs)
        if not formats:
            return
    formats = formats or ("html",)
    if roster and not {"moodle", "canvas", "blackboard"} & set(formats):
        raise UsageProblem("--roster fills a platform's own file", next_step="add --to moodle, canvas or blackboard")
    if column and not roster:
        raise UsageProblem("--column names the grade column of a platform's own file", next_step="add --roster FILE")
    whole = read_grades(grades, course_file)
    store = Grades(grades.resolve())
    for line in notices_of(store, read_course(store.rules_file(course_file))):
        click.echo(line, err=True)
    for wanted in formats:
        for line in _write(
            wanted, whole, learner, out / wanted if len(formats) > 1 else out, Choice(roster, column, per_part)
        ):
            click.echo(harmless(line))


def _write(wanted: str, whole: object, learner: str | None, out: Path, choice: object) -> list[str]:
    from dataclasses import replace

    from checker.exports.model import ClassGrades
    from checker.exports.write import WRITERS, Choice, find_grading, write_appeal

    assert isinstance(whole, ClassGrades) and isinstance(choice, Choice)
    if wanted == "appeal":
        if learner is None:
            raise UsageProblem("An appeal is about one grading", next_step="lab report GRADES ID --to appeal")
        return write_appeal(whole, find_grading(whole, learner), out)
    if learner is not None:
        whole = replace(whole, gradings=(find_grading(whole, learner),))
    return WRITERS[wanted](whole, out, choice)


def _similarity(grades: Path, submissions: Path | None, out: Path, pairs: int) -> None:
    from checker.exports.similarity.submissions import read_submissions
    from checker.exports.similarity.write import write_similarity

    files, names = read_submissions(grades, submissions)
    found = write_similarity(files, names, out, pairs)
    click.echo(
        f"{out / 'index.html'}: {len(files)} submissions, {len(found)} pair{'s' * (len(found) != 1)} sharing more than chance"
    )
