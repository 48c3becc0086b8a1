"""The file that holds a cloud's state: rows of (space, key) → bytes in SQLite, and the log of what came since.

A transaction is safe from a killed process at any moment as soon as it is in the log; the log is taken into SQLite
now and then, and when the file is opened. A power failure may take the last moments, never the file.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from labcloud.persistence.log import DamagedLog, Log, Row, read_log

FORMAT = "1"
KEEP = "INSERT OR REPLACE INTO rows VALUES (?, ?, ?)"
DROP = "DELETE FROM rows WHERE space = ? AND key = ?"
REMEDY = "`lab reset-cloud` (or removing the folder) makes an empty cloud; `lab apply` then builds everything anew."


class StateError(Exception):
    """The state cannot be used; the message says why and what helps."""


class StateFile:
    """One file in a folder that one process at a time may use. Thread-safe."""

    def __init__(self, directory: Path, versions: Mapping[str, str]) -> None:
        self.path = directory / "state.sqlite"
        self._log_lock, self._database_lock = threading.Lock(), threading.Lock()
        self._guard = _only_process(directory)
        self._connection: sqlite3.Connection | None = None
        try:
            self._connection = _open(self.path)
            self._check({"format": FORMAT, **versions})
            self._log = Log(directory)
            self._absorb()
        except (sqlite3.DatabaseError, DamagedLog) as error:
            self._let_go()
            raise StateError(f"The state in {self.path} is damaged: {error}. {REMEDY}") from error
        except StateError:
            self._let_go()
            raise

    def _check(self, expected: Mapping[str, str]) -> None:
        assert self._connection is not None
        found = dict(self._connection.execute("SELECT key, value FROM rows WHERE space = 'about'"))
        if not found:
            self._connection.executemany(KEEP, [("about", key, value.encode()) for key, value in expected.items()])
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

    @property
    def log_size(self) -> int:
        """How many bytes the log has that is being written."""
        return self._log.size

    def write(self, rows: Iterable[Row]) -> None:
        """Writes rows in one transaction; they are safe from a killed process when this returns."""
        with self._log_lock:
            self._log.append(list(rows))

    def checkpoint(self) -> None:
        """Takes the log into SQLite, so that it stays short."""
        with self._log_lock:
            if self._log.size:
                self._log.rotate()
        self._absorb()

    def _absorb(self) -> None:
        with self._database_lock:
            for path in self._log.finished():
                self._take_in(path)
                path.unlink()

    def _take_in(self, path: Path) -> None:
        """Again, if the process was killed while it did this: rows are set, not added. Of each row only the last state."""
        assert self._connection is not None
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            latest = {(space, key): value for rows in read_log(path) for space, key, value in rows}
            places = sorted(latest)
            self._connection.executemany(KEEP, ((*at, latest[at]) for at in places if latest[at] is not None))
            self._connection.executemany(DROP, (at for at in places if latest[at] is None))
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    # -- reading

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
        self._all("DELETE FROM rows WHERE space = ?", (space,))

    def _all(self, statement: str, parameters: tuple[str, ...]) -> list[tuple]:
        self.checkpoint()
        assert self._connection is not None
        try:
            with self._database_lock:
                return self._connection.execute(statement, parameters).fetchall()
        except sqlite3.DatabaseError as error:
            raise StateError(f"The state in {self.path} is damaged: {error}. {REMEDY}") from error

    def close(self) -> None:
        self.checkpoint()
        with self._log_lock:
            self._log.close()
        self._let_go()

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
        os.close(self._guard)


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    os.chmod(path, 0o600)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS rows (space TEXT, key TEXT, value BLOB NOT NULL, PRIMARY KEY (space, key)) "
        "WITHOUT ROWID"
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
