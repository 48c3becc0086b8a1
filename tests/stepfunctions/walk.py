"""An execution without threads and clocks: tasks are answered by a table, time passes when it is told to."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from labcloud.api import Scope
from labcloud.stepfunctions.engine import Call, Deadline, Done, Effect, Execution, Failed, Outcome, Ring, Run

FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:f"
START_S = 1_750_000_000.0

Answer = Callable[[Any], Outcome]


def machine(start: str, **states: Any) -> dict[str, Any]:
    return {"StartAt": start, "States": states}


def task(**fields: Any) -> dict[str, Any]:
    """A Task that calls the function."""
    return {"Type": "Task", "Resource": FUNCTION, **({} if "Next" in fields else {"End": True}), **fields}


class Walk:
    """`answers` by state's name; a task without an answer is `open` until `answer`. Made anew of its data at every step."""

    def __init__(self, definition: dict[str, Any], value: Any = None, answers: dict[str, Answer] | None = None, **more):
        self.execution = Execution(
            scope=Scope("123456789012", "eu-west-1"),
            arn="arn:aws:states:eu-west-1:123456789012:execution:m:e",
            name="e",
            machine_arn="arn:aws:states:eu-west-1:123456789012:stateMachine:m",
            machine_name="m",
            definition=json.dumps(definition),
            role_arn="arn:aws:iam::123456789012:role/r",
            input=json.dumps({} if value is None else value),
            start_s=START_S,
            **more,
        )
        self.now = START_S
        self.answers = answers or {}
        self.calls: list[tuple[str, Any]] = []
        self.open: dict[str, Call] = {}
        self.timers: list[Ring | Deadline] = []
        self._follow(Run(self.execution).begin())

    def advance(self, seconds: float) -> Walk:
        """Timers ring at their own times."""
        target = self.now + seconds
        while due := [timer for timer in self.timers if timer.at_s <= target]:
            timer = min(due, key=lambda each: each.at_s)
            self.timers.remove(timer)
            self.now = max(self.now, timer.at_s)
            run = Run(self.execution, chance=lambda: 0.5)
            if isinstance(timer, Deadline):
                self._follow(run.expire(self.now))
            else:
                self._follow(run.ring(timer.strand, timer.token, self.now))
        self.now = target
        return self

    def answer(self, state: str, outcome: Outcome) -> Walk:
        call = self.open.pop(state)
        self._follow(Run(self.execution).answer(call.strand, call.token, outcome, self.now))
        return self

    @property
    def output(self) -> Any:
        """Of an execution that succeeded."""
        assert self.execution.status == "SUCCEEDED", (self.execution.error, self.execution.cause)
        return json.loads(self.execution.output or "")

    @property
    def failure(self) -> tuple[str, str | None, str | None]:
        return self.execution.status, self.execution.error, self.execution.cause

    @property
    def events(self) -> list[str]:
        return [event["type"] for event in self.execution.events]

    def _follow(self, effects: list[Effect]) -> None:
        for effect in effects:
            if not isinstance(effect, Call):
                self.timers.append(effect)
                continue
            self.calls.append((effect.state, effect.parameters))
            self.open[effect.state] = effect
            if effect.state in self.answers:
                self.answer(effect.state, self.answers[effect.state](effect.parameters))


def fails(error: str, *, times: int) -> Answer:
    """Fails so many times and then gives "fine"."""
    left = [times]

    def answer(value: Any) -> Outcome:
        left[0] -= 1
        return Failed(error, "why") if left[0] >= 0 else Done("fine")

    return answer
