"""What a benchmark gives back, and what is wanted of it."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

US = "labcloud"


@dataclass(frozen=True)
class Figure:
    """One number of one system. `best`: whether more or less is better."""

    what: str
    system: str
    value: float | None
    """None: the system cannot do it, see `remark`."""
    unit: str
    best: Literal["more", "less"] = "more"
    remark: str = ""


@dataclass(frozen=True)
class Goal:
    """What is wanted of our figure: `factor` times a peer's figure, or the bare `value`."""

    what: str
    text: str
    peer: str | None = None
    factor: float = 1.0
    value: float = 0.0

    def met(self, figures: list[Figure]) -> bool | None:
        """None: cannot be said, since a figure is missing."""
        ours = _find(figures, self.what, US)
        theirs = _find(figures, self.what, self.peer) if self.peer else None
        if ours is None or ours.value is None or (self.peer and (theirs is None or theirs.value is None)):
            return None
        wanted = self.value if theirs is None or theirs.value is None else self.factor * theirs.value
        return ours.value >= wanted if ours.best == "more" else ours.value <= wanted


@dataclass(frozen=True)
class Scale:
    """How much work a benchmark does."""

    repeats: int
    """The median of so many is taken."""
    seconds: float
    """How long one measurement lasts, where it lasts."""
    share: float
    """Part of the usual number of messages, rows or connections, where there is one."""

    def count(self, usual: int) -> int:
        return max(1, int(usual * self.share))


USUAL = Scale(repeats=3, seconds=1.5, share=1.0)
QUICK = Scale(repeats=1, seconds=0.3, share=0.01)


def median(scale: Scale, measure: Callable[[], float]) -> float:
    """The median of several measurements."""
    return statistics.median(measure() for _ in range(scale.repeats))


def _find(figures: list[Figure], what: str, system: str) -> Figure | None:
    return next((one for one in figures if (one.what, one.system) == (what, system)), None)
