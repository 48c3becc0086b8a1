"""What is known at a moment of `lab watch`: the part, its checks so far, what is being done, what to do next. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from checker.checks.result import CheckResult
from checker.curriculum.hints import Hint
from checker.curriculum.parts import Part


@dataclass(frozen=True)
class NextThing:
    """The next thing to do: a step and the places in the files where it stands; none: everything has passed."""

    step_id: str = ""
    title: str = ""
    places: tuple[str, ...] = ()


@dataclass(frozen=True)
class View:
    """A moment. Every change is a new one."""

    part: Part
    results: tuple[CheckResult, ...] = ()
    doing: str = ""
    """What goes on now; empty: nothing, the next save is waited for."""
    problem: str = ""
    """Why nothing could be checked, in Terraform's or the kit's words."""
    notices: tuple[str, ...] = ()
    saved: tuple[str, ...] = ()
    seconds: float | None = None
    """From the save to the verdict."""
    next: NextThing = NextThing()
    hint: Hint | None = None
    hints_of_step: int = 0
    asked: str = ""
    """The answer to a key that was pressed."""

    @property
    def points(self) -> int:
        return sum(result.points for result in self.results)

    @property
    def passed(self) -> bool:
        """Has every check of the part passed?"""
        return len(self.results) == len(self.part.steps) and all(each.status == "passed" for each in self.results)

    @property
    def focus(self) -> CheckResult | None:
        """The check to look at: the first that failed or broke, else the first that was skipped."""
        for wanted in (("failed", "broken"), ("skipped",)):
            if found := next((each for each in self.results if each.status in wanted), None):
                return found
        return None

    def begin(self, part: Part, saved: tuple[str, ...]) -> View:
        """A round begins: what was known of the last one stays until something new is known."""
        return replace(
            self, part=part, saved=saved, doing="reading the files", problem="", notices=(), asked="", seconds=None
        )

    def with_result(self, result: CheckResult) -> View:
        """A check has ended."""
        return replace(self, results=(*(each for each in self.results if each.id != result.id), result))

    def with_next(self, found: NextThing) -> View:
        """The next thing to do is known; a hint for another step disappears."""
        kept = self.hint if found.step_id == self.next.step_id else None
        return replace(self, next=found, hint=kept)
