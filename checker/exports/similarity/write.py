"""Reads submissions for a comparison and writes its pages. Links are not followed, large files are not read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from checker.curriculum.parts import SOLUTIONS, STARTER
from checker.errors import UsageProblem
from checker.exports.similarity.compare import READERS, Files, Pair, compare
from checker.exports.similarity.pages import pair_file, render_pair, render_ranking

LARGEST_FILE, MOST_FILES = 200_000, 500
SKIPPED = {".git", ".terraform", "node_modules", "__pycache__", ".venv", ".lab"}


def read_files(folder: Path) -> dict[str, str]:
    """The files of a submission that can be compared."""
    found: dict[str, str] = {}
    for file in _files_below(folder):
        if file.suffix in READERS and len(found) < MOST_FILES and file.stat().st_size <= LARGEST_FILE:
            found[file.relative_to(folder).as_posix()] = file.read_text(encoding="utf-8", errors="replace")
    return found


def _files_below(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        for name in sorted(names):
            file = Path(place) / name
            if file.is_file() and not file.is_symlink():
                yield file


def handed_out() -> list[Files]:
    """The course's own files: the starter and every solution."""
    return [read_files(STARTER), *(read_files(folder) for folder in sorted(SOLUTIONS.iterdir()) if folder.is_dir())]


def write_similarity(submissions: Mapping[str, Files], names: Mapping[str, str], out: Path, shown: int) -> list[Pair]:
    """The ranked list, and side-by-side pages of the first `shown` pairs."""
    pairs = compare(submissions, handed_out())
    try:
        out.mkdir(parents=True, exist_ok=True)
        _write(out / "index.html", render_ranking(pairs, names, shown))
        for pair in pairs[:shown]:
            text = render_pair(pair, names, submissions[pair.left], submissions[pair.right])
            _write(out / pair_file(pair), text)
    except OSError as error:
        raise UsageProblem(f"{out} cannot be written: {error.strerror}", next_step="choose another --out") from error
    return pairs


def _write(file: Path, text: str) -> None:
    file.write_bytes(text.encode("utf-8", "backslashreplace"))
