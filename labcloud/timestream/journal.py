"""The write-ahead journal of a store: acknowledged records that DuckDB does not hold yet survive a killed process.

One file a generation, one record a call: the table's number, the kinds of its points and the points. It is handed to
the operating system before the call is answered (no fsync: a power failure may take the last ones). DuckDB notes, in
the transaction that takes a generation's rows in, the number of that generation: what is at or below it is not
replayed.
"""

from __future__ import annotations

import marshal
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from labcloud.persistence.log import framed, read_records
from labcloud.timestream.records import Kind, Point

PREFIX, SUFFIX = "journal-", ".log"


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

    def read(self) -> Iterator[tuple[int, list[Point]]]:
        """Table and points of the calls that DuckDB does not hold; one that is cut off was never acknowledged.

        Raises DamagedLog.
        """
        for generation in self._generations:
            for data in read_records(self._path(generation)):
                number, kinds, points = marshal.loads(data)
                known = [Kind(*kind) for kind in kinds]
                yield number, [Point(known[kind], *rest) for kind, *rest in points]

    def append(self, table_number: int, points: Sequence[Point]) -> None:
        """Keeps the written points of a call."""
        numbers: dict[Kind, int] = {}
        written = [(numbers.setdefault(kind, len(numbers)), *rest) for kind, *rest in points]
        kinds = [(kind.dimensions, kind.measure_name, kind.measure_type, kind.columns) for kind in numbers]
        record = memoryview(framed(marshal.dumps((table_number, kinds, written))))
        while record:
            record = record[os.write(self._file, record) :]

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
