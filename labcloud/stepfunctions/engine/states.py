"""States that decide at once or wait for a time: Pass, Succeed, Fail, Choice, Wait.

Source: Amazon States Language specification.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from labcloud.stepfunctions.engine.model import Sleep, Strand
from labcloud.stepfunctions.language.choice import is_met, parse_timestamp
from labcloud.stepfunctions.language.failures import NO_CHOICE, RUNTIME, StateFailed
from labcloud.stepfunctions.language.jsontext import to_json
from labcloud.stepfunctions.language.payload import at_path, filled_in, with_result

if TYPE_CHECKING:
    from labcloud.stepfunctions.engine.run import Run

LONGEST_WAIT_S = 99_999_999


def pass_(run: Run, strand: Strand) -> None:
    """Hands on its input, or what it was told to say."""
    state, given = run.state_of(strand), strand.given
    if "Parameters" in state:
        given = filled_in(state["Parameters"], given, run.context(strand))
    run.finish(strand, with_result(state, strand.raw, state.get("Result", given)))


def succeed(run: Run, strand: Strand) -> None:
    """Ends the strand."""
    run.finish(strand, strand.given)


def fail(run: Run, strand: Strand) -> None:
    """Ends the strand with an error; nothing of its own retries or catches it."""
    state = run.state_of(strand)
    run.fail(strand, _told(run, strand, state, "Error"), _told(run, strand, state, "Cause"))


def _told(run: Run, strand: Strand, state: Mapping[str, Any], name: str) -> str | None:
    path = state.get(f"{name}Path")
    if path is None:
        return state.get(name)
    value = filled_in({f"{name}Path.$": path}, strand.given, run.context(strand))[f"{name}Path"]
    if not isinstance(value, str):
        raise StateFailed(RUNTIME, f"The field '{name}Path' must be a string but was {to_json(value)}")
    return value


def choice(run: Run, strand: Strand) -> None:
    """Goes where the first rule leads that holds."""
    state, context = run.state_of(strand), run.context(strand)
    for rule in state["Choices"]:
        if is_met(rule, strand.given, context):
            run.finish(strand, strand.given, rule["Next"])
            return
    if "Default" not in state:
        raise StateFailed(NO_CHOICE, "Failed to transition out of the state. The state has no matching choice.")
    run.finish(strand, strand.given, state["Default"])


def wait(run: Run, strand: Strand) -> None:
    """Until a time of the lab clock; one that has passed is not waited for."""
    until_s = _until(run, strand)
    if until_s <= run.now:
        wake(run, strand)
    else:
        run.wait_for(strand, Sleep(until_s, retry=False))


def wake(run: Run, strand: Strand) -> None:
    """A Wait is over."""
    run.finish(strand, strand.given)


def _until(run: Run, strand: Strand) -> float:
    state, context = run.state_of(strand), run.context(strand)
    if "Seconds" in state:
        return run.now + float(state["Seconds"])
    if "SecondsPath" in state:
        seconds = at_path(state["SecondsPath"], strand.given, context)
        whole = isinstance(seconds, int) and not isinstance(seconds, bool)
        if not whole or not 0 <= seconds <= LONGEST_WAIT_S:
            text = f"The SecondsPath parameter does not reference a non-negative integer value: {to_json(seconds)}"
            raise StateFailed(RUNTIME, text)
        return run.now + float(seconds)
    written = state.get("Timestamp")
    if written is None:
        written = at_path(state["TimestampPath"], strand.given, context)
    moment = parse_timestamp(written)
    if moment is None:
        text = f"The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: {to_json(written)}"
        raise StateFailed(RUNTIME, text)
    return moment.timestamp()


STATES: Mapping[str, Callable[[Run, Strand], None]] = {
    "Pass": pass_,
    "Succeed": succeed,
    "Fail": fail,
    "Choice": choice,
    "Wait": wait,
}
