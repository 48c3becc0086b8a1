"""A note in the workspace while `lab simulate` runs: checks must not mix with its readings nor run at its speed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from checker.curriculum.workspace import Workspace
from checker.errors import TargetDown
from checker.target import Target

NOTE = "simulating.json"


@contextmanager
def simulating(workspace: Workspace, target: Target, speed: float) -> Iterator[None]:
    """Notes that a house runs and lets the target's clock run at its speed; both end with it, however it ends."""
    workspace.write_note(NOTE, {"pid": os.getpid()})
    try:
        if target.control is not None and speed != 1:
            target.control.set_rate(speed)
        yield
    finally:
        (workspace.notes / NOTE).unlink(missing_ok=True)
        if target.control is not None and speed != 1:
            with suppress(TargetDown):  # a cloud that is gone runs at no speed
                target.control.set_rate(1.0)


def is_simulating(workspace: Workspace) -> bool:
    """Does a house of this workspace run now?"""
    import psutil

    pid = workspace.read_note(NOTE).get("pid", 0)
    try:
        return bool(pid) and "simulate" in psutil.Process(pid).cmdline()
    except psutil.Error:
        return False


def end_stale_simulation(workspace: Workspace, target: Target) -> bool:
    """Puts the clock back to real speed if a simulation was killed before it could; True if so."""
    if not workspace.read_note(NOTE) or is_simulating(workspace):
        return False
    (workspace.notes / NOTE).unlink(missing_ok=True)
    if target.control is None or target.control.rate() == 1:
        return False
    target.control.set_rate(1.0)
    return True
