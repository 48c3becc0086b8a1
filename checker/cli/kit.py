"""`lab test`, `lab lint`, `lab cloud`: for those who work on the kit or look into the cloud."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import click

from checker.bootstrap import ensure_environment
from checker.cli.options import say
from checker.curriculum.parts import ROOT, parts_named
from checker.errors import UsageProblem

ALL_TESTS = ("-n", "2", "--dist", "worksteal")
"""Two processes; one that is done takes over tests of the other. tests/conftest.py puts the long ones first."""


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def test(context: click.Context, arguments: tuple[str, ...]) -> None:
    """Run the kit's own tests; arguments go to pytest. Without arguments: all of them, in two processes."""
    python = ensure_environment(["dev"])
    context.exit(_run(["-m", "pytest", *(arguments or ALL_TESTS)], python=python))


@click.command()
@click.option("--files-only", is_flag=True, help="Read the files; neither Terraform nor a cloud is started.")
@click.option("--mistakes", metavar="[PART]", is_flag=False, flag_value="all", help="Only the known mistakes, of PART.")
@click.option("--variants", metavar="[PART]", is_flag=False, flag_value="all", help="Only the right variants, of PART.")
@click.option("--named", default="", metavar="TEXT", help="Of these only those with TEXT in their name.")
@click.option("--jobs", default=2, show_default=True, help="How many mistakes and variants are tried at a time.")
@click.option("--accept", is_flag=True, help="Write what the mistakes say now into their expect.toml. Read the diff!")
@click.pass_context
def lint(context: click.Context, files_only: bool, **cases: Any) -> None:
    """Prove the curriculum: ids, points, hints, pages, TODOs; every state of the files is valid Terraform and Python;
    no check passes on the base of its part and all pass on its solution; every known mistake fails exactly its checks
    with its messages, and every right variant of a solution passes."""
    from checker.curriculum.lint import lint_curriculum
    from checker.curriculum.prove import prove_checks

    problems: list[str] = []
    if not cases["mistakes"] and not cases["variants"]:
        problems += lint_curriculum(with_terraform=not files_only, say=say)
        problems += [] if files_only else prove_checks(say)
    if not files_only:
        problems += _prove_cases(**cases)
    for problem in problems:
        click.echo(problem)
    click.echo(f"{len(problems)} problems." if problems else "The curriculum is in order.")
    context.exit(1 if problems else 0)


def _prove_cases(mistakes: str | None, variants: str | None, named: str, jobs: int, accept: bool) -> list[str]:
    """Tries the chosen mistakes and variants, all of them if none are chosen; prints the checker's own score."""
    from checker.curriculum.proof import find_cases, prove

    if not mistakes and not variants:
        mistakes = variants = "all"
    chosen = find_cases(parts_named(mistakes), variants=False, name=named)
    chosen += find_cases(parts_named(variants), mistakes=False, name=named)
    if not chosen:
        raise UsageProblem("There is no such mistake or variant", next_step="ls parts/*/mistakes tests/variants/*")
    proof = prove(chosen, jobs=jobs, accept=accept, say=say)
    click.echo(proof.score)
    return proof.problems


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("what", type=click.Choice(["sql-cases", "coverage"]))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def cloud(context: click.Context, what: str, arguments: tuple[str, ...]) -> None:
    """Ask the local cloud about itself: run SQL cases from a FILE, or list what it serves."""
    context.exit(_run(["-m", "labcloud", what, *arguments], cwd=None))


def _run(arguments: list[str], cwd: Path | None = ROOT, python: Path | str = sys.executable) -> int:
    """Runs Python with the arguments in the foreground; Ctrl-C reaches it, too."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))}
    try:
        return subprocess.run([str(python), *arguments], cwd=cwd, env=environment).returncode
    except KeyboardInterrupt:
        return 130
