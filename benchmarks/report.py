"""The table of a run: figures by system, ratios, goals; as text and as doc/benchmarks.md."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.measurement import US, Figure, Goal, Scale
from benchmarks.notes import LIMITS


@dataclass(frozen=True)
class Outcome:
    """One benchmark's title, figures and goals."""

    title: str
    about: str
    figures: list[Figure]
    goals: list[Goal]


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Everything, for programs and for `from_json`."""
    goals = [{**asdict(goal), "met": goal.met(outcome.figures)} for goal in outcome.goals]
    figures = [asdict(figure) for figure in outcome.figures]
    return {"title": outcome.title, "about": outcome.about, "figures": figures, "goals": goals}


def from_json(kept: dict[str, Any]) -> Outcome:
    """An outcome of an earlier run."""
    goals = [Goal(**{key: value for key, value in goal.items() if key != "met"}) for goal in kept["goals"]]
    return Outcome(kept["title"], kept["about"], [Figure(**figure) for figure in kept["figures"]], goals)


def machine() -> str:
    """What it was measured on, without names."""
    return f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}, Python {platform.python_version()}"


def render(outcomes: Iterable[Outcome]) -> str:
    """The tables as Markdown."""
    return "\n".join(_table(outcome) for outcome in outcomes)


def _table(outcome: Outcome) -> str:
    lines = [
        f"## {outcome.title}",
        "",
        outcome.about,
        "",
        "| | system | median | labcloud is | |",
        "|---|---|---|---|---|",
    ]
    for what in dict.fromkeys(figure.what for figure in outcome.figures):
        rows = [figure for figure in outcome.figures if figure.what == what]
        ours = next((figure for figure in rows if figure.system == US), None)
        lines += [_row(figure, ours, outcome.figures, outcome.goals) for figure in rows]
    return "\n".join(lines) + "\n"


def _row(figure: Figure, ours: Figure | None, figures: list[Figure], goals: list[Goal]) -> str:
    value = "–" if figure.value is None else f"{_number(figure.value)}{' ' if figure.unit != '/s' else ''}{figure.unit}"
    remarks = [figure.remark] if figure.remark else []
    if figure.system == US:
        for goal in goals:
            if goal.what == figure.what:
                remarks.append(f"goal: {goal.text} – {_VERDICTS[goal.met(figures)]}")
    return f"| {figure.what} | {figure.system} | {value} | {_ratio(figure, ours)} | {'; '.join(remarks)} |"


_VERDICTS = {True: "met", False: "**missed**", None: "cannot be said"}


def _ratio(figure: Figure, ours: Figure | None) -> str:
    if ours is None or figure is ours or not ours.value or not figure.value:
        return ""
    better = ours.value / figure.value if figure.best == "more" else figure.value / ours.value
    words = ("as fast", "as much") if figure.unit != "MB" else ("as small", "as small")
    return (
        f"{better:.2g} × {words[0]}"
        if figure.best == "more" or figure.unit in ("s", "ms")
        else f"{better:.2g} × as cheap"
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def page(outcomes: list[Outcome], scale: Scale) -> str:
    """doc/benchmarks.md."""
    return _PAGE.format(machine=machine(), repeats=scale.repeats, tables=render(outcomes), limits=LIMITS)


_PAGE = """# Benchmarks

Written by `python -m benchmarks --write-doc`; do not edit. The limits below the tables are in benchmarks/notes.py.

What the local cloud costs and carries, next to others that do the same work. All systems of a table were measured in turns in
the same run on the same machine ({machine}), each number the median of {repeats}. Take the ratios, not the numbers:
the machine was busy with other things, and every load generator is a process that shares its cores.

{tables}
## Where the limits are

{limits}
"""
