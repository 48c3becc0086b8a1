"""Known wrong and right answers: a folder with whole files and `expect.toml` with small edits, laid over a solved part."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from checker.curriculum.parts import ROOT, Part
from checker.curriculum.workspace import Workspace
from checker.errors import LabError

VARIANTS = ROOT / "tests" / "variants"
EXPECTATION = "expect.toml"
TEXTS = ("expected", "got", "because", "fix")
KEYS = {"title", "edit", "file", "git", "deployment", "check"}
EDIT_KEYS = {"file", "find", "replace"}
FILE_KEYS = {"path", "remove", "executable", "crlf", "copy_of"}

Kind = Literal["mistake", "variant"]


@dataclass(frozen=True)
class Edit:
    """A text that stands exactly once in a file is replaced."""

    file: str
    find: str
    replace: str


@dataclass(frozen=True)
class FileChange:
    """What a text cannot say: a file that is missing, has no run bit, Windows' line ends, or another file's content."""

    path: str
    remove: bool = False
    executable: bool | None = None
    crlf: bool = False
    copy_of: str = ""


@dataclass(frozen=True)
class Case:
    """One answer: what is changed in the solved state of its part, and what the checks must say of it.

    `failing`: the texts of every check that must fail, by id; `told`: what must be told about the deployment.
    """

    folder: Path
    part: Part
    kind: Kind
    title: str
    edits: tuple[Edit, ...]
    changes: tuple[FileChange, ...]
    git: tuple[str, ...]
    failing: Mapping[str, Mapping[str, str]]
    told: str = ""

    @property
    def name(self) -> str:
        return f"{self.part.id}/{'solution' if self.folder == self.part.solution else self.folder.name}"

    def touched(self) -> set[str]:
        """The paths of the workspace that the case changes."""
        if self.folder == self.part.solution:
            return set()
        overlay = {str(file.relative_to(self.folder)) for file in _overlay(self.folder)}
        return overlay | {edit.file for edit in self.edits} | {change.path for change in self.changes}

    def lay_over(self, workspace: Workspace) -> None:
        """Makes the changes; an edit whose text does not stand there exactly once is an error of the case."""
        for file in _overlay(self.folder):
            place = workspace.folder / file.relative_to(self.folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, place)
        for edit in self.edits:
            self._edit(workspace.folder / edit.file, edit)
        for change in self.changes:
            _change(workspace.folder, change)
        for arguments in self.git:
            who = ["-c", "user.name=Learner", "-c", "user.email=learner@localhost"]
            command = ["git", *who, *shlex.split(arguments)]
            subprocess.run(command, cwd=workspace.folder, check=True, capture_output=True, stdin=subprocess.DEVNULL)

    def _edit(self, file: Path, edit: Edit) -> None:
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        if (count := text.count(edit.find)) != 1:
            raise LabError(f"{self.folder / EXPECTATION}: {edit.file} holds this {count} times, not once:\n{edit.find}")
        file.write_text(text.replace(edit.find, edit.replace), encoding="utf-8")


def _overlay(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file.name != EXPECTATION and "__pycache__" not in file.parts:
            yield file


def _change(root: Path, change: FileChange) -> None:
    file = root / change.path
    if change.copy_of:
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / change.copy_of, file)
    if change.crlf:
        file.write_bytes(file.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    if change.executable is not None:
        os.chmod(file, 0o755 if change.executable else 0o644)
    if change.remove:
        shutil.rmtree(file) if file.is_dir() else file.unlink()


def mistakes_of(part: Part) -> list[Case]:
    """The known wrong answers of a part."""
    return _cases(part.folder / "mistakes", part, "mistake")


def variants_of(part: Part) -> list[Case]:
    """The right answers of a part that look different from the solution."""
    return _cases(VARIANTS / part.id, part, "variant")


def solution_of(part: Part) -> Case:
    """The solution itself: the right answer that changes nothing."""
    return Case(part.solution, part, "variant", "the solution", (), (), (), {})


def _cases(folder: Path, part: Part, kind: Kind) -> list[Case]:
    places = sorted(place for place in folder.glob("*") if place.is_dir()) if folder.is_dir() else []
    return [read_case(place, part, kind) for place in places]


def read_case(folder: Path, part: Part, kind: Kind) -> Case:
    """The case of a folder; what is wrong in its expect.toml is one message."""
    file = folder / EXPECTATION
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise LabError(f"{file} cannot be read: {error}") from error
    if problems := list(_problems_of(raw, part, kind)):
        raise LabError(f"{file} is not right:\n  " + "\n  ".join(problems))
    return Case(
        folder=folder, part=part, kind=kind, title=raw["title"],
        edits=tuple(Edit(**edit) for edit in raw.get("edit", [])),
        changes=tuple(FileChange(**change) for change in raw.get("file", [])),
        git=tuple(raw.get("git", [])),
        failing={check["id"]: {name: check.get(name, "") for name in TEXTS} for check in raw.get("check", [])},
        told=raw.get("deployment", {}).get("told", ""),
    )  # fmt: skip


def _problems_of(raw: Mapping[str, Any], part: Part, kind: Kind) -> Iterator[str]:
    yield from (f"{key}: unknown key" for key in raw if key not in KEYS)
    if not isinstance(raw.get("title"), str) or not raw["title"].strip():
        yield "title: missing"
    for edit in raw.get("edit", []):
        if set(edit) != EDIT_KEYS:
            yield f"edit: has the keys {sorted(edit)}, needs {sorted(EDIT_KEYS)}"
    for change in raw.get("file", []):
        if not {"path"} < set(change) <= FILE_KEYS:
            yield f"file: has the keys {sorted(change)}, knows {sorted(FILE_KEYS)}"
    for check in raw.get("check", []):
        if not {"id"} <= set(check) <= {"id", *TEXTS} or part.step(check["id"]) is None:
            yield f"check: {check} is none of the part, or has another key than {', '.join(TEXTS)}"
    if kind == "variant" and (raw.get("check") or raw.get("deployment")):
        yield "check: a variant gets full marks"
