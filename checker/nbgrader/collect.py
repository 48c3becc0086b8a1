"""Takes learners' notebooks from their submissions into nbgrader's `submitted` folder. Nothing else of a submission."""

from __future__ import annotations

import json
import secrets
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from checker.curriculum.parts import read_parts
from checker.errors import UsageProblem
from checker.exports.read import read_grades
from checker.grading.intake import find_sources
from checker.nbgrader.restore import notebooks_cells

LARGEST = 20 * 1024 * 1024
TIMESTAMP = "%Y-%m-%d %H:%M:%S.%f UTC"
"""The form of nbgrader's timestamp.txt."""
Found = tuple[str, datetime, dict[str, bytes]]
"""A learner, when it was handed in, and the notebooks by part."""


def collect(course: Path, place: Path) -> list[str]:
    """Copies the notebook of each part of each submission; says what was found, a line for each learner.

    `place` is a folder of grades (`lab grade` keeps what was handed in) or a folder with one folder for each learner.
    """
    kept = place / "submissions"
    readers = _of_grades(place) if kept.is_dir() and (place / "results").is_dir() else _of_folders(place)
    told = []
    for learner, when, notebooks in readers:
        good = 0
        for part, data in sorted(notebooks.items()):
            if reason := no_notebook(data):
                told.append(f"{learner}: {part} is left out, {reason}")
                continue
            file = course / "submitted" / learner / part / f"{part}.ipynb"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
            _as_if_from_the_exchange(file.parent, when)
            good += 1
        told.append(f"{learner}: {good} notebook{'s' * (good != 1)}" if good else f"{learner}: no notebook")
    return told


def _as_if_from_the_exchange(folder: Path, when: datetime) -> None:
    """What nbgrader's own collect leaves beside a notebook, without which release_feedback stops, for everybody."""
    (folder / "timestamp.txt").write_text(when.astimezone(UTC).strftime(TIMESTAMP), encoding="utf-8")
    secret = folder / "submission_secret.txt"
    if not secret.exists():
        secret.write_text(secrets.token_hex(32), encoding="utf-8")


def no_notebook(data: bytes) -> str:
    """Why nbgrader could not read a notebook, or nothing."""
    try:
        list(notebooks_cells(json.loads(data)))
    except RecursionError:
        return "it is nested too deeply"
    except ValueError as error:
        return "it is no JSON" if isinstance(error, json.JSONDecodeError | UnicodeDecodeError) else str(error)
    return ""


def _names() -> dict[str, str]:
    """The names that a part's notebook may have, and the part."""
    return {f"{part.id}.ipynb": part.id for part in read_parts()}


def _of_folders(place: Path) -> Iterator[Found]:
    """Learners have the ids that `lab grade` gives them: a notebook and its results must belong together."""
    sources = find_sources(place)
    if packed := [source.label for source in sources if not source.path.is_dir()]:
        raise UsageProblem(
            f"{', '.join(packed[:5])}: no folder, and only lab grade unpacks what strangers packed",
            next_step="lab grade the submissions first, then name the folder of grades here",
        )
    for source in sources:
        found, when = _of_folder(source.path)
        yield source.id, datetime.fromisoformat(source.submitted_at) if source.submitted_at else when, found


def _of_folder(folder: Path) -> tuple[dict[str, bytes], datetime]:
    found: dict[str, bytes] = {}
    when = folder.stat().st_mtime
    for name, part in _names().items():
        for file in (folder / "notebooks" / name, folder / name):
            inside = folder in (file.parent, file.parent.parent) and not file.parent.is_symlink()
            plain = inside and file.is_file() and not file.is_symlink() and file.stat().st_size <= LARGEST
            if plain and part not in found:
                found[part], when = file.read_bytes(), max(when, file.stat().st_mtime)
    return found, datetime.fromtimestamp(when, UTC)


def _of_grades(place: Path) -> Iterator[Found]:
    """From what was graded: of several attempts the one that counts."""
    for grading in read_grades(place).gradings:
        submission = grading.raw["submission"]
        file = place / "submissions" / grading.id / f"{submission['sha256']}.tar"
        when = submission.get("submitted_at") or grading.report.provenance.get("graded_at")
        moment = datetime.fromisoformat(str(when)) if when else datetime.now(UTC)
        yield grading.id, moment, _of_tar(file) if file.is_file() else {}


def _of_tar(file: Path) -> dict[str, bytes]:
    names, found = _names(), {}
    with tarfile.open(file) as archive:
        for entry in archive:
            path = Path(entry.name)
            at_home = path.parent.as_posix() in (".", "notebooks")
            if entry.isreg() and at_home and path.name in names and entry.size <= LARGEST:
                stream = archive.extractfile(entry)
                found[names[path.name]] = stream.read() if stream else b""
    return found
