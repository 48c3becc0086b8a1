"""States that work and may be tried again: Task, Parallel, Map.

Source: Amazon States Language specification; Step Functions Developer Guide, "Map workflow state" (Inline mode: at
most 40 items at once).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from labcloud.stepfunctions.engine import history
from labcloud.stepfunctions.engine.effects import Done, Failed, Outcome
from labcloud.stepfunctions.engine.model import Asked, Family, Strand
from labcloud.stepfunctions.language.failures import DATA_LIMIT, RUNTIME, TIMEOUT, TOO_LARGE, StateFailed
from labcloud.stepfunctions.language.jsontext import is_too_large, to_json
from labcloud.stepfunctions.language.payload import at_path, filled_in, with_result
from labcloud.stepfunctions.language.resources import parse_resource

if TYPE_CHECKING:
    from labcloud.stepfunctions.engine.run import Run

MOST_AT_ONCE = 40
State = Mapping[str, Any]


def begin(run: Run, strand: Strand) -> None:
    """For the first time, or once more."""
    _BEGIN[run.state_of(strand)["Type"]](run, strand)


def enter(run: Run, strand: Strand) -> None:
    """Task and Parallel: what they work on is made once, for every try."""
    state = run.state_of(strand)
    if "Parameters" in state:
        strand.given = filled_in(state["Parameters"], strand.given, run.context(strand))
        run.require_size(strand, strand.given)
    begin(run, strand)


def _complete(run: Run, strand: Strand, result: Any) -> None:
    """ResultSelector, ResultPath, and on."""
    state = run.state_of(strand)
    strand.wait = None
    if "ResultSelector" in state:
        result = filled_in(state["ResultSelector"], result, run.context(strand))
    run.finish(strand, with_result(state, strand.raw, result))


# -- Task


def _begin_task(run: Run, strand: Strand) -> None:
    state = run.state_of(strand)
    target = parse_resource(state["Resource"])
    timeout_s = state.get("TimeoutSeconds")
    if "TimeoutSecondsPath" in state:
        timeout_s = at_path(state["TimeoutSecondsPath"], strand.raw, run.context(strand))
        if isinstance(timeout_s, bool) or not isinstance(timeout_s, int) or timeout_s < 1:
            text = f"The TimeoutSecondsPath parameter does not reference a positive integer value: {to_json(timeout_s)}"
            raise StateFailed(RUNTIME, text)
    run.note(strand, *history.scheduled(target, run.execution.scope.region, strand.given, timeout_s))
    run.note(strand, *history.started(target))
    run.wait_for(strand, Asked(strand.given, None if timeout_s is None else run.now + timeout_s))


def timed_out(run: Run, strand: Strand) -> None:
    """A task did not answer in time."""
    target = parse_resource(run.state_of(strand)["Resource"])
    run.note(strand, *history.ended(target, "TimedOut", {"error": TIMEOUT}))
    run.fail(strand, TIMEOUT, None)


def answered(run: Run, strand: Strand, outcome: Outcome) -> None:
    """A task has a result or an error."""
    target = parse_resource(run.state_of(strand)["Resource"])
    if isinstance(outcome, Done) and is_too_large(outcome.value):
        outcome = Failed(DATA_LIMIT, f"The state/task '{strand.state}' {TOO_LARGE}")
    if isinstance(outcome, Failed):
        if outcome.error == RUNTIME:
            raise StateFailed(RUNTIME, outcome.cause)
        run.note(strand, *history.ended(target, "Failed", history.failure(outcome.error, outcome.cause)))
        run.fail(strand, outcome.error, outcome.cause)
        return
    run.note(strand, *history.ended(target, "Succeeded", history.output_of_task(outcome.value)))
    _complete(run, strand, outcome.value)


# -- Parallel and Map


def _begin_parallel(run: Run, strand: Strand) -> None:
    run.note(strand, "ParallelStateStarted")
    branches = run.state_of(strand)["Branches"]
    family = Family([strand.given] * len(branches), len(branches))
    run.wait_for(strand, family)
    _begin_members(run, strand, family)


def _begin_map(run: Run, strand: Strand) -> None:
    state, context = run.state_of(strand), run.context(strand)
    path = state.get("ItemsPath", "$")
    items = at_path(path, strand.given, context)
    if not isinstance(items, list):
        raise StateFailed(RUNTIME, f'Reference path "{path}" must point to array.')
    at_once = state.get("MaxConcurrency", 0)
    if "MaxConcurrencyPath" in state:
        at_once = at_path(state["MaxConcurrencyPath"], strand.given, context)
        if isinstance(at_once, bool) or not isinstance(at_once, int) or at_once < 0:
            text = (
                f"The MaxConcurrencyPath parameter does not reference a non-negative integer value: {to_json(at_once)}"
            )
            raise StateFailed(RUNTIME, text)
    run.note(strand, "MapStateStarted", {"mapStateStartedEventDetails": {"length": len(items)}})
    family = Family(items, min(at_once or MOST_AT_ONCE, MOST_AT_ONCE))
    run.wait_for(strand, family)
    if not items:
        _all_ended(run, strand, family)
    _begin_members(run, strand, family)


def _begin_members(run: Run, strand: Strand, family: Family) -> None:
    while family.begun < len(family.inputs) and family.begun - len(family.results) < family.at_once:
        index = family.begun
        family.begun += 1
        _begin_member(run, strand, family, index)


def _begin_member(run: Run, strand: Strand, family: Family, index: int) -> None:
    state = run.state_of(strand)
    is_map = state["Type"] == "Map"
    place = (("ItemProcessor" if "ItemProcessor" in state else "Iterator"),) if is_map else ("Branches", index)
    path = (*strand.path, "States", strand.state, *place)
    member = Strand(run.execution.strands_made, path, run.machine(path)["StartAt"], family.inputs[index])
    member.parent, member.index, member.previous_event = strand.number, index, strand.previous_event
    if is_map:
        member.item = {"Index": index, "Value": member.raw}
        run.note(member, "MapIterationStarted", _iteration(strand, index, "Started"))
        selector = state.get("ItemSelector", state.get("Parameters"))
        if selector is not None:
            context = {**run.context(strand), "Map": {"Item": member.item}}
            member.raw = filled_in(selector, strand.given, context)
            run.require_size(strand, member.raw)
    run.add_strand(member)


def member_ended(run: Run, strand: Strand, member: Strand, output: Any) -> None:
    """A branch or an item is done."""
    family = strand.wait
    assert isinstance(family, Family)
    if member.item is not None:
        run.note(member, "MapIterationSucceeded", _iteration(strand, member.index, "Succeeded"))
    strand.previous_event = member.previous_event
    family.results[member.index] = output
    if len(family.results) == len(family.inputs):
        _all_ended(run, strand, family)
    else:
        _begin_members(run, strand, family)


def _all_ended(run: Run, strand: Strand, family: Family) -> None:
    run.note(strand, f"{run.state_of(strand)['Type']}StateSucceeded")
    _complete(run, strand, [family.results[index] for index in range(len(family.inputs))])


def member_failed(run: Run, strand: Strand, member: Strand, error: str | None, cause: str | None) -> None:
    """A branch or an item failed: the others end, and the state fails with its error."""
    if member.item is not None:
        run.note(member, "MapIterationFailed", _iteration(strand, member.index, "Failed"))
    run.drop_family(strand.number)
    strand.previous_event, strand.wait = member.previous_event, None
    run.note(strand, f"{run.state_of(strand)['Type']}StateFailed")
    run.fail(strand, error, cause, of_branch=True)


def _iteration(strand: Strand, index: int, what: str) -> dict[str, Any]:
    return {f"mapIteration{what}EventDetails": {"name": strand.state, "index": index}}


_BEGIN: Mapping[str, Callable[[Run, Strand], None]] = {
    "Task": _begin_task,
    "Parallel": _begin_parallel,
    "Map": _begin_map,
}
STATES: Mapping[str, Callable[[Run, Strand], None]] = {"Task": enter, "Parallel": enter, "Map": begin}
