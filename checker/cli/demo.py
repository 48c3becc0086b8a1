"""`lab demo`: the whole course on its solutions, on a local cloud of its own, from first start to teardown."""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from checker.checks.result import Report
from checker.checks.session import Session
from checker.cli.check import listener
from checker.cli.options import Progress, echo, say, verbose_option
from checker.cli.simulate import run_house
from checker.cloud_process import start_cloud, stop_cloud
from checker.curriculum.parts import read_parts
from checker.curriculum.workspace import Workspace, lay_over, new_workspace
from checker.deployment import Deployment
from checker.errors import LabError
from checker.report.files import render_json, write_report
from checker.report.terminal import render_total, style_of
from checker.target import find_target

HOUSE_MINUTES = 16.0
HOUSE_SPEED = 80.0
HOUSE_SEED = 7


@click.command()
@click.option(
    "--keep", metavar="DIR", type=click.Path(path_type=Path), help="Make the workspace in DIR and leave it there."
)
@click.option("--json", "json_file", metavar="FILE", type=click.Path(path_type=Path), help="Write the results as JSON.")
@verbose_option
@click.pass_context
def demo(context: click.Context, keep: Path | None, json_file: Path | None, verbose: bool) -> None:
    """Build the solutions of all parts on a local cloud, let the house live, check everything, tear it down."""
    begun = time.monotonic()
    with demo_workspace(keep) as workspace:
        report = run_demo(workspace, Progress(verbose))
    if json_file:
        write_report(render_json(report), json_file)
    echo(f"\n{render_total(report)} in {time.monotonic() - begun:.0f} s")
    context.exit(report.exit_code)


@contextmanager
def demo_workspace(keep: Path | None) -> Iterator[Workspace]:
    """A workspace with all solutions; its cloud is stopped at the end and, unless kept, the folder is removed."""
    folder = keep or Path(tempfile.mkdtemp(prefix="lab-demo-")) / "workspace"
    workspace = new_workspace(folder)
    try:
        lay_over(workspace, read_parts())
        yield workspace
    finally:
        stop_cloud(workspace)
        if keep is None:
            shutil.rmtree(folder.parent, ignore_errors=True)


def run_demo(workspace: Workspace, progress: Progress) -> Report:
    """Everything between the first start of the cloud and the report."""
    with _step("local cloud started", progress):
        start_cloud(workspace, attached=True)
    deployment = Deployment(workspace, find_target("local", workspace.folder), progress)
    with Session(deployment, listener(progress, style_of())) as session:
        with _step("solutions of all parts deployed with Terraform", progress):
            session.deploy()
            if session.undeployable:
                raise LabError("The solutions do not deploy: a bug of the kit", next_step="lab lint")
        with _step("function packaged and deployed", progress):
            session.lab.deploy_function_code()
        with _step(f"house lived {HOUSE_MINUTES:g} minutes at {HOUSE_SPEED:g} times the speed", progress):
            let_the_house_live(deployment, progress)
        return session.report([session.check_part(part) for part in read_parts()])


def let_the_house_live(deployment: Deployment, progress: Progress) -> None:
    """Runs the house and shows its readings in passing, its switches as lines."""

    def show(line: str) -> None:
        if re.search(r"AC SWITCH|readings \(", line):
            progress.clear()
            echo(f"  {line}")
        else:
            progress(line)

    done = run_house(deployment, speed=HOUSE_SPEED, seed=HOUSE_SEED, minutes=HOUSE_MINUTES, show=show)
    if not done.succeeded:
        raise LabError(
            f"The house stopped: {done.stderr.strip()}", next_step="lab demo --keep DIR, then look at lab logs"
        )


@contextmanager
def _step(what: str, progress: Progress) -> Iterator[None]:
    begun = time.monotonic()
    progress(f"{what} ...")
    yield
    progress.clear()
    say(f"{what} ({time.monotonic() - begun:.1f} s)")
