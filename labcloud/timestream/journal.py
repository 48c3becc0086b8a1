"""The write-ahead journal of a store: acknowledged records that DuckDB does not hold yet survive a killed process.

One file a generation, one JSON line a call. A line is handed to the operating system before the call is answered
(no fsync: a power failure may take the last lines). DuckDB notes, in the transaction that takes a generation's rows
in, the number of that generation: what is at or below it is not replayed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PREFIX, SUFFIX = "journal-", ".jsonl"
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False).encode


class Journal:
    """Append to it; `rotate` after the rows are safe elsewhere."""

    def __init__(self, directory: Path, applied: int) -> None:
        self._directory = directory
        self._generations = sorted(g for g in map(_generation, directory.glob(f"{PREFIX}*{SUFFIX}")) if g > applied)
        self.generation = max([applied + 1, *self._generations])
        self._file = self._open()

    def _open(self) -> int:
        return os.open(self._path(self.generation), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def _path(self, generation: int) -> Path:
        return self._directory / f"{PREFIX}{generation}{SUFFIX}"

    def read(self) -> Iterator[Any]:
        """The entries that DuckDB does not hold; a last line that was cut off was never acknowledged."""
        for generation in self._generations:
            for line in self._path(generation).read_bytes().split(b"\n")[:-1]:
                yield json.loads(line)

    def append(self, entry: Any) -> None:
        line = memoryview(_encode(entry).encode() + b"\n")
        while line:
            line = line[os.write(self._file, line) :]

    def rotate(self) -> None:
        """Begins the next generation and removes the files of the earlier ones."""
        os.close(self._file)
        self.generation += 1
        self._file = self._open()
        self._generations = []
        for path in self._directory.glob(f"{PREFIX}*{SUFFIX}"):
            if _generation(path) < self.generation:
                path.unlink()

    def close(self) -> None:
        os.close(self._file)


def _generation(path: Path) -> int:
    number = path.name.removeprefix(PREFIX).removesuffix(SUFFIX)
    return int(number) if number.isdigit() else -1
