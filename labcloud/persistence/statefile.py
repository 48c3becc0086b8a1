"""The file that holds a cloud's state: rows of (space, key) → bytes in SQLite, written in transactions.

Write-ahead logging: a committed row survives a killed process at any moment (the operating system has it); a power
failure may take the last moments, never the file.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

FORMAT = "1"
Row = tuple[str, str, bytes | None]
"""(space, key, value); None: the row goes."""

KEEP = "INSERT OR REPLACE INTO rows VALUES (?, ?, ?)"
DROP = "DELETE FROM rows WHERE space = ? AND key = ?"
REMEDY = "`lab reset-cloud` (or removing the folder) makes an empty cloud; `lab apply` then builds everything anew."


class StateError(Exception):
    """The state cannot be used; the message says why and what helps."""


class StateFile:
    """One file in a folder that one process at a time may use. Thread-safe."""

    def __init__(self, directory: Path, versions: Mapping[str, str]) -> None:
        self.path = directory / "state.sqlite"
        self._lock = threading.Lock()
        self._guard = _only_process(directory)
        try:
            self._connection = _open(self.path)
            self._check({"format": FORMAT, **versions})
        except sqlite3.DatabaseError as error:
            os.close(self._guard)
            raise StateError(f"The state in {self.path} is damaged: {error}. {REMEDY}") from error
        except StateError:
            os.close(self._guard)
            raise

    def _check(self, expected: Mapping[str, str]) -> None:
        found = dict(self._connection.execute("SELECT key, value FROM rows WHERE space = 'about'"))
        if not found:
            self.write(("about", key, value.encode()) for key, value in expected.items())
            return
        [verdict] = self._connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            reason = " ".join(verdict.replace("*** in database main ***", "").split())
            raise StateError(f"The state in {self.path} is damaged: {reason}. {REMEDY}")
        for name, version in expected.items():
            if (written := found.get(name, b"none").decode()) != version:
                raise StateError(
                    f"The state in {self.path} was written with {name} {written}; this cloud has {name} {version} "
                    f"and cannot read it. {REMEDY}"
                )

    def write(self, rows: Iterable[Row]) -> None:
        """Writes rows in one transaction; they are safe from a killed process when this returns."""
        kept, gone = [], []
        for space, key, value in rows:
            if value is None:
                gone.append((space, key))
            else:
                kept.append((space, key, value))
        with self._lock:
            if len(kept) == 1 and not gone:
                self._connection.execute(KEEP, kept[0])  # a statement alone is a transaction
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany(KEEP, kept)
                self._connection.executemany(DROP, gone)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def spaces(self, prefix: str) -> list[str]:
        """The names of the spaces that begin so."""
        upper = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        found = self._all("SELECT DISTINCT space FROM rows WHERE space >= ? AND space < ?", (prefix, upper))
        return [space for (space,) in found]

    def read(self, space: str) -> Iterator[tuple[str, bytes]]:
        """The rows of a space in the order of their keys."""
        yield from self._all("SELECT key, value FROM rows WHERE space = ? ORDER BY key", (space,))

    def drop(self, space: str) -> None:
        """Removes every row of a space."""
        with self._lock:
            self._connection.execute("DELETE FROM rows WHERE space = ?", (space,))

    def checkpoint(self) -> None:
        """Moves what the log has gathered into the file, so that the log stays short."""
        with sqlite3.connect(self.path) as other:
            other.execute("PRAGMA wal_checkpoint(PASSIVE)")
        other.close()

    def close(self) -> None:
        with self._lock:
            self._connection.close()
            os.close(self._guard)

    def _all(self, statement: str, parameters: tuple[str, ...]) -> list[tuple]:
        try:
            with self._lock:
                return self._connection.execute(statement, parameters).fetchall()
        except sqlite3.DatabaseError as error:
            raise StateError(f"The state in {self.path} is damaged: {error}. {REMEDY}") from error


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    os.chmod(path, 0o600)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS rows (space TEXT, key TEXT, value BLOB NOT NULL, PRIMARY KEY (space, key)) WITHOUT ROWID"
    )
    return connection


def _only_process(directory: Path) -> int:
    """Locks the folder as long as the process lives."""
    directory.mkdir(parents=True, exist_ok=True)
    guard = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(guard)
        raise StateError(
            f"Another local cloud uses {directory}: stop it (`lab down`), or choose another folder."
        ) from error
    return guard
