"""One execution on its way: from state to state until every strand waits, fails or ends. Pure but for `chance`.

`begin`, `ring`, `answer`, `expire` and `stop` say what has happened; each gives the effects that follow. What a
single state does is in states.py (those that decide) and work.py (those that work and may be tried again).
"""

from __future__ import annotations

import json
import random
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from labcloud.stepfunctions.engine import history, states, work
from labcloud.stepfunctions.engine.context import context_of
from labcloud.stepfunctions.engine.effects import Call, Deadline, Effect, Outcome, Ring
from labcloud.stepfunctions.engine.model import ROOT, Asked, Execution, Family, Sleep, Strand
from labcloud.stepfunctions.language.failures import (
    DATA_LIMIT,
    RUNTIME,
    TIMEOUT,
    TOO_LARGE,
    StateFailed,
    attempts_of,
    clause_for,
    delay_s,
)
from labcloud.stepfunctions.language.jsontext import is_too_large, parsed, to_json
from labcloud.stepfunctions.language.payload import taken_in, with_result
from labcloud.stepfunctions.language.resources import parse_resource

EXPRESS_LIMIT_S = 300.0
State = Mapping[str, Any]


class Run:
    """`execution` is changed in place; a Run can be made anew of it at any moment between two calls."""

    def __init__(self, execution: Execution, chance: Callable[[], float] = random.random) -> None:
        self.execution = execution
        self.now = execution.start_s
        self.effects: list[Effect] = []
        self._chance = chance
        self._ready: deque[int] = deque()

    # -- what has happened

    def begin(self) -> list[Effect]:
        """The execution starts."""
        execution = self.execution
        details = {"input": execution.input, "inputDetails": {"truncated": False}, "roleArn": execution.role_arn}
        self.note(None, "ExecutionStarted", {"executionStartedEventDetails": details})
        machine = self.machine(())
        self.add_strand(Strand(ROOT, (), machine["StartAt"], json.loads(execution.input)))
        self.effects += self._deadline()
        return self._go_on(self.now)

    def ring(self, number: int, token: int, now: float) -> list[Effect]:
        """A timer of a strand is due."""
        strand = self._waiting(number, token)
        if strand is None:
            return []
        self.now, wait, strand.wait = now, strand.wait, None
        if isinstance(wait, Sleep):
            self.guard(strand, work.begin if wait.retry else states.wake)
        else:
            self.guard(strand, work.timed_out)
        return self._go_on(now)

    def answer(self, number: int, token: int, outcome: Outcome, now: float) -> list[Effect]:
        """A task has ended."""
        strand = self._waiting(number, token)
        if strand is None:
            return []
        self.now, strand.wait = now, None
        self.guard(strand, lambda run, each: work.answered(run, each, outcome))
        return self._go_on(now)

    def expire(self, now: float) -> list[Effect]:
        """The time of the execution as a whole is up."""
        if self.execution.running:
            self.now = now
            self._close("TIMED_OUT", "ExecutionTimedOut", error=TIMEOUT)
        return []

    def stop(self, error: str | None, cause: str | None, now: float) -> None:
        """StopExecution."""
        if self.execution.running:
            self.now = now
            self._close("ABORTED", "ExecutionAborted", error=error, cause=cause)

    def break_off(self, cause: str, now: float) -> None:
        """The local cloud itself cannot go on with it."""
        if self.execution.running:
            self.now = now
            self._close("FAILED", "ExecutionFailed", error=RUNTIME, cause=cause)

    def resume(self, now: float) -> list[Effect]:
        """Everything that is waited for, again: for an execution that another process began."""
        if not self.execution.running:
            return []
        self.now = now
        effects = self._deadline()
        for strand in self.execution.strands.values():
            effects += self._waited_for(strand)
        return effects

    # -- for the states

    def machine(self, path: tuple[Any, ...]) -> State:
        """A machine within the definition."""
        machine: Any = parsed(self.execution.definition)
        for key in path:
            machine = machine[key]
        found: State = machine
        return found

    def state_of(self, strand: Strand) -> State:
        """The definition of the state that a strand is in."""
        state: State = self.machine(strand.path)["States"][strand.state]
        return state

    def context(self, strand: Strand) -> dict[str, Any]:
        """The context object."""
        return context_of(self.execution, strand)

    def note(self, strand: Strand | None, kind: str, details: Mapping[str, Any] | None = None) -> int:
        """Adds an event; gives its id. Raises StateFailed when the history is full."""
        events = self.execution.events
        if self.execution.running:
            if len(events) >= history.MOST_EVENTS - 1:
                raise StateFailed(RUNTIME, history.FULL)
            if self.execution.history_chars > history.MOST_CHARS:
                raise StateFailed(RUNTIME, history.TOO_MUCH)
        self.execution.history_chars += history.chars_of(details or {})
        number = len(events) + 1
        event = {
            "timestamp": self.now,
            "type": kind,
            "id": number,
            "previousEventId": strand.previous_event if strand else 0,
            **(details or {}),
        }
        events.append(event)
        if strand is not None:
            strand.previous_event = number
        return number

    def add_strand(self, strand: Strand) -> None:
        """A new line of states: it begins in a moment."""
        self.execution.strands[strand.number] = strand
        self.execution.strands_made += 1
        self._ready.append(strand.number)

    def wait_for(self, strand: Strand, wait: Sleep | Asked | Family) -> None:
        """The strand goes on when this has happened."""
        self.execution.tokens_made += 1
        strand.token, strand.wait = self.execution.tokens_made, wait
        self.effects += self._waited_for(strand)

    def finish(self, strand: Strand, output: Any, to: str | None = None) -> None:
        """The state is done: on to the next one, or the strand ends. Raises StateFailed."""
        state = self.state_of(strand)
        output = taken_in(state, "OutputPath", output, self.context(strand))
        self.require_size(strand, output)
        self.note(strand, f"{state['Type']}StateExited", history.exited(strand.state, output))
        following = to or state.get("Next")
        if following is None:
            self._end(strand, output)
            return
        strand.state, strand.raw = following, output
        self._ready.append(strand.number)

    def require_size(self, strand: Strand, value: Any) -> None:
        """Raises StateFailed for data beyond the quota."""
        if is_too_large(value):
            raise StateFailed(DATA_LIMIT, f"The state/task '{strand.state}' {TOO_LARGE}")

    def guard(self, strand: Strand, step: Callable[[Run, Strand], None]) -> None:
        """Does a step; its StateFailed fails the state."""
        try:
            step(self, strand)
        except StateFailed as failed:
            cause = failed.cause
            if cause not in (None, history.FULL, history.TOO_MUCH) and failed.error != DATA_LIMIT:
                where = f"'{strand.state}' (entered at the event id #{strand.entered_event})"
                cause = f"An error occurred while executing the state {where}. {cause}"
            self._failed(strand, failed.error, cause)

    def fail(self, strand: Strand, error: str | None, cause: str | None, *, of_branch: bool = False) -> None:
        """The state fails with an error that is told as it is."""
        self._failed(strand, error, cause, of_branch=of_branch)

    def drop_family(self, parent: int) -> None:
        """Ends the strands of a strand's branches or items, and theirs."""
        for strand in [each for each in self.execution.strands.values() if each.parent == parent]:
            self.drop_family(strand.number)
            del self.execution.strands[strand.number]

    # -- inside

    def _go_on(self, now: float) -> list[Effect]:
        self.now = now
        while self._ready and self.execution.running:
            strand = self.execution.strands.get(self._ready.popleft())
            if strand is not None:
                self.guard(strand, _enter)
        effects, self.effects = self.effects, []
        return [effect for effect in effects if self._is_wanted(effect)]

    def _is_wanted(self, effect: Effect) -> bool:
        """A branch may have ended in the same turn as its effect came up."""
        if isinstance(effect, Deadline):
            return self.execution.running
        return self._waiting(effect.strand, effect.token) is not None

    def _failed(self, strand: Strand, error: str | None, cause: str | None, *, of_branch: bool = False) -> None:
        self.drop_family(strand.number)
        strand.wait, state = None, self.state_of(strand)
        retriers, catchers = state.get("Retry", []), state.get("Catch", [])
        number = clause_for(retriers, error, of_branch=of_branch)
        if number is not None and strand.retries.get(number, 0) < attempts_of(retriers[number]):
            strand.retries[number] = strand.retries.get(number, 0) + 1
            delay = delay_s(retriers[number], strand.retries[number], self._chance())
            self.wait_for(strand, Sleep(self.now + delay, retry=True))
            return
        number = clause_for(catchers, error, of_branch=of_branch)
        if number is None:
            self._rise(strand, error, cause)
            return
        told = {"Error": error or "", "Cause": cause or ""}
        try:
            self.finish(strand, with_result(catchers[number], strand.raw, told), catchers[number]["Next"])
        except StateFailed as failed:
            self._rise(strand, failed.error, failed.cause)

    def _rise(self, strand: Strand, error: str | None, cause: str | None) -> None:
        """Nobody caught it: the state around fails, or the execution."""
        parent = None if strand.parent is None else self.execution.strands[strand.parent]
        if parent is None:
            self._close("FAILED", "ExecutionFailed", error=error, cause=cause)
        else:
            self.guard(parent, lambda run, each: work.member_failed(run, each, strand, error, cause))

    def _end(self, strand: Strand, output: Any) -> None:
        parent = None if strand.parent is None else self.execution.strands[strand.parent]
        if parent is None:
            self._close("SUCCEEDED", "ExecutionSucceeded", output=to_json(output))
            return
        del self.execution.strands[strand.number]
        self.guard(parent, lambda run, each: work.member_ended(run, each, strand, output))

    def _close(
        self, status: str, event: str, *, error: str | None = None, cause: str | None = None, output: str | None = None
    ) -> None:
        execution = self.execution
        execution.status, execution.stop_s = status, self.now
        execution.error, execution.cause, execution.output = error, cause, output
        details = history.failure(error, cause)
        if output is not None:
            details = {"output": output, "outputDetails": {"truncated": False}}  # type: ignore[dict-item]
        name = event[0].lower() + event[1:]
        self.note(execution.strands.get(ROOT), event, {f"{name}EventDetails": details})
        execution.strands.clear()
        self._ready.clear()
        self.effects = []

    def _waiting(self, number: int, token: int) -> Strand | None:
        strand = self.execution.strands.get(number) if self.execution.running else None
        return strand if strand is not None and strand.token == token and strand.wait is not None else None

    def _waited_for(self, strand: Strand) -> list[Effect]:
        if isinstance(strand.wait, Sleep):
            return [Ring(strand.number, strand.token, strand.wait.until_s)]
        if not isinstance(strand.wait, Asked):
            return []
        target = parse_resource(self.state_of(strand)["Resource"])
        effects: list[Effect] = [Call(strand.number, strand.token, strand.state, target, strand.wait.parameters)]
        if strand.wait.deadline_s is not None:
            effects.append(Ring(strand.number, strand.token, strand.wait.deadline_s))
        return effects

    def _deadline(self) -> list[Effect]:
        limit = self.machine(()).get("TimeoutSeconds")
        if self.execution.express:
            limit = min(limit or EXPRESS_LIMIT_S, EXPRESS_LIMIT_S)
        return [] if limit is None else [Deadline(self.execution.start_s + limit)]


def _enter(run: Run, strand: Strand) -> None:
    state = run.state_of(strand)
    strand.retries, strand.entered_s, strand.wait = {}, run.now, None
    strand.entered_event = run.note(strand, f"{state['Type']}StateEntered", history.entered(strand.state, strand.raw))
    strand.given = taken_in(state, "InputPath", strand.raw, run.context(strand))
    {**states.STATES, **work.STATES}[state["Type"]](run, strand)
