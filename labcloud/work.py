"""Work that timers of the lab clock begin: one job after the other, without holding up the clock while it runs freely."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

log = logging.getLogger("labcloud.work")


class Work:
    """While the clock jumps, or in a clock that stands still, a job is done at once: what is due on the way is done on
    the way. Else it is done in a thread of its own.
    """

    def __init__(self, clock: object, name: str) -> None:
        self._clock = clock
        self._name = name
        self._lock = threading.Lock()
        self._worker: ThreadPoolExecutor | None = None
        self._running: set[Future[None]] = set()

    def do(self, job: Callable[[], None]) -> None:
        """Does the job now or soon. What it raises is only logged when it is done in the thread."""
        if getattr(self._clock, "jumping", True):
            job()
            return
        with self._lock:
            if self._worker is None:
                self._worker = ThreadPoolExecutor(1, thread_name_prefix=self._name)
            future = self._worker.submit(self._guarded, job)
            self._running.add(future)
        future.add_done_callback(self._over)

    def wait_until_idle(self, within_s: float) -> bool:
        """Whether the jobs that have begun were over within the time."""
        with self._lock:
            running = set(self._running)
        return not wait(running, within_s).not_done

    def close(self) -> None:
        """Carries out what has begun."""
        with self._lock:
            worker, self._worker = self._worker, None
        if worker:
            worker.shutdown(wait=True, cancel_futures=True)

    def _guarded(self, job: Callable[[], None]) -> None:
        try:
            job()
        except Exception:
            log.exception("%s: a job failed", self._name)

    def _over(self, future: Future[None]) -> None:
        with self._lock:
            self._running.discard(future)
