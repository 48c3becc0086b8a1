"""The executions of this cloud: the running ones, and the newest of those that are over."""

from __future__ import annotations

import threading
from collections.abc import Callable

from labcloud.api import Scope
from labcloud.errors import AwsError
from labcloud.stepfunctions.engine import Execution

KEPT = 2_000
"""Executions that are over. AWS keeps them for 90 days."""

KEPT_CHARS = 128 * 1024 * 1024
"""In their histories."""


class Executions:
    """By ARN, in the order of their starts. `gone` is told of an execution that is kept no more. Thread-safe."""

    def __init__(self, gone: Callable[[Execution], None]) -> None:
        self._gone = gone
        self._lock = threading.Lock()
        self._kept: dict[str, Execution] = {}

    def find(self, arn: str) -> Execution | None:
        """None: there is none of that ARN."""
        return self._kept.get(arn)

    def get(self, scope: Scope, arn: str) -> Execution:
        """Raises AwsError InvalidArn, ExecutionDoesNotExist."""
        if not arn.startswith("arn:") or arn.count(":") < 7:
            raise AwsError(f"Invalid Arn: 'Invalid ARN prefix: {arn}'", code="InvalidArn")
        kind = arn.split(":")[5]
        if kind != "execution":
            raise AwsError(f"Invalid Arn: 'Resource type not valid in this context: {kind}'", code="InvalidArn")
        found = self._kept.get(arn)
        if found is None or found.scope != scope:
            raise AwsError(f"Execution Does Not Exist: '{arn}'", code="ExecutionDoesNotExist")
        return found

    def add(self, execution: Execution) -> Execution:
        """Gives what is kept under its ARN: this one, or one that was there before."""
        with self._lock:
            kept = self._kept.setdefault(execution.arn, execution)
            self._make_room()
        return kept

    def drop(self, execution: Execution) -> None:
        """Forgets one."""
        with self._lock:
            self._drop(execution)

    def of_machine(self, machine_arn: str) -> list[Execution]:
        """The newest first."""
        with self._lock:
            return [each for each in self._kept.values() if each.machine_arn == machine_arn][::-1]

    def running(self) -> list[Execution]:
        with self._lock:
            return [each for each in self._kept.values() if each.running]

    def _make_room(self) -> None:
        over = [each for each in self._kept.values() if not each.running]
        held = sum(each.history_chars for each in over)
        for number, each in enumerate(over):
            if len(over) - number <= KEPT and held <= KEPT_CHARS:
                break
            held -= each.history_chars
            self._drop(each)

    def _drop(self, execution: Execution) -> None:
        if self._kept.pop(execution.arn, None) is not None:
            self._gone(execution)
