"""The log in front of the state file: each transaction is one record, handed to the operating system before it counts.

A record is its length, a checksum and the rows. A record that ends before its length was being written when the
process was killed: nobody was told of it.
"""

from __future__ import annotations

import marshal
import os
import zlib
from collections.abc import Iterator
from pathlib import Path

Row = tuple[str, str, bytes | None]
"""(space, key, value); None: the row goes."""

HEAD_BYTES = 12
"""Eight bytes of length, four of checksum."""
PREFIX, SUFFIX = "state-", ".log"


class DamagedLog(Exception):
    """A record in the middle of a log is not what was written."""


class Log:
    """The log that is being written; numbered files, the newest is open. Not thread-safe."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._number = max(map(_number, directory.glob(f"{PREFIX}*{SUFFIX}")), default=0) + 1
        self._file = self._open()
        self.size = 0

    def append(self, rows: list[Row]) -> None:
        """One transaction; it survives a killed process when this returns."""
        record = memoryview(framed(marshal.dumps(rows)))
        self.size += len(record)
        while record:
            record = record[os.write(self._file, record) :]

    def rotate(self) -> None:
        """Goes on with a new file; the old one is finished."""
        os.close(self._file)
        self._number += 1
        self._file = self._open()
        self.size = 0

    def finished(self) -> list[Path]:
        """The files that are not being written, the oldest first."""
        current = self._number
        found = (path for path in self._directory.glob(f"{PREFIX}*{SUFFIX}") if _number(path) < current)
        return sorted(found, key=_number)

    def close(self) -> None:
        os.close(self._file)

    def _open(self) -> int:
        path = self._directory / f"{PREFIX}{self._number}{SUFFIX}"
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def framed(data: bytes) -> bytes:
    """A record: the data after its length and checksum."""
    return len(data).to_bytes(8, "big") + zlib.crc32(data).to_bytes(4, "big") + data


def read_records(path: Path) -> Iterator[bytes]:
    """The data of a file's records, up to one that ends before its length. Raises DamagedLog."""
    data, position = path.read_bytes(), 0
    while position + HEAD_BYTES <= len(data):
        length = int.from_bytes(data[position : position + 8], "big")
        check = int.from_bytes(data[position + 8 : position + HEAD_BYTES], "big")
        position += HEAD_BYTES
        body = data[position : position + length]
        if len(body) < length or not length:
            return
        if zlib.crc32(body) != check:
            raise DamagedLog(f"the record at byte {position} of {path.name} is not what was written")
        yield body
        position += length


def read_log(path: Path) -> Iterator[list[Row]]:
    """The transactions of a log. Raises DamagedLog."""
    return map(marshal.loads, read_records(path))


def _number(path: Path) -> int:
    return int(path.name.removeprefix(PREFIX).removesuffix(SUFFIX))
