"""Takes learners' notebooks from their submissions into nbgrader's `submitted` folder. Nothing else of a submission."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path

from checker.curriculum.parts import read_parts
from checker.errors import UsageProblem

LARGEST = 20 * 1024 * 1024


def collect(course: Path, place: Path) -> list[str]:
    """Copies the notebook of each part of each submission; says what was found, a line for each learner.

    `place` is a folder of grades (`lab grade` keeps what was handed in) or a folder with one folder for each learner.
    """
    kept = place / "submissions"
    readers = _of_grades(kept) if kept.is_dir() and (place / "results").is_dir() else _of_folders(place)
    told = []
    for learner, notebooks in readers:
        for part, data in sorted(notebooks.items()):
            file = course / "submitted" / learner / part / f"{part}.ipynb"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        told.append(f"{learner}: {len(notebooks)} notebooks" if notebooks else f"{learner}: no notebook")
    if not told:
        raise UsageProblem(
            f"{place} holds no submission", next_step="name the grades, or a folder with a folder for each"
        )
    return told


def _names() -> dict[str, str]:
    """The names that a part's notebook may have, and the part."""
    return {f"{part.id}.ipynb": part.id for part in read_parts()}


def _of_folders(place: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    for folder in sorted(place.iterdir()) if place.is_dir() else ():
        if folder.name.startswith(".") or folder.is_symlink() or not folder.is_dir():
            continue
        found: dict[str, bytes] = {}
        for name, part in _names().items():
            for file in (folder / "notebooks" / name, folder / name):
                inside = folder in (file.parent, file.parent.parent) and not file.parent.is_symlink()
                plain = inside and file.is_file() and not file.is_symlink() and file.stat().st_size <= LARGEST
                if plain and part not in found:
                    found[part] = file.read_bytes()
        yield folder.name, found


def _of_grades(kept: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    for folder in sorted(kept.iterdir()):
        files = sorted(folder.glob("*.tar"), key=lambda file: file.stat().st_mtime)
        if files:
            yield folder.name, _of_tar(files[-1])


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
