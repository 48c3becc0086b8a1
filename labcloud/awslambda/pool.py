"""Which worker serves an invocation: a warm one, the one started ahead, or a new one; and when workers end.

Real time rules here: workers are this machine's memory, not the lab's history.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from labcloud.awslambda.errors import ServiceFailure, TooManyRequests
from labcloud.awslambda.factory import WorkerFactory
from labcloud.awslambda.generation import Generation
from labcloud.awslambda.model import FunctionConfig
from labcloud.awslambda.worker import Worker

PATIENCE_S = 60.0
"""How long an invocation waits for a free worker before it is throttled."""


class Pool:
    """All workers of one cloud. Thread-safe; starting and ending workers happens outside of the lock."""

    def __init__(self, factory: WorkerFactory, directory: Path, *, max_workers: int, idle_limit_s: float) -> None:
        self._factory, self._directory = factory, directory
        self._max_workers, self._idle_limit_s = max_workers, idle_limit_s
        self._changed = threading.Condition()
        self._current: dict[tuple[str, str], Generation] = {}
        self._running: set[Worker] = set()
        self._slots = 0
        self._made = 0
        self._closed = False

    @contextmanager
    def worker(self, config: FunctionConfig) -> Iterator[Worker]:
        """A worker for one invocation. Raises TooManyRequests when the function's concurrency is used up."""
        generation = self._enter(config)
        try:
            warm = self._take_warm(generation)
            yield from self._serve(config, generation, warm)
        finally:
            self._leave(generation)

    def _serve(self, config: FunctionConfig, generation: Generation, warm: Worker | None) -> Iterator[Worker]:
        worker = warm
        try:
            worker = worker or self._factory.start(config, generation)
            self._note_running(worker)
            yield worker
        finally:
            self._give_back(generation, worker)

    def retire(self, function_arn: str) -> None:
        """Ends the workers of a function, busy ones when they have finished. A qualified ARN names one version."""
        with self._changed:
            keys = [key for key in self._current if key[0] == function_arn or key[0].startswith(function_arn + ":")]
            gone = [self._current.pop(key) for key in keys]
            doomed = [worker for generation in gone for worker in self._retire(generation)]
        _end(doomed)
        _remove_unused(gone)

    def reap(self) -> None:
        """Ends the workers that have been idle for too long."""
        limit = time.monotonic() - self._idle_limit_s
        doomed: list[Worker] = []
        with self._changed:
            for generation in self._current.values():
                doomed += [worker for worker in generation.idle if worker.idle_since <= limit]
                generation.idle = [worker for worker in generation.idle if worker.idle_since > limit]
            self._slots -= len(doomed)
            unused = self._slots == 0
            self._changed.notify_all()
        _end(doomed)
        if unused:
            self._factory.reap(limit)

    def close(self) -> None:
        """Ends every worker, also in the middle of an invocation, and removes the unpacked code."""
        with self._changed:
            self._closed = True
            generations = list(self._current.values())
            self._current.clear()
            doomed = [worker for generation in generations for worker in self._retire(generation)]
            doomed += self._running
            self._changed.notify_all()
        _end(doomed)
        self._factory.close()

    def _enter(self, config: FunctionConfig) -> Generation:
        """Counts the invocation in and reserves a place for its worker."""
        with self._changed:
            outdated, doomed = self._replace_outdated(config)
            generation = self._current.get((config.arn, config.version)) or self._make(config)
            limit = config.reserved_concurrency
            throttled = limit is not None and self._busy_of(config) >= limit
            if not throttled:
                generation.busy += 1
        _end(doomed)
        _remove_unused(outdated)
        if throttled:
            raise TooManyRequests("Rate Exceeded.", Reason="ReservedFunctionConcurrentInvocationLimitExceeded")
        return generation

    def _busy_of(self, config: FunctionConfig) -> int:
        """Reserved concurrency is shared by all versions of a function."""
        name = config.arn.split(":")[:7]
        return sum(generation.busy for (arn, _), generation in self._current.items() if arn.split(":")[:7] == name)

    def _replace_outdated(self, config: FunctionConfig) -> tuple[list[Generation], list[Worker]]:
        if self._closed:
            raise ServiceFailure("the local cloud is going down")
        old = self._current.get((config.arn, config.version))
        if old is None or old.key == config.generation_key:
            return [], []
        del self._current[config.arn, config.version]
        return [old], self._retire(old)

    def _make(self, config: FunctionConfig) -> Generation:
        self._made += 1
        generation = Generation(config, self._directory / f"function-{self._made}")
        self._current[config.arn, config.version] = generation
        return generation

    def _take_warm(self, generation: Generation) -> Worker | None:
        """A warm worker, or None when a place for a new one is reserved. An idle worker elsewhere makes room."""
        doomed: list[Worker] = []
        deadline = time.monotonic() + PATIENCE_S
        try:
            with self._changed:
                while True:
                    while generation.idle:
                        worker = generation.idle.pop()
                        if worker.usable:
                            return worker
                        doomed.append(worker)
                        self._slots -= 1
                    if self._slots >= self._max_workers and (victim := self._longest_idle()):
                        doomed.append(victim)
                    if self._slots < self._max_workers:
                        self._slots += 1
                        return None
                    if self._closed:
                        raise ServiceFailure("the local cloud is going down")
                    if not self._changed.wait(deadline - time.monotonic()):
                        raise TooManyRequests("Rate Exceeded.", Reason="ConcurrentInvocationLimitExceeded")
        finally:
            _end(doomed)

    def _longest_idle(self) -> Worker | None:
        idle = [(worker.idle_since, generation) for generation in self._current.values() for worker in generation.idle]
        if not idle:
            return None
        since, generation = min(idle, key=lambda pair: pair[0])
        victim = next(worker for worker in generation.idle if worker.idle_since == since)
        generation.idle.remove(victim)
        self._slots -= 1
        return victim

    def _note_running(self, worker: Worker) -> None:
        with self._changed:
            self._running.add(worker)
            closed = self._closed
        if closed:
            worker.close()

    def _give_back(self, generation: Generation, worker: Worker | None) -> None:
        with self._changed:
            keep = worker is not None and worker.usable and not generation.retired and not self._closed
            if worker is not None:
                self._running.discard(worker)
            if keep and worker is not None:
                generation.idle.append(worker)
            else:
                self._slots -= 1
            self._changed.notify_all()
        if worker is not None and not keep:
            worker.close()

    def _leave(self, generation: Generation) -> None:
        with self._changed:
            generation.busy -= 1
        _remove_unused([generation])

    def _retire(self, generation: Generation) -> list[Worker]:
        generation.retired = True
        idle, generation.idle = generation.idle, []
        self._slots -= len(idle)
        return idle


def _end(workers: list[Worker]) -> None:
    for worker in workers:
        worker.close()


def _remove_unused(generations: list[Generation]) -> None:
    for generation in generations:
        if generation.retired and generation.busy == 0:
            generation.remove_code()
