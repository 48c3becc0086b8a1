"""Writes what has changed: exact rows before anything is acknowledged, whole backends soon after they were looked at.

A mark says which row has changed and how to read it. Reading and writing happen together under one lock, so of two
writers of a row the later state is the one that stays.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable

from labcloud.persistence.log import Row
from labcloud.persistence.statefile import StateFile

log = logging.getLogger("labcloud.persistence")

Read = Callable[[], bytes | None]
"""The row's value as it is now; None: there is no such thing any more."""

PAUSE_S = 0.05
BUSY_SHARE = 0.05
"""The part of a processor that the watcher may use for backends that were looked at and may have changed."""
CHECKPOINT_AT_BYTES = 4 * 1024 * 1024
CHECKPOINT_EVERY_S = 30.0


class Keeper:
    """Thread-safe. `suspects` gives the rows of what may have changed without a mark."""

    def __init__(self, file: StateFile, suspects: Callable[[], Iterable[Row]]) -> None:
        self._file = file
        self._suspects = suspects
        self._marks: dict[tuple[str, str], Read] = {}
        self._unwritten: dict[tuple[str, str], bytes | None] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="state", daemon=True)

    def mark(self, space: str, key: str, read: Read) -> None:
        """A row has changed; it is written by the next `commit`, at the latest in a moment."""
        self._marks[space, key] = read

    def commit(self, rows: Callable[[], Iterable[Row]] | None = None) -> None:
        """Writes everything marked so far, and `rows`, in one transaction."""
        if not self._marks and rows is None:
            return
        with self._lock:
            self._write(rows)

    def _write(self, rows: Callable[[], Iterable[Row]] | None) -> None:
        """What cannot be written now stays in `_unwritten`, and marks stay marks."""
        found, taken = self._unwritten, {}
        try:
            for space, key, value in rows() if rows else ():
                found[space, key] = value
            while self._marks:
                place, read = self._marks.popitem()
                taken[place] = read
                found[place] = read()
            if found:
                self._file.write((*place, value) for place, value in found.items())
                found.clear()
        except BaseException:
            for place, read in taken.items():
                self._marks.setdefault(place, read)
            raise

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Writes the rest; the file is closed by its owner."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)
        self.commit(self._suspects)

    def _watch(self) -> None:
        pause_s, checkpoint_at = PAUSE_S, time.monotonic() + CHECKPOINT_EVERY_S
        while not self._closing.wait(pause_s):
            began = time.perf_counter()
            try:
                self.commit(self._suspects)
                size = self._file.log_size
                if size > CHECKPOINT_AT_BYTES or (size and time.monotonic() > checkpoint_at):
                    self._file.checkpoint()
                    checkpoint_at = time.monotonic() + CHECKPOINT_EVERY_S
            except Exception:  # the next round tries again; a full disk must not end the cloud
                log.exception("the state could not be written")
            pause_s = max(PAUSE_S, (time.perf_counter() - began) / BUSY_SHARE)
