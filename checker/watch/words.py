"""What `lab watch` says, in one place, so that it can be read at once."""

from __future__ import annotations

from checker.watch.view import View

KEYS = "h hint   r run again   o open the lesson   q quit"
KEYS_AS_LINES = "Type h for a hint, r to run again, o for the lesson, q to quit; then Enter."
ALL_PASSED = "Every part has passed."
WAITING = "waiting for the next save"
STARTING = "Starting: the local cloud, then Terraform's provider, which is kept warm ..."
NO_HINT = "There is no further hint: all of them were shown."
NO_STEP = "There is nothing left to ask a hint for."
FINISHING = "Terraform is at work: it is let finish. Ctrl-C leaves at once."


def describe_next(view: View) -> str:
    """The next thing to do, and where."""
    if not view.next.step_id:
        return ALL_PASSED
    passed = f"Part {view.part.number} has passed.\n" if view.passed and not view.doing else ""
    edit = "".join(f"\n       edit  {place}" for place in view.next.places)
    return f"{passed}next   {view.next.step_id}  {view.next.title}{edit}"


def describe_state(view: View) -> str:
    """What goes on now, and what the last save was."""
    saved = describe_saved(view)
    if view.doing:
        return f"{saved}{view.doing} ..."
    took = f"{verdict(view)} in {view.seconds:.1f} s; " if view.seconds is not None else ""
    return f"{saved}{took}{WAITING}"


def describe_saved(view: View) -> str:
    """`saved terraform/iot.tf: `, or nothing if it was not a save that began the round."""
    return f"saved {', '.join(view.saved)}: " if view.saved else ""


def verdict(view: View) -> str:
    """How the round ended, in a few words."""
    if view.problem:
        return "not deployed"
    passed = sum(result.status == "passed" for result in view.results)
    return f"{passed} of {len(view.part.steps)} checks passed"
