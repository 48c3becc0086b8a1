"""`lab nbgrader`: an nbgrader course of the parts' notebooks, graded without trusting them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from checker.errors import LabError

course_argument = click.argument("course", metavar="COURSE", type=click.Path(path_type=Path))
grades_argument = click.argument("grades", metavar="GRADES", type=click.Path(path_type=Path))
isolation_option = click.option(
    "--isolation", type=click.Choice(["box", "none"]), default="box", show_default=True,
    help="How learners' notebooks run; none: as you, with your files in reach.",
)  # fmt: skip


@click.group()
def nbgrader() -> None:
    """Make an nbgrader course of the parts' notebooks and grade it.

    nbgrader itself is installed when it is needed for the first time.
    """


@nbgrader.command()
@course_argument
def init(course: Path) -> None:
    """Make the course COURSE, or renew its notebooks from parts/*/notebook.md."""
    from checker.nbgrader.course import init_course

    for line in init_course(course):
        click.echo(line)
    click.echo(f"next  lab nbgrader run {course} -- generate_assignment {_first_part()}")


@nbgrader.command(context_settings={"ignore_unknown_options": True})
@course_argument
@click.argument("arguments", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_context
def run(context: click.Context, course: Path, arguments: Sequence[str]) -> None:
    """Run nbgrader's own command in COURSE: lab nbgrader run COURSE -- generate_assignment 01_iot_core."""
    context.exit(_nbgrader(course, arguments))


@nbgrader.command()
@course_argument
@click.argument("submissions", metavar="SUBMISSIONS", type=click.Path(path_type=Path))
def collect(course: Path, submissions: Path) -> None:
    """Take the notebooks out of SUBMISSIONS (a folder of folders, or the grades of `lab grade`)."""
    from checker.nbgrader.collect import collect as collect_notebooks
    from checker.nbgrader.course import require_course

    for line in collect_notebooks(require_course(course), submissions):
        click.echo(line)


@nbgrader.command()
@course_argument
@grades_argument
@click.option("--assignment", help="Only this part, for example 02_invalid_data.")
@click.option("--student", help="Only this learner.")
@isolation_option
@click.pass_context
def autograde(
    context: click.Context, course: Path, grades: Path, assignment: str | None, student: str | None, isolation: str
) -> None:
    """Run the collected notebooks in boxes and score their check cells with the results in GRADES; then as `scores`."""
    from checker.curriculum.parts import read_parts
    from checker.errors import UsageProblem
    from checker.nbgrader.course import require_course

    if isolation == "box":
        from checker.isolation.probe import require_isolation

        require_isolation()
    else:
        click.echo(
            "Without isolation learners' notebooks run as you: they reach your files and the gradebook.", err=True
        )
    folder = require_course(course)
    _remember(folder, grades)
    parts = [part.id for part in read_parts()]
    if assignment and assignment not in parts:
        raise UsageProblem(f"There is no part {assignment}", next_step=f"parts are {', '.join(parts)}")
    if not any((folder / "submitted").glob(f"{student or '*'}/{assignment or '*'}/*.ipynb")):
        raise LabError(
            f"{folder / 'submitted'} holds no such notebook", next_step="lab nbgrader collect COURSE SUBMISSIONS"
        )
    words = [str(folder), str(grades.resolve()), assignment or "", student or ""]
    code = _module("checker.nbgrader.autograde", words, folder, {"LAB_ISOLATION": isolation})
    context.exit(max(code, _module("checker.nbgrader", words[:2], folder)))


@nbgrader.command()
@course_argument
@grades_argument
@click.pass_context
def scores(context: click.Context, course: Path, grades: Path) -> None:
    """Write the scores in GRADES into the gradebook of COURSE, also for learners without a notebook."""
    from checker.nbgrader.course import require_course

    folder = require_course(course)
    _remember(folder, grades)
    context.exit(_module("checker.nbgrader", [str(folder), str(grades.resolve())], folder))


@nbgrader.command()
@course_argument
@click.option("--port", default=8888, show_default=True, help="The port on this machine; it is not open to others.")
@click.pass_context
def formgrader(context: click.Context, course: Path, port: int) -> None:
    """Open nbgrader's formgrader for COURSE in the browser: manual grading, feedback."""
    from checker.nbgrader.course import require_course

    folder = require_course(course)
    options = ["--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.default_url=/formgrader"]
    options += ["--ServerApp.allow_root=True"] if os.geteuid() == 0 else []
    context.exit(subprocess.call([str(_python()), "-m", "jupyter_server", *options], cwd=folder, env=_environment()))


def _remember(course: Path, grades: Path) -> None:
    from checker.exports.read import read_grades
    from checker.nbgrader.settings import remember_grades

    read_grades(grades)
    remember_grades(course, grades)


def _first_part() -> str:
    from checker.curriculum.parts import read_parts

    return read_parts()[0].id


def _python() -> Path:
    """The Python of an environment that holds nbgrader; installs it if it is missing."""
    from checker.bootstrap import ensure_environment

    return ensure_environment(["nbgrader"])


def _environment(settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """nbgrader starts programs of its environment (alembic) by their names: they must be found."""
    from checker.bootstrap import venv_python

    path = f"{venv_python().parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {**os.environ, "PATH": path, **(settings or {})}


def _module(name: str, arguments: Sequence[str], course: Path, settings: Mapping[str, str] | None = None) -> int:
    """Runs a module of the kit that needs nbgrader, in the environment that holds it."""
    from checker.curriculum.parts import ROOT

    environment = {**_environment(settings), "PYTHONPATH": str(ROOT)}
    command = [str(_python()), "-W", "ignore", "-m", name, *arguments]  # SQLAlchemy warns of how nbgrader uses it
    return subprocess.call(command, cwd=course, env=environment)


def _nbgrader(course: Path, arguments: Sequence[str], settings: Mapping[str, str] | None = None) -> int:
    from checker.nbgrader.course import require_course

    folder = require_course(course)
    command = [str(_python()), "-m", "nbgrader", *arguments]
    return subprocess.call(command, cwd=folder, env=_environment(settings))
