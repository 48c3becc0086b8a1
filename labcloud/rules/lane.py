"""A thread that carries out one job after the other."""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable

log = logging.getLogger("labcloud.rules")

Job = Callable[[], None]


class Lane:
    """`tend` runs between the jobs and says in how many seconds it wants to run again, if it does."""

    def __init__(self, name: str, tend: Callable[[], float | None] = lambda: None) -> None:
        self._tend = tend
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._open: deque[None] = deque()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def put(self, job: Job) -> None:
        """Any thread may."""
        self._open.append(None)
        self._queue.put(job)

    @property
    def idle(self) -> bool:
        """Whether every job so far is done."""
        return not self._open

    @property
    def waiting(self) -> int:
        """How many jobs are not done."""
        return len(self._open)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Carries out what is queued, then ends."""
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _work(self) -> None:
        pause_s: float | None = None
        while True:
            try:
                job = self._queue.get(timeout=pause_s)
            except queue.Empty:
                pass
            else:
                if job is None:
                    return
                self._carry_out(job)
            pause_s = self._tended()

    def _carry_out(self, job: Job) -> None:
        try:
            job()
        except Exception:  # a fault of ours must not end the deliveries of all other messages
            log.exception("an action could not be carried out")
        finally:
            self._open.pop()

    def _tended(self) -> float | None:
        try:
            return self._tend()
        except Exception:
            log.exception("a batch could not be sent")
            return None
