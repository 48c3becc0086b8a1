"""The folder of grades: one JSON file for each version of a result, never overwritten; the submissions as they were graded.

GRADES/results/ID/0001.json, GRADES/submissions/ID/SHA256.tar, GRADES/logs/ID.log, and the instructor's adjustments.toml.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from checker.errors import LabError, UsageProblem

RESULT_NAME = re.compile(r"^(\d{4,})\.json$")


class Grades:
    """The grades below one folder. One process at a time may write."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def prepare(self) -> None:
        """Makes the folders, readable for their owner only."""
        for name in ("results", "submissions", "logs"):
            try:
                (self.folder / name).mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise UsageProblem(
                    f"{self.folder} cannot be a folder: {error.strerror}", next_step="choose another --out"
                ) from error
        with contextlib.suppress(PermissionError):
            self.folder.chmod(0o700)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Two gradings into one folder at once would do things twice. What a killed one left unfinished is removed."""
        import fcntl

        with open(self.folder / "lock", "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise UsageProblem(f"Another lab grade works in {self.folder}", next_step="wait for its end") from error
            for left in [*self.folder.glob("submissions/.unfinished-*"), *self.folder.glob("results/*/.*.unfinished")]:
                left.unlink()
            yield

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
        """One result; raises LabError if it cannot be read."""
        file = self.result_file(learner, version)
        try:
            return dict(json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise LabError(
                f"{file} cannot be read: {error}", next_step="restore it, or remove it to grade again"
            ) from error

    def results(self, learner: str) -> list[dict[str, Any]]:
        """All results of a learner, oldest first."""
        return [self.read(learner, version) for version in self.versions(learner)]

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
        os.link(unfinished, self.result_file(learner, version))  # fails where a rename would overwrite
        unfinished.unlink()
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


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
