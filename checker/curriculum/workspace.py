"""A learner's workspace: where it is, how it begins, what lies in its `.lab/` folder."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checker.curriculum.parts import STARTER, Part
from checker.errors import LabError, UsageProblem

NOT_HASHED = {
    ".terraform",
    ".lab",
    ".git",
    "certs",
    "__pycache__",
    "terraform.tfstate.d",
    ".pytest_cache",
    "build",
    "node_modules",
}
NOT_COPIED = shutil.ignore_patterns("__pycache__", ".terraform", "*.tfstate*", ".pytest_cache", ".lab")


@dataclass(frozen=True)
class Workspace:
    """A folder with `terraform/`, `src/`, `ac_control_lambda/` and `bin/`; the kit's own notes lie in `.lab/`."""

    folder: Path

    @property
    def terraform(self) -> Path:
        return self.folder / "terraform"

    @property
    def certs(self) -> Path:
        return self.folder / "certs"

    @property
    def notes(self) -> Path:
        """The kit's own folder, never in Git; made when asked for."""
        folder = self.folder / ".lab"
        if not folder.is_dir():
            folder.mkdir(parents=True)
            (folder / ".gitignore").write_text("*\n")
        return folder

    def read_note(self, name: str) -> dict[str, Any]:
        """A JSON object of `.lab/`, empty if there is none."""
        try:
            found = json.loads((self.folder / ".lab" / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def write_note(self, name: str, content: dict[str, Any]) -> None:
        """Writes a JSON object of `.lab/`, whole or not at all."""
        unfinished = self.notes / f"{name}.{os.getpid()}"
        unfinished.write_text(json.dumps(content, indent=1), encoding="utf-8")
        unfinished.replace(self.notes / name)

    def hash_of(self, *names: str) -> str:
        """One hash of the contents below these files or folders; what tools leave behind does not count."""
        digest = hashlib.sha256()
        for file in sorted(file for name in names for file in _files(self.folder / name)):
            digest.update(f"{file.relative_to(self.folder)}\0".encode() + file.read_bytes() + b"\0")
        return digest.hexdigest()


def _files(place: Path) -> Iterable[Path]:
    if place.is_file():
        yield place
        return
    for root, folders, files in os.walk(place):
        folders[:] = [name for name in folders if name not in NOT_HASHED]
        yield from (Path(root) / name for name in files if ".tfstate" not in name and not name.endswith(".pyc"))


def find_workspace(chosen: str | Path | None = None, begin: Path | None = None) -> Workspace:
    """The workspace `chosen`, or the one around the current folder."""
    chosen = chosen or os.environ.get("LAB_WORKSPACE")
    if chosen:
        folder = Path(chosen).expanduser().resolve()
        if not (folder / "terraform").is_dir():
            makes = f"lab new {chosen}" if not folder.exists() else "name the folder that lab new made"
            raise UsageProblem(f"{folder} is not a workspace: it has no folder terraform/", next_step=makes)
        return _own(folder)
    here = (begin or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if _is_workspace(folder):
            return _own(folder)
    raise UsageProblem(
        f"{here} is not inside a workspace", next_step="lab new DIR makes one; then cd DIR, or use --workspace DIR"
    )


def _own(folder: Path) -> Workspace:
    """The workspace in a folder, unless it is the starter: what is changed there would be in every new workspace."""
    if folder == STARTER:
        raise UsageProblem(
            f"{folder} is the kit's own: every new workspace begins as its copy",
            next_step="lab new DIR makes one of your own; then cd DIR",
        )
    return Workspace(folder)


def _is_workspace(folder: Path) -> bool:
    return (folder / "terraform").is_dir() and (folder / "src").is_dir() and not (folder / "checker").is_dir()


def new_workspace(folder: Path, *, with_git: bool = True) -> Workspace:
    """A workspace that is a copy of the starter, with a Git repository of its own."""
    folder = folder.expanduser().resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageProblem(f"{folder} exists and is not empty", next_step="choose another folder")
    if not STARTER.is_dir():
        raise LabError(f"{STARTER} is missing", next_step="use a complete copy of the kit")
    shutil.copytree(STARTER, folder, dirs_exist_ok=True, ignore=NOT_COPIED)
    workspace = Workspace(folder)
    workspace.notes.joinpath("hints.json").unlink(missing_ok=True)
    if with_git:
        _commit_everything(folder, "Start of the lab")
    return workspace


def _commit_everything(folder: Path, message: str) -> None:
    if shutil.which("git") is None:
        raise LabError(
            f"The workspace {folder} is made, but git is not installed", next_step="install git, then git init"
        )
    who = ["-c", "user.name=Lab kit", "-c", "user.email=lab@localhost"]
    has_name = subprocess.run(["git", "config", "user.email"], cwd=folder, capture_output=True).returncode == 0
    for command in (
        ["git", "init", "--quiet", "--initial-branch=main"],
        ["git", "add", "--all"],
        ["git", *([] if has_name else who), "commit", "--quiet", "--no-verify", "-m", message],
    ):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise LabError(f"{' '.join(command)} failed in {folder}: {done.stderr.strip()}")


def lay_over(workspace: Workspace, parts: Iterable[Part]) -> list[str]:
    """Copies the solutions of `parts` over the workspace, later ones win; returns the paths that were written."""
    written = []
    for part in parts:
        if not part.solution.is_dir():
            raise LabError(f"{part.solution} is missing", next_step="use a complete copy of the kit")
        for file in sorted(_files(part.solution)):
            relative = file.relative_to(part.solution)
            (workspace.folder / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, workspace.folder / relative)
            written.append(str(relative))
    return written
