"""Files of the broker's lasting state: a snapshot and the records since, written before anything is acknowledged.

It survives a killed process at any moment; a power cut may cost the last seconds (nothing is forced to the disk).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from labcloud.mqtt import Broker
from labcloud.persistence.log import framed, read_records
from labcloud.persistence.pickles import dumps, loads

SMALLEST_LIMIT_BYTES = 16 * 1024 * 1024


class UnreadableState(Exception):
    """A file of the saved state cannot be understood; the text names it and says what to do."""


class MqttJournal:
    """`open` restores the broker and begins recording; `write` appends what has changed; `close` leaves a snapshot."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._state_file = folder / "mqtt.state"
        self._generation = 0
        self._written = 0
        self._limit = SMALLEST_LIMIT_BYTES
        self._file: BinaryIO | None = None

    def open(self, broker: Broker) -> None:
        """Restores what was saved and starts a new generation of files. Raises UnreadableState."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._state_file.exists():
            with self._reading(self._state_file):
                self._generation, state = loads(self._state_file.read_bytes())
                journal = self._journal(self._generation)
            with self._reading(journal):
                broker.restore(state, _records(journal))
        broker.records = []
        self._compact(broker)

    def write(self, broker: Broker) -> None:
        """Appends the broker's records; call it before their consequences are told to anybody."""
        if not broker.records or self._file is None:
            return
        record = framed(dumps(broker.records))
        self._file.write(record)
        broker.records.clear()
        self._written += len(record)
        if self._written > self._limit:
            self._compact(broker)

    def close(self, broker: Broker) -> None:
        """Leaves one snapshot and an empty journal."""
        if self._file is not None:
            self._compact(broker)
            self._file.close()
            self._file = None

    def _compact(self, broker: Broker) -> None:
        """A new snapshot, then a journal of its own: a crash in between finds the old pair or the new one."""
        old, self._generation = self._journal(self._generation), self._generation + 1
        data = dumps((self._generation, broker.snapshot()))
        if broker.records is not None:
            broker.records.clear()
        journal = open(self._journal(self._generation), "wb", buffering=0)  # noqa: SIM115
        temporary = self._state_file.with_suffix(".new")
        temporary.write_bytes(data)
        os.replace(temporary, self._state_file)
        if self._file is not None:
            self._file.close()
        old.unlink(missing_ok=True)
        self._file, self._written = journal, 0
        self._limit = max(SMALLEST_LIMIT_BYTES, 2 * len(data))

    def _journal(self, generation: int) -> Path:
        return self._folder / f"mqtt.journal.{generation}"

    @contextmanager
    def _reading(self, path: Path) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            text = f"{path} cannot be read ({type(error).__name__}: {error}); delete it to start without MQTT sessions"
            raise UnreadableState(text) from error


def _records(path: Path) -> Iterator[Any]:
    """What was recorded since the snapshot; a last record that was cut off was told to nobody."""
    if path.exists():
        for data in read_records(path):
            yield from loads(data)
