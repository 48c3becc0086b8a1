"""`lab new`: a workspace from the starter."""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

import click

from checker.cli.options import echo
from checker.curriculum.parts import ROOT
from checker.curriculum.workspace import new_workspace


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def new(folder: Path) -> None:
    """Make a workspace in DIR: a copy of the starter with a Git repository of its own."""
    workspace = new_workspace(folder)
    echo(f"The workspace {workspace.folder} is made.")
    if not lab_is_on_path():
        echo(f"  once  export PATH={shlex.quote(str(ROOT))}:$PATH   (so that `lab` is found in every folder)")
    echo(f"  next  cd {shlex.quote(str(folder))} && lab next")


def lab_is_on_path() -> bool:
    """Does the shell find this kit's `lab`? The kit's own virtual environment has one, too, which no shell knows."""
    kit_only = str(Path(os.environ.get("LAB_VENV", ROOT / ".venv")) / "bin")
    path = os.pathsep.join(place for place in os.get_exec_path() if place != kit_only)
    return shutil.which("lab", path=path) is not None
