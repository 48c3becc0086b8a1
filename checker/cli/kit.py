"""`lab test`, `lab cloud`: for those who work on the kit or look into the cloud."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click

from checker.bootstrap import ensure_environment
from checker.curriculum.parts import ROOT

ALL_TESTS = ("-n", "2", "--dist", "worksteal")
"""Two processes; one that is done takes over tests of the other. tests/conftest.py puts the long ones first."""


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def test(context: click.Context, arguments: tuple[str, ...]) -> None:
    """Run the kit's own tests; arguments go to pytest. Without arguments: all of them, in two processes."""
    python = ensure_environment(["dev"])
    context.exit(_run(["-m", "pytest", *(arguments or ALL_TESTS)], python=python))


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
