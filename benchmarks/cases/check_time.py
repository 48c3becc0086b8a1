"""A part deployed from nothing and checked, beside the bare `terraform apply` of the same files; a save in `lab watch`."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks.folders import folder
from benchmarks.measurement import US, Figure, Goal, Scale
from benchmarks.systems import ROOT
from checker.cloud_process import start_cloud, stop_cloud
from checker.curriculum.parts import find_part, read_parts
from checker.curriculum.workspace import Workspace, lay_over, new_workspace
from checker.deployment import Deployment
from checker.fast.warm import WarmProvider
from checker.target import find_target
from checker.terraform_install import ensure_terraform
from checker.watch.rounds import Round, Rounds

TITLE = "Check of a part"
PARTS = (2, 3)
BARE = "terraform apply"
CHECKED, SAVED = "part {}, deployed and checked", "from a saved rule to the verdict (lab watch, part 2)"
GOALS = [
    *(Goal(CHECKED.format(n), "at most 1.3 times the bare apply", peer=BARE, factor=1.3) for n in PARTS),
    Goal(SAVED, "under 2 s", value=2.0),
]


def run(scale: Scale) -> list[Figure]:
    """Bare and checked take turns in one workspace, each time from an empty state."""
    figures = []
    with folder() as place:
        workspace = new_workspace(place / "workspace", with_git=False)
        start_cloud(workspace, attached=True)
        try:
            for number in PARTS:
                lay_over(workspace, read_parts()[:number])
                figures += _bare_and_checked(workspace, number, scale)
            figures.append(Figure(SAVED, US, _saves(workspace, scale), "s", "less"))
        finally:
            stop_cloud(workspace)
    return figures


def _bare_and_checked(workspace: Workspace, number: int, scale: Scale) -> list[Figure]:
    deployment = Deployment(workspace, find_target("local", workspace.folder))
    bare_command = [str(ensure_terraform()), "apply", "-auto-approve", "-input=false"]
    check_command = [sys.executable, "-m", "checker", "check", str(number), "--workspace", str(workspace.folder)]
    deployment.apply()
    bare, checked = list[float](), list[float]()
    for _ in range(scale.repeats):
        deployment.destroy()
        bare.append(_seconds(lambda: _run(bare_command, deployment)))
        deployment.destroy()
        checked.append(_seconds(lambda: _run(check_command, deployment)))
    what = CHECKED.format(number)
    return [
        Figure(what, US, statistics.median(checked), "s", "less"),
        Figure(what, BARE, statistics.median(bare), "s", "less"),
    ]


def _run(command: list[str], deployment: Deployment) -> None:
    environment = deployment.environment() | {"PYTHONPATH": str(ROOT)}
    subprocess.run(
        command, cwd=deployment.workspace.terraform, env=environment, check=True, stdin=subprocess.DEVNULL,
        capture_output=True,
    )  # fmt: skip


def _saves(workspace: Workspace, scale: Scale) -> float:
    """A rule is changed and changed back; the first round, which loads the SDK, is not counted."""
    provider = WarmProvider(workspace.terraform)
    rounds = Rounds(workspace, "local", provider)
    rule = workspace.terraform / "iot.tf"
    text = rule.read_text()
    try:
        provider.start(rounds.environment())
        times = []
        for turn in range(2 * scale.repeats + 1):
            rule.write_text(text.replace(">= 40", ">= 39.95", 1) if turn % 2 == 0 else text)
            times.append(_seconds(lambda: rounds.run_round(find_part(2), Round())))
        return statistics.median(times[1:])
    finally:
        provider.close()


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
