"""One worker's log stream: stamps lines with the lab clock and hands them to the sink."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from labcloud.awslambda.model import FunctionConfig
from labcloud.clock import LabClock, ManualClock

LogSink = Callable[[FunctionConfig, str, list[tuple[int, str]]], None]
TAIL_BYTES = 4096
_log = logging.getLogger("labcloud.awslambda")


class LogStream:
    """Lines may come from the worker's pipe and from the executor at the same time."""

    def __init__(self, config: FunctionConfig, name: str, clock: LabClock | ManualClock, sink: LogSink) -> None:
        self.name = name
        self._config, self._clock, self._sink = config, clock, sink
        self._tail = b""
        self._lock = threading.Lock()

    def write(self, *lines: str) -> None:
        """A sink that fails costs the log lines, never the invocation."""
        now_ms = self._clock.now_ms()
        with self._lock:
            self._tail = (self._tail + "".join(lines).encode())[-TAIL_BYTES:]
            try:
                self._sink(self._config, self.name, [(now_ms, line) for line in lines])
            except Exception:
                _log.exception("the log lines of %s could not be stored", self._config.name)

    def take_tail(self) -> bytes:
        """The last 4 KB since the last call."""
        with self._lock:
            tail, self._tail = self._tail, b""
        return tail
