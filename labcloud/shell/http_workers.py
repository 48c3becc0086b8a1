"""Threads that do jobs: as many as there are jobs at once, up to a limit; one job costs two queue operations.

concurrent.futures does the same with futures, which cost as much as a small request.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

log = logging.getLogger("labcloud.shell")

Job = Callable[[], None]


class Workers:
    """`do` from any thread; beyond `most` jobs at once, jobs wait."""

    def __init__(self, most: int, name: str = "http") -> None:
        self._most = most
        self._name = name
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._idle = 0
        self._threads = 0

    def do(self, job: Job) -> None:
        """Has the job done soon."""
        with self._lock:
            if self._idle:
                self._idle -= 1
            elif self._threads < self._most:
                self._threads += 1
                threading.Thread(target=self._work, name=f"{self._name}-{self._threads}", daemon=True).start()
        self._jobs.put(job)

    def stop(self) -> None:
        """Lets the threads end after their present jobs; what waits is given up."""
        with self._lock:
            while not self._jobs.empty():
                self._jobs.get()
            for _ in range(self._threads):
                self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except Exception:  # a fault of ours must not cost a thread
                log.exception("a job of %s could not be done", self._name)
            with self._lock:
                self._idle += 1
