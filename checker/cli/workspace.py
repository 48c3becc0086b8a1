"""`lab new`: a workspace from the starter."""

from __future__ import annotations

from pathlib import Path

import click

from checker.curriculum.workspace import new_workspace


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def new(folder: Path) -> None:
    """Make a workspace in DIR: a copy of the starter with a Git repository of its own."""
    workspace = new_workspace(folder)
    click.echo(f"The workspace {workspace.folder} is made.")
    click.echo(f"  next  cd {folder} && lab next")
