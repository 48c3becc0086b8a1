"""`lab reset`, `lab catch-up`: files of the starter or of solutions; what they replace is kept."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import click

from checker.cli.options import echo, open_workspace, workspace_option
from checker.curriculum.parts import STARTER, Part, find_part, read_parts
from checker.curriculum.progress import begin_at, begun_at
from checker.curriculum.workspace import Workspace, lay_over

KEPT = "kept"


@click.command()
@click.argument("wanted", metavar="[PART]", required=False)
@workspace_option
def reset(wanted: str | None, folder: str | None) -> None:
    """Begin PART anew with the files it edits as they were before it, or everything without PART.

    The replaced files are kept in .lab/kept/.
    """
    workspace = open_workspace(folder)
    parts = read_parts()
    part = find_part(wanted) if wanted else None
    names = part.files if part else tuple(dict.fromkeys(name for each in parts for name in each.files))
    kept = keep(workspace, names)
    for name in names:
        source = base_file(name, parts, part.number if part else 1)
        if source is None:
            (workspace.folder / name).unlink(missing_ok=True)
        else:
            (workspace.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, workspace.folder / name)
    begin_at(workspace, min(part.number, begun_at(workspace)) if part else 1)
    what = f"Part {part.number} begins" if part else "All parts begin"
    echo(f"{what} anew. Your files are kept in {kept}.")
    echo("  next  lab apply brings the target to these files")


def base_file(name: str, parts: Iterable[Part], number: int) -> Path | None:
    """A file as it is before part `number`: from the latest solution before it, else from the starter; None: not there."""
    for part in sorted(parts, key=lambda part: -part.number):
        if part.number < number and (part.solution / name).is_file():
            return part.solution / name
    return STARTER / name if (STARTER / name).is_file() else None


@click.command("catch-up")
@click.argument("wanted", metavar="PART")
@workspace_option
def catch_up(wanted: str, folder: str | None) -> None:
    """Begin PART with the solutions of the parts before it; the replaced files are kept in .lab/kept/."""
    workspace, part = open_workspace(folder), find_part(wanted)
    earlier = [each for each in read_parts() if each.number < part.number]
    names = [str(f.relative_to(e.solution)) for e in earlier for f in e.solution.rglob("*") if f.is_file()]
    kept = keep(workspace, names)
    written = lay_over(workspace, earlier)
    begin_at(workspace, part.number)
    echo(
        f"{len(set(written))} files are now those of the solutions before part {part.number}. Yours are kept in {kept}."
    )
    echo("  next  lab apply, then lab next")


def keep(workspace: Workspace, names: Iterable[str]) -> Path:
    """Copies the workspace's files into a folder of their own below .lab/kept/."""
    folder = workspace.notes / KEPT / datetime.now().strftime("%Y-%m-%d_%H%M%S")
    number = 0
    while folder.exists():
        number += 1
        folder = folder.with_name(f"{folder.name.split('+')[0]}+{number}")
    for name in dict.fromkeys(names):
        if (workspace.folder / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(workspace.folder / name, folder / name)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
