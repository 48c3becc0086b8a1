"""Which files of a workspace were saved: a look at the times of some forty files, a few times a second."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from checker.curriculum.workspace import NOT_HASHED

WATCHED = ("terraform", "src", "ac_control_lambda", "bin")
SINGLE_FILES = {".gitlab-ci.yml": ".gitlab-ci.yml", ".git/logs/HEAD": "a commit"}
"""Files outside these folders, and what a change of them is called."""

Snapshot = Mapping[str, tuple[int, int]]
"""Time and size of each file by its name."""


def take_snapshot(workspace: Path) -> Snapshot:
    """Every file that a learner edits, as it is now."""
    found = {}
    for name, file in _files(workspace):
        try:
            status = file.stat()
        except OSError:
            continue
        found[name] = (status.st_mtime_ns, status.st_size)
    return found


def changed_between(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    """The files that are new, gone or different."""
    return tuple(sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name)))


def _files(workspace: Path) -> Iterator[tuple[str, Path]]:
    yield from ((called, workspace / name) for name, called in SINGLE_FILES.items())
    for watched in WATCHED:
        for folder, folders, names in os.walk(workspace / watched):
            folders[:] = [name for name in folders if name not in NOT_HASHED and not name.startswith(".")]
            for name in names:
                if not _is_left_behind(name):
                    file = Path(folder) / name
                    yield str(file.relative_to(workspace)), file


def _is_left_behind(name: str) -> bool:
    """What editors and tools write beside the learner's files."""
    return (
        name.startswith((".", "#"))
        or name.endswith(("~", ".pyc", ".swp", ".tmp"))
        or ".tfstate" in name
        or name == "4913"
    )
