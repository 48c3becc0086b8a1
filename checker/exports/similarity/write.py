"""Reads submissions for a comparison and writes its pages. Links are not followed, large files are not read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from checker.curriculum.parts import SOLUTIONS, STARTER
from checker.errors import UsageProblem
from checker.exports.similarity.compare import READERS, Files, Pair, compare
from checker.exports.similarity.pages import pair_file, render_pair, render_ranking

LARGEST_FILE, MOST_FILES, MOST_BYTES = 100_000, 500, 500_000
"""Of one submission. A whole course is a tenth of that; to read a file that was made for it takes 60 µs for a byte."""
COURSE_FOLDERS = ("terraform/", "ac_control_lambda/", "src/", "bin/")
SKIPPED = {".git", ".terraform", "node_modules", "__pycache__", ".venv", ".lab"}


def read_files(folder: Path) -> dict[str, str]:
    """The files of a submission that can be compared."""
    files = {file.relative_to(folder).as_posix(): file for file in _files_below(folder)}
    chosen = to_compare({path: file.stat().st_size for path, file in files.items()})
    return {path: files[path].read_text(encoding="utf-8", errors="replace") for path in chosen}


def to_compare(sizes: Mapping[str, int]) -> list[str]:
    """The paths of the files that are compared, of sizes by path: nobody hides behind a heap, since the small come first."""
    chosen, size = [], 0
    fitting = (path for path in sizes if sizes[path] <= LARGEST_FILE and PurePosixPath(path).suffix in READERS)
    for path in sorted(fitting, key=lambda path: (not path.startswith(COURSE_FOLDERS), sizes[path], path))[:MOST_FILES]:
        size += sizes[path]
        if size > MOST_BYTES:
            break
        chosen.append(path)
    return chosen


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
