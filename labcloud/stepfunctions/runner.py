"""Carries executions out: timers on the lab clock, tasks in threads of their own. The decisions are the engine's.

While the clock jumps, what a timer sets off is done before the clock goes on, so that the order is kept.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

from labcloud.clock import Timer
from labcloud.shell.http_workers import Workers
from labcloud.stepfunctions.engine import Call, Deadline, Effect, Execution, Failed, Outcome, Ring, Run

MOST_TASKS = 64
log = logging.getLogger("labcloud.stepfunctions")

Perform = Callable[[Execution, Call], Outcome]
Act = Callable[[Run], list[Effect]]


class Clock(Protocol):
    """`jumping`: it stands still until the timer that runs is over."""

    @property
    def jumping(self) -> bool: ...

    def now(self) -> float: ...

    def call_at(self, when_s: float, callback: Callable[[], None]) -> Timer: ...


class Runner:
    """`perform` does a task and never raises; `changed` is told after each turn. Thread-safe."""

    def __init__(self, clock: Clock, perform: Perform, changed: Callable[[Execution], None]) -> None:
        self._clock = clock
        self._perform = perform
        self._changed = changed
        self.lock = threading.RLock()
        """Held while an execution changes: hold it to read one."""
        self._turned = threading.Condition(self.lock)
        self._workers = Workers(MOST_TASKS, "states")
        self._under_way = 0
        self._closed = False

    def start(self, execution: Execution, *, wait: bool = False) -> None:
        """Begins an execution. With `wait` it returns when nothing is left to do but to wait for the clock."""
        self._drive(execution, lambda run: run.begin(), here=wait)

    def resume(self, execution: Execution) -> None:
        """Goes on with an execution of an earlier process; a task that was under way is begun again."""
        self._drive(execution, lambda run: run.resume(self._clock.now()), here=False)

    def stop(self, execution: Execution, error: str | None, cause: str | None) -> None:
        """Aborts an execution; does nothing if it is over."""

        def act(run: Run) -> list[Effect]:
            run.stop(error, cause, self._clock.now())
            return []

        self._drive(execution, act, here=False)

    def wait_until_over(self, execution: Execution, within_s: float) -> bool:
        """False: it took too long."""
        with self._turned:
            return self._turned.wait_for(lambda: not execution.running or self._closed, within_s)

    def wait_until_idle(self, within_s: float) -> bool:
        """True when no task is under way; False: it took too long."""
        with self._turned:
            return self._turned.wait_for(lambda: self._under_way == 0, within_s)

    def close(self) -> None:
        """Nothing changes any more: a task that is under way will be begun again by the next process."""
        with self._turned:
            self._closed = True
            self._turned.notify_all()
        self._workers.stop()

    def _drive(self, execution: Execution, act: Act, *, here: bool) -> None:
        todo = deque([act])
        while todo:
            for effect in self._turn(execution, todo.popleft()):
                if not isinstance(effect, Call):
                    self._plant(execution, effect)
                elif here:
                    todo.append(self._answering(execution, effect, self._outcome(execution, effect)))
                else:
                    self._submit(execution, effect)

    def _turn(self, execution: Execution, act: Act) -> list[Effect]:
        with self._turned:
            if self._closed:
                return []
            try:
                effects = act(Run(execution))
            except Exception as error:  # an execution that cannot go on must not look as if it did
                log.exception("execution %s is broken off", execution.arn)
                effects = []
                cause = f"The local cloud failed: {type(error).__name__}: {error}"
                Run(execution).break_off(cause, self._clock.now())
            self._turned.notify_all()
        self._changed(execution)
        return effects

    def _answering(self, execution: Execution, call: Call, outcome: Outcome) -> Act:
        return lambda run: run.answer(call.strand, call.token, outcome, self._clock.now())

    def _plant(self, execution: Execution, effect: Ring | Deadline) -> None:
        def act(run: Run) -> list[Effect]:
            now = max(self._clock.now(), effect.at_s)
            return run.expire(now) if isinstance(effect, Deadline) else run.ring(effect.strand, effect.token, now)

        self._clock.call_at(effect.at_s, lambda: self._drive(execution, act, here=self._clock.jumping))

    def _submit(self, execution: Execution, call: Call) -> None:
        def work() -> None:
            try:
                self._drive(execution, self._answering(execution, call, self._outcome(execution, call)), here=False)
            finally:
                self._count(-1)

        self._count(1)
        self._workers.do(work)

    def _outcome(self, execution: Execution, call: Call) -> Outcome:
        try:
            return self._perform(execution, call)
        except Exception as error:
            log.exception("the task of state %s failed unexpectedly", call.state)
            return Failed("States.TaskFailed", f"The local cloud failed: {type(error).__name__}: {error}")

    def _count(self, change: int) -> None:
        with self._turned:
            self._under_way += change
            self._turned.notify_all()
