"""Which isolation a grading gets: bubblewrap, else a container around it, else a loud refusal that names what each lacks."""

from __future__ import annotations

import os
from dataclasses import dataclass

from checker.errors import ToolMissing, UsageProblem
from checker.isolation.engine import ENGINES, Engine, find_engine, refuse_root
from checker.isolation.probe import RISK, working_bwrap

STRATEGIES = ("auto", "bwrap", *ENGINES, "none")


@dataclass(frozen=True)
class Isolation:
    """`engine`: the whole grading goes into its container. Neither `bwrap` nor `engine`: none, and `warning` says so."""

    bwrap: str = ""
    engine: Engine | None = None
    warning: str = ""


def choose_isolation(strategy: str, *, containers: bool = True) -> Isolation:
    """What the strategy means on this machine; raises ToolMissing. `containers` False: none can hold what is to be done."""
    if strategy not in STRATEGIES:
        raise UsageProblem(f"There is no isolation {strategy!r}", next_step=f"choose one of {', '.join(STRATEGIES)}")
    if strategy in ENGINES and not containers:
        raise UsageProblem(
            f"--isolation {strategy} cannot be used with a cluster: a container has no network",
            next_step="bubblewrap on every machine: --isolation bwrap",
        )
    if strategy == "none":
        return Isolation(warning=f"NO ISOLATION. {RISK}")
    wanted = ("bwrap", *(ENGINES if containers else ())) if strategy == "auto" else (strategy,)
    lacks: list[ToolMissing] = []
    for name in wanted:
        try:
            return _use(name)
        except ToolMissing as missing:
            lacks.append(missing)
    raise ToolMissing(
        "Nothing on this machine isolates submissions:"
        + "".join(f"\n  {lack.message}\n    {lack.next_step}" for lack in lacks)
        + f"\n{RISK}",
        next_step="one of these, or accept the risk: --isolation none",
    )


def _use(name: str) -> Isolation:
    if name == "bwrap":
        return Isolation(bwrap=working_bwrap())
    engine = find_engine(name)
    refuse_root(os.geteuid())
    return Isolation(engine=engine)
