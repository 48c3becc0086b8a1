"""Finds the submissions to compare: those that GRADES kept as they were graded, or another folder of folders."""

from __future__ import annotations

import tarfile
from pathlib import Path, PurePosixPath

from checker.errors import UsageProblem
from checker.exports.read import read_grades
from checker.exports.similarity.compare import Files
from checker.exports.similarity.write import SKIPPED, read_files, to_compare


def read_submissions(grades: Path, submissions: Path | None) -> tuple[dict[str, Files], dict[str, str]]:
    """The files of each submission, and everybody's name."""
    gradings = read_grades(grades).gradings
    names = {grading.id: f"{grading.name} ({grading.id})" if grading.name else grading.id for grading in gradings}
    if submissions is None:
        kept = {
            grading.id: _kept(grades, grading.id, str(grading.report.provenance["submission"])) for grading in gradings
        }
        files = {name: read_tar(file) for name, file in kept.items() if file is not None}
    elif submissions.is_dir():
        files = {place.name: read_files(place) for place in sorted(submissions.iterdir()) if place.is_dir()}
    else:
        raise UsageProblem(f"{submissions} is no folder of submissions", next_step="correct --submissions")
    whole: dict[str, Files] = {name: found for name, found in files.items() if found}
    if not whole:
        raise UsageProblem("There is no submission to compare", next_step="name their folder: --submissions DIR")
    return whole, {name: names.get(name, name) for name in whole}


def _kept(grades: Path, learner: str, sha256: str) -> Path | None:
    """The submission that the newest result is about, else the newest that was kept."""
    folder = grades / "submissions" / learner
    files = sorted(folder.glob("*.tar"), key=lambda file: file.stat().st_mtime)
    named = [file for file in files if file.stem == sha256]
    return (named or files)[-1] if files else None


def read_tar(file: Path) -> dict[str, str]:
    """The files of a kept submission that can be compared; nothing is unpacked to disk."""
    found: dict[str, str] = {}
    try:
        with tarfile.open(file) as archive:
            plain = (entry for entry in archive if entry.isreg() and not SKIPPED & set(PurePosixPath(entry.name).parts))
            entries = {entry.name: entry for entry in plain}
            for path in to_compare({path: entry.size for path, entry in entries.items()}):
                stream = archive.extractfile(entries[path])
                found[path] = stream.read().decode("utf-8", "replace") if stream else ""
    except (tarfile.TarError, OSError) as error:
        raise UsageProblem(
            f"{file} cannot be read: {error}", next_step="lab grade … --only it, to grade it again"
        ) from error
    return found
