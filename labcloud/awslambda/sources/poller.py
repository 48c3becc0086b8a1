"""Reads event sources, each mapping in a thread of its own, and invokes the functions.

A source is looked at every LOOK_EVERY_S real seconds; batching windows and retries are times of the lab clock.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from labcloud.api import Scope
from labcloud.awslambda.model import InvokeResult
from labcloud.awslambda.sources.model import SourceMapping
from labcloud.awslambda.sources.queues import QueueReader
from labcloud.awslambda.sources.streams import StreamReader
from labcloud.errors import AwsError
from labcloud.outlets import Outlets

LOOK_EVERY_S = 0.2
log = logging.getLogger("labcloud.lambda")

Invoke = Callable[[Scope, str, bytes], InvokeResult]
CompilePattern = Callable[[str], Any]


class Clock(Protocol):
    def now(self) -> float: ...

    def call_at(self, when_s: float, callback: Callable[[], None]) -> Any: ...


class Pollers:
    """Starts and stops a thread for each mapping. Thread-safe."""

    def __init__(self, clock: Clock, invoke: Invoke, compile_pattern: CompilePattern, outlets: Outlets) -> None:
        self._clock, self._invoke, self._compile, self._outlets = clock, invoke, compile_pattern, outlets
        self._running: dict[str, _Poller] = {}
        self._lock = threading.Lock()

    def start(self, mapping: SourceMapping) -> None:
        """Reads the mapping's source from now on."""
        filters = [
            self._compile(one["Pattern"]) for one in (mapping.settings.get("FilterCriteria") or {}).get("Filters") or ()
        ]
        reader: QueueReader | StreamReader
        if mapping.service == "sqs":
            reader = QueueReader(mapping, self._clock, self._invoke, filters)
        else:
            reader = StreamReader(mapping, self._clock, self._invoke, filters, self._outlets)
        with self._lock:
            poller = self._running[mapping.uuid] = _Poller(mapping, reader)
        poller.start()

    def stop(self, mapping: SourceMapping) -> None:
        """Does not read it any more; an invocation under way ends by itself."""
        with self._lock:
            poller = self._running.pop(mapping.uuid, None)
        if poller is not None:
            poller.stop()

    def close(self) -> None:
        """Stops all."""
        with self._lock:
            pollers, self._running = list(self._running.values()), {}
        for poller in pollers:
            poller.stop()

    def wait_until_idle(self, within_s: float) -> bool:
        """True when every source was looked at from now on and had nothing to do; False: it took too long."""
        with self._lock:
            pollers = list(self._running.values())
        deadline = time.monotonic() + within_s
        return all(poller.wait_for_idle_look(deadline - time.monotonic()) for poller in pollers)


class _Poller:
    def __init__(self, mapping: SourceMapping, reader: QueueReader | StreamReader) -> None:
        self._mapping = mapping
        self._reader = reader
        self._turn = threading.Condition()
        self._stopped = False
        self._idle_looks = 0
        self._wanted_looks = 0
        self._thread = threading.Thread(target=self._run, name=f"event-source-{mapping.uuid[:8]}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._turn:
            self._stopped = True
            self._turn.notify_all()

    def wait_for_idle_look(self, within_s: float) -> bool:
        with self._turn:
            enough = self._wanted_looks = self._idle_looks + 2  # the first may have begun before
            self._turn.notify_all()
            return self._turn.wait_for(lambda: self._idle_looks >= enough or self._stopped, within_s)

    def _run(self) -> None:
        while not self._stopped:
            if self._look():
                continue
            with self._turn:
                self._idle_looks += 1
                self._turn.notify_all()
                self._turn.wait_for(lambda: self._stopped or self._idle_looks < self._wanted_looks, LOOK_EVERY_S)

    def _look(self) -> bool:
        """Whether there was something to do."""
        try:
            return self._reader.look()
        except AwsError as error:
            self._mapping.result = f"PROBLEM: {error.message}"
        except Exception:
            log.exception("event source %s could not be read", self._mapping.source_arn)
        return False
