"""Puts a workspace in order after a stranger's program: what the judge reads next is files and folders, and lies inside.

The judge sees more than a box does. A link that a program left behind would lead it to where the program could not go, a
pipe would make it wait, a folder that nobody may read would stop it. No program of the submission runs meanwhile.
"""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

DEEPEST = 40
"""As in archives: deeper folders are longer than a path may be, or than Python's stack."""
OUT_OF_REACH = (".git", ".lab")
"""Of the workspace: read-only and masked in a box."""
READ_AND_WRITE = stat.S_IRUSR | stat.S_IWUSR
"""The judge reads files, and writes into copies of them."""
SYSTEM = (Path("/usr"),)


def tidy(workspace: Path, seen_by_all: tuple[Path, ...] = ()) -> list[str]:
    """Removes links, pipes, sockets and what lies too deep; the paths of what was removed, at most ten of them.

    Links into the system and `seen_by_all` may stay (Terraform's to its providers, a virtual environment's to its Python):
    there a box sees what the judge sees. Of those into the workspace itself only links to files.
    """
    removed = [path.relative_to(workspace).as_posix() for path in _disorder(workspace, (*SYSTEM, *seen_by_all))]
    return removed[:10]


def _disorder(workspace: Path, outside: tuple[Path, ...]) -> Iterator[Path]:
    waiting = [(str(workspace), 0)]
    while waiting:
        folder, depth = waiting.pop()
        for entry in _entries(folder):
            if depth == 0 and entry.name in OUT_OF_REACH:
                continue
            if entry.is_dir(follow_symlinks=False):
                if depth < DEEPEST:
                    waiting.append((entry.path, depth + 1))
                    continue
                subprocess.run(["rm", "-rf", entry.path])
            elif entry.is_file(follow_symlinks=False):
                mode = stat.S_IMODE(entry.stat(follow_symlinks=False).st_mode)
                if mode & READ_AND_WRITE != READ_AND_WRITE:
                    os.chmod(entry.path, mode | READ_AND_WRITE)
                continue
            elif entry.is_symlink() and _may_stay(entry.path, workspace, outside):
                continue
            else:
                os.unlink(entry.path)
            yield Path(entry.path)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    """What lies in a folder, also if its owner has locked it."""
    mode = stat.S_IMODE(os.lstat(folder).st_mode)
    if mode & stat.S_IRWXU != stat.S_IRWXU:
        os.chmod(folder, mode | stat.S_IRWXU)
    with os.scandir(folder) as entries:
        return list(entries)


def _may_stay(link: str, workspace: Path, outside: tuple[Path, ...]) -> bool:
    place = Path(os.path.realpath(link))
    if not place.exists():
        return False
    if workspace in place.parents:
        return place.is_file()
    return any(folder in (place, *place.parents) for folder in outside)
