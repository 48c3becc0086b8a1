"""The folder of grades: one JSON file for each version of a result, never overwritten; the submissions as they were graded.

GRADES/results/ID/0001.json, GRADES/submissions/ID/SHA256.tar, GRADES/logs/ID.log, and the instructor's adjustments.toml.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from checker.errors import LabError, UsageProblem
from checker.grading.result import what_is_wrong_with

KEPT_IN = ("results", "submissions", "logs")
NOTED_RULES = "course-file.txt"
RESULT_NAME = re.compile(r"^(\d{4,})\.json$")


class Grades:
    """The grades below one folder. One process at a time may write."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def prepare(self) -> None:
        """Makes the folders, readable for their owner only."""
        for name in KEPT_IN:
            try:
                (self.folder / name).mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise UsageProblem(
                    f"{self.folder} cannot be a folder: {error.strerror}", next_step="choose another --out"
                ) from error
        with contextlib.suppress(OSError):
            self.folder.chmod(0o700)

    def apart_from(self, submissions: Path) -> None:
        """Raises UsageProblem if grades would be written among the submissions themselves."""
        if submissions in (self.folder, *(self.folder / name for name in KEPT_IN)):
            raise UsageProblem(
                f"{submissions} holds the submissions: grades of --out {self.folder} would be written among them",
                next_step="choose another folder for --out",
            )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Two gradings into one folder at once would do things twice. What a killed one left unfinished is removed."""
        import fcntl

        with self._open_lock() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise UsageProblem(f"Another lab grade works in {self.folder}", next_step="wait for its end") from error
            for left in [*self.folder.glob("submissions/.unfinished-*"), *self.folder.glob("results/*/.*.unfinished")]:
                left.unlink()
            yield

    def rules_file(self, named: Path | None = None) -> Path:
        """The rules: the file that is named, else course.toml here, else the file that the last grading named."""
        own, noted = self.folder / "course.toml", self.folder / NOTED_RULES
        if named is not None and not named.is_file():
            raise UsageProblem(f"{named} does not exist", next_step="correct --course")
        if named or own.is_file() or not noted.is_file():
            return named or own
        known = Path(noted.read_text(encoding="utf-8").strip())
        if not known.is_file():
            raise UsageProblem(
                f"{known} does not exist: these are the rules of {self.folder}",
                next_step="name them with --course, or copy them to course.toml there",
            )
        return known

    def note_rules(self, file: Path) -> None:
        """Reports and later gradings go by the same rules, though they lie elsewhere."""
        if file.resolve() != self.folder / "course.toml":
            (self.folder / NOTED_RULES).write_text(f"{file.resolve()}\n", encoding="utf-8")

    def _open_lock(self) -> IO[str]:
        try:
            return open(self.folder / "lock", "w")
        except OSError as error:
            raise UsageProblem(
                f"{self.folder} cannot be written: {error.strerror}", next_step="choose another --out, or make room"
            ) from error

    def ids(self) -> list[str]:
        """The learners with at least one result."""
        folder = self.folder / "results"
        return sorted(entry.name for entry in folder.iterdir() if entry.is_dir()) if folder.is_dir() else []

    def versions(self, learner: str) -> list[int]:
        """The numbers of a learner's results, oldest first."""
        folder = self.folder / "results" / learner
        names = os.listdir(folder) if folder.is_dir() else []
        return sorted(int(match[1]) for name in names if (match := RESULT_NAME.match(name)))

    def result_file(self, learner: str, version: int) -> Path:
        return self.folder / "results" / learner / f"{version:04d}.json"

    def read(self, learner: str, version: int) -> dict[str, Any]:
        """One result; raises LabError if it cannot be read or is none of this kit's."""
        file = self.result_file(learner, version)
        remedy = f"restore it, or remove it and grade again: lab grade … --only {learner}"
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise LabError(f"{file} cannot be read: {error}", next_step=remedy) from error
        if complaint := what_is_wrong_with(found, learner, version):
            raise LabError(f"{file} is no result: {complaint}", next_step=remedy)
        return dict(found)

    def results(self, learner: str) -> list[dict[str, Any]]:
        """All results of a learner, oldest first."""
        return [self.read(learner, version) for version in self.versions(learner)]

    def require_readable(self, learners: Collection[str]) -> None:
        """Raises LabError for a result that is none, before hours are spent on the others."""
        for learner in sorted(learners):
            self.results(learner)

    def add(self, learner: str, result: Mapping[str, Any]) -> int:
        """Writes the next version of a learner's result, whole or not at all, and returns its number."""
        folder = self.folder / "results" / learner
        folder.mkdir(parents=True, exist_ok=True)
        version = max(self.versions(learner), default=0) + 1
        text = json.dumps({**result, "version": version}, indent=1, ensure_ascii=True) + "\n"
        unfinished = folder / f".{os.getpid()}.unfinished"
        with open(unfinished, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        _name(unfinished, self.result_file(learner, version))
        _sync_folder(folder)
        return version

    def keep_submission(self, learner: str, sha256: str, unfinished: Path) -> Path:
        """Files a normalised submission under its hash."""
        place = self.submission_file(learner, sha256)
        place.parent.mkdir(parents=True, exist_ok=True)
        unfinished.replace(place)
        return place

    def submission_file(self, learner: str, sha256: str) -> Path:
        return self.folder / "submissions" / learner / f"{sha256}.tar"

    def log_file(self, learner: str) -> Path:
        return self.folder / "logs" / f"{learner}.log"


def _name(unfinished: Path, file: Path) -> None:
    """Gives a file its name; raises FileExistsError where a rename would overwrite."""
    try:
        os.link(unfinished, file)
    except FileExistsError:
        raise
    except OSError:  # exFAT and some network folders know no hard links; the lock keeps others away
        if file.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(file)) from None
        unfinished.rename(file)
    unfinished.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
