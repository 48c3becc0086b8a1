"""Proves the checks on a local cloud: none passes on the base of its part, all pass on its solution."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from checker.checks.result import PartResult
from checker.checks.session import Session
from checker.cloud_process import start_cloud, stop_cloud
from checker.curriculum.parts import Part, read_parts
from checker.curriculum.workspace import Workspace, lay_over, new_workspace
from checker.deployment import Deployment
from checker.target import find_target


def prove_checks(say: Callable[[str], None]) -> list[str]:
    """Builds the course part by part, checks every part before and after its solution; returns what is wrong."""
    problems: list[str] = []
    with tempfile.TemporaryDirectory(prefix="lab-lint-") as temporary:
        workspace = new_workspace(Path(temporary) / "workspace")
        start_cloud(workspace, attached=True)
        try:
            for part in read_parts():
                problems += _prove_part(workspace, part, say)
        finally:
            stop_cloud(workspace)
    return problems


def _prove_part(workspace: Workspace, part: Part, say: Callable[[str], None]) -> list[str]:
    say(f"checks of {part.id} on their base ...")
    before = check_state(workspace, part)
    lay_over(workspace, [part])
    say(f"checks of {part.id} on their solution ...")
    return problems_on_base(part, before) + problems_on_solution(part, check_state(workspace, part))


def check_state(workspace: Workspace, part: Part) -> PartResult:
    """Deploys the workspace as it is and checks a part."""
    with Session(Deployment(workspace, find_target("local", workspace.folder))) as session:
        session.deploy()
        return session.check_part(part)


def problems_on_base(part: Part, result: PartResult) -> list[str]:
    """On its base no check of a part may pass, and none may be broken."""
    return _problems(part, result, allowed=("failed", "skipped"), where="the base of its part")


def problems_on_solution(part: Part, result: PartResult) -> list[str]:
    """On its solution every check of a part must pass."""
    return _problems(part, result, allowed=("passed",), where="the solution")


def _problems(part: Part, result: PartResult, *, allowed: Sequence[str], where: str) -> list[str]:
    return [
        f"{part.id}: check {check.id} is {check.status} on {where}"
        + "".join(f"\n    {name}: {value}" for name in ("got", "because") if (value := getattr(check, name)))
        for check in result.checks
        if check.status not in allowed
    ]
