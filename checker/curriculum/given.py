"""Files that the course gives complete, and whether a workspace's are still those. What differs is told, never trusted."""

from __future__ import annotations

import fnmatch

from checker.curriculum.parts import STARTER, read_parts
from checker.curriculum.workspace import Workspace

GIVEN = ("src/*.py", "bin/*.sh", "ac_control_lambda/*.py", "terraform/files/*")
"""Of these, what no part asks the learner to edit."""


def given_files() -> tuple[str, ...]:
    """The files of the starter that nobody needs to change."""
    edited = {name for part in read_parts() for name in part.files}
    solved = {str(file.relative_to(part.solution)) for part in read_parts() for file in part.solution.rglob("*")}
    names = sorted(str(file.relative_to(STARTER)) for file in STARTER.rglob("*") if file.is_file())
    wanted = (name for name in names if any(fnmatch.fnmatch(name, pattern) for pattern in GIVEN))
    return tuple(name for name in wanted if name not in edited | solved and "/tests/" not in name)


def altered_files(workspace: Workspace) -> tuple[str, ...]:
    """The given files that are missing or differ in more than their line ends."""
    return tuple(name for name in given_files() if _content(workspace, name) != _lines((STARTER / name).read_bytes()))


def describe_altered(workspace: Workspace) -> str:
    """What a reader must know of altered files; empty if there are none."""
    altered = altered_files(workspace)
    if not altered:
        return ""
    return (
        f"Not as the kit gave them: {', '.join(altered)}. The checks use the kit's own house and read only what "
        "the cloud shows; whatever else runs here uses your files. git diff shows what is different"
    )


def _content(workspace: Workspace, name: str) -> bytes | None:
    file = workspace.folder / name
    return _lines(file.read_bytes()) if file.is_file() else None


def _lines(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n")
