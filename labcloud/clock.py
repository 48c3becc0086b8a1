"""The lab clock: real time by default; it can be advanced and has a rate. Everything that waits or stamps obeys it.

TLS and the expiry of STS credentials use real time and do not look here; SigV4 looks at both.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

Callback = Callable[[], None]


@dataclass(order=True)
class Timer:
    """One callback due at `when_s` (epoch seconds of the lab clock)."""

    when_s: float
    number: int
    callback: Callback = field(compare=False)
    cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        self.cancelled = True


class TimerQueue:
    """Timers in the order in which they come due. Not thread-safe by itself."""

    def __init__(self) -> None:
        self._heap: list[Timer] = []
        self._numbers = itertools.count()

    def add(self, when_s: float, callback: Callback) -> Timer:
        timer = Timer(when_s, next(self._numbers), callback)
        heapq.heappush(self._heap, timer)
        return timer

    def next_due(self) -> float | None:
        while self._heap and self._heap[0].cancelled:
            heapq.heappop(self._heap)
        return self._heap[0].when_s if self._heap else None

    def pop_due(self, now: float) -> Timer | None:
        due = self.next_due()
        return heapq.heappop(self._heap) if due is not None and due <= now else None


class ManualClock:
    """A clock that stands still until `advance`; timers run inside `advance`, each at its own time. For tests."""

    def __init__(self, start: float = 1_750_000_000.0) -> None:
        self._now = start
        self._timers = TimerQueue()

    def now(self) -> float:
        return self._now

    def now_ms(self) -> int:
        return round(self._now * 1000)

    def offset_s(self) -> float:
        """How far the lab is ahead of real time."""
        return self._now - time.time()

    def call_at(self, when_s: float, callback: Callback) -> Timer:
        return self._timers.add(when_s, callback)

    def advance(self, seconds: float) -> None:
        target = self._now + seconds
        while timer := self._timers.pop_due(target):
            self._now = max(self._now, timer.when_s)
            timer.callback()
        self._now = target


class LabClock:
    """The clock of a running cloud. Timers run one after the other in a thread of its own (`start`, `stop`)."""

    def __init__(self, offset_s: float = 0.0) -> None:
        self._condition = threading.Condition()
        self._timers = TimerQueue()
        self._rate = 1.0
        self._lab_anchor = time.time() + offset_s
        self._real_anchor = time.monotonic()
        self._frozen: float | None = None
        self._targets: list[float] = []
        self._running = False
        self._thread: threading.Thread | None = None

    def now(self) -> float:
        frozen = self._frozen
        if frozen is not None:
            return frozen
        return self._lab_anchor + (time.monotonic() - self._real_anchor) * self._rate

    def now_ms(self) -> int:
        return int(self.now() * 1000)

    def offset_s(self) -> float:
        """How far the lab is ahead of real time, in seconds; 0.0 as long as nobody touched the clock."""
        offset = self.now() - time.time()
        return 0.0 if abs(offset) < 0.05 else offset

    @property
    def rate(self) -> float:
        """Lab seconds for each real second."""
        return self._rate

    @property
    def jumping(self) -> bool:
        """Whether the clock is on the way of an `advance`: it stands still while a timer runs."""
        return self._frozen is not None

    def set_rate(self, rate: float) -> None:
        """Lets lab time run `rate` times as fast as real time from now on. Raises ValueError outside 0 < rate <= 10,000."""
        if not 0 < rate <= 10_000:
            raise ValueError(f"a rate lies above 0 and at or below 10000, not {rate}")
        with self._condition:
            self._anchor(self.now())
            self._rate = rate
            self._condition.notify_all()

    def resume(self, offset_s: float, rate: float) -> None:
        """Goes on where the clock of an earlier process was: for a clock that nobody has used yet."""
        with self._condition:
            self._anchor(time.time() + offset_s)
            self._rate = rate

    def call_at(self, when_s: float, callback: Callback) -> Timer:
        with self._condition:
            timer = self._timers.add(when_s, callback)
            self._condition.notify_all()
        return timer

    def advance(self, seconds: float, within_s: float = 60.0) -> None:
        """Jumps ahead: every timer due on the way has run, at its own time, when this returns.

        Raises ValueError for a negative jump, TimeoutError when the timers take longer than `within_s` real seconds.
        """
        if seconds < 0:
            raise ValueError(f"the lab clock only goes forwards, not {seconds} s")
        with self._condition:
            target = self.now() + seconds
            self._targets.append(target)
            self._condition.notify_all()
            if not self._condition.wait_for(lambda: target not in self._targets or not self._running, within_s):
                raise TimeoutError(f"the timers due within {seconds} s took longer than {within_s} s")

    def start(self) -> None:
        self._running = True
        self._thread = threading.Thread(target=self._run, name="lab-clock", daemon=True)
        self._thread.start()

    def close(self) -> None:
        with self._condition:
            self._running = False
            self._condition.notify_all()
        if self._thread and self._thread is not threading.current_thread():
            self._thread.join(timeout=5)

    def _anchor(self, lab_now: float) -> None:
        self._lab_anchor, self._real_anchor = lab_now, time.monotonic()

    def _run(self) -> None:
        while True:
            with self._condition:
                if not self._running:
                    return
                timer = self._next_timer()
                if timer is None:
                    self._condition.wait(self._pause_s())
                    continue
            try:
                timer.callback()
            except Exception:  # a timer's failure is its owner's; the clock goes on for the others
                import logging

                logging.getLogger("labcloud.clock").exception("a timer failed")

    def _next_timer(self) -> Timer | None:
        """The next due timer. On the way of a jump the clock stands at each timer's own time until it has run."""
        if not self._targets:
            return self._timers.pop_due(self.now())
        target = max(self._targets)
        timer = self._timers.pop_due(target)
        if timer is not None:
            self._frozen = max(self.now(), timer.when_s)
            return timer
        self._anchor(max(target, self.now()))
        self._frozen = None
        self._targets.clear()
        self._condition.notify_all()
        return None

    def _pause_s(self) -> float | None:
        due = self._timers.next_due()
        return None if due is None else max(0.0, (due - self.now()) / self._rate)
