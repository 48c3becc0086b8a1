"""`lab simulate`: the workspace's house against the target, at any speed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

from checker.cli.deploy import open_deployment
from checker.cli.options import Progress, say, target_option, workspace_option
from checker.curriculum.simulating import simulating
from checker.curriculum.workspace import Workspace
from checker.deployment import Deployment
from checker.errors import LearnerProblem, TargetDown, UsageProblem
from checker.process import Finished, run_program
from checker.target import Target

FOREVER_S = 10 * 365 * 86_400.0


@click.command()
@workspace_option
@target_option
@click.option(
    "--speed", type=click.FloatRange(0, 1000, min_open=True), default=1.0, help="House and cloud time per real time."
)
@click.option("--seed", type=int, help="Makes the same house again.")
@click.option("--houses", type=click.IntRange(1), default=1, help="How many houses.")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="Stop after so many minutes of house time.")
@click.pass_context
def simulate(
    context: click.Context,
    folder: str | None,
    target: str | None,
    speed: float,
    seed: int | None,
    houses: int,
    minutes: float | None,
) -> None:
    """Run the house of the workspace until Ctrl-C. The local cloud runs at the same speed meanwhile."""
    deployment = open_deployment(folder, target, Progress())
    if speed != 1 and deployment.target.control is None:
        raise UsageProblem(
            "Only the local cloud can run faster: AWS lives in real time", next_step="--speed 1, or --target local"
        )
    if speed != 1:
        say(f"The cloud's clock runs {speed:g} times as fast meanwhile.")
    try:
        done = run_house(deployment, speed=speed, seed=seed, houses=houses, minutes=minutes, show=click.echo)
    except KeyboardInterrupt:
        context.exit(0)
    if not done.succeeded:
        raise LearnerProblem(done.stderr.strip() or "The house ended without a word", next_step="lab check 1")
    require_that_the_cloud_lives(deployment.target)
    context.exit(0)


def require_that_the_cloud_lives(target: Target) -> None:
    """A house goes on without its cloud, as a real one does; whoever looks at it must know that nobody listened."""
    try:
        if target.control is not None:
            target.control.health()
    except TargetDown as down:
        raise TargetDown(
            "The local cloud ended while the house lived: readings since then reached nobody",
            next_step="lab logs, then lab up",
        ) from down


def run_house(
    deployment: Deployment,
    *,
    speed: float = 1.0,
    seed: int | None = None,
    houses: int = 1,
    minutes: float | None = None,
    show: Callable[[str], None] | None = None,
) -> Finished:
    """Runs src/simulation.py of the workspace with the target's clock at its speed; `show` sees every line."""
    deployment.write_certificates()
    command = [sys.executable, "src/simulation.py", "--speed", f"{speed:g}", "--houses", str(houses)]
    command += ["--seed", str(seed)] if seed is not None else []
    command += ["--minutes", f"{minutes:g}"] if minutes is not None else []
    within_s = FOREVER_S if minutes is None else minutes * 60 / speed + 60
    with simulating(deployment.workspace, deployment.target, speed):
        return run_program(
            command, cwd=_with_simulation(deployment.workspace), env=deployment.environment(), within_s=within_s, on_line=show
        )  # fmt: skip


def _with_simulation(workspace: Workspace) -> Path:
    if not (workspace.folder / "src/simulation.py").is_file():
        raise LearnerProblem(
            "src/simulation.py is missing in the workspace", next_step="copy it from the kit's starter/src/"
        )
    return workspace.folder
