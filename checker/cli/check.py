"""`lab check`: deploys what is not deployed, checks a part or all, reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from checker.checks.result import PartResult, Report
from checker.checks.session import Listener, Session
from checker.cli.consent import ask_before_aws, yes_option
from checker.cli.options import (
    Progress,
    chosen_target,
    echo,
    open_target,
    open_workspace,
    say,
    target_option,
    verbose_option,
    workspace_option,
)
from checker.curriculum.given import describe_altered
from checker.curriculum.parts import Part, find_part, read_parts
from checker.curriculum.progress import remember
from checker.curriculum.workspace import Workspace
from checker.deployment import Deployment
from checker.report.files import render_json, render_junit, require_writable, write_report
from checker.report.terminal import Style, render_check, render_heading, render_sum, render_total, style_of


@click.command()
@click.argument("wanted", metavar="[PART]", required=False)
@workspace_option
@target_option
@click.option("--json", "json_file", metavar="FILE", type=click.Path(path_type=Path), help="Write the results as JSON.")
@click.option("--junit", "junit_file", metavar="FILE", type=click.Path(path_type=Path), help="Write JUnit XML.")
@verbose_option
@yes_option
@click.pass_context
def check(
    context: click.Context,
    wanted: str | None,
    folder: str | None,
    target: str | None,
    json_file: Path | None,
    junit_file: Path | None,
    verbose: bool,
    yes: bool,
) -> None:
    """Check PART (a number like 2, or one check like 2.3), or all parts.

    Several targets can be given with commas: --target local,aws.
    """
    workspace = open_workspace(folder)
    parts, only = choose(wanted)
    for file in filter(None, (json_file, junit_file)):
        require_writable(file)
    names = chosen_target(target).split(",")
    for name in names:
        if name.split(":")[0] == "aws":
            ask_before_aws(open_target(name, workspace), parts, yes)
    reports = [check_on(workspace, name, parts, only, Progress(verbose)) for name in names]
    report = join_reports(reports)
    if json_file:
        write_report(render_json(report), json_file)
    if junit_file:
        write_report(render_junit(report), junit_file)
    context.exit(report.exit_code)


def choose(wanted: str | None) -> tuple[tuple[Part, ...], tuple[str, ...]]:
    """The parts to check, and the checks of them if not all."""
    if wanted is None:
        return read_parts(), ()
    part = find_part(wanted)
    return (part,), ((wanted,) if part.step(wanted) else ())


def check_on(
    workspace: Workspace, target: str, parts: Sequence[Part], only: Sequence[str], progress: Progress
) -> Report:
    """Checks parts on one target and shows every result as it comes."""
    deployment = Deployment(workspace, open_target(target, workspace), progress)
    if altered := describe_altered(workspace):
        say(altered)
    with Session(deployment, listener(progress, style_of())) as session:
        if not deployment.is_current:
            say(f"terraform apply against {deployment.target.name} ...")
        try:
            session.deploy()
        finally:
            progress.clear()
        report = session.report([session.check_part(part, only) for part in parts])
    if not only:
        remember(workspace, report)
    if len(parts) > 1:
        echo(render_total(report))
    return report


def listener(progress: Progress, style: Style) -> Listener:
    """Shows a run on the terminal."""

    def show(text: str, error: bool = False) -> None:
        progress.clear()
        (say if error else echo)(text)

    return Listener(
        begin_part=lambda part: show(f"\n{render_heading(PartResult(part.number, part.title, part.bonus, ()))}"),
        begin=lambda each: progress(f"{each.id}  {each.title}"),
        done=lambda result: show(render_check(result, style)),
        end_part=lambda part: show(render_sum(part)),
        notice=lambda text: show(text, error=True),
    )


def join_reports(reports: Sequence[Report]) -> Report:
    """One report of several targets: parts named by their target."""
    if len(reports) == 1:
        return reports[0]
    parts = tuple(
        replace(part, name=f"{part.name} ({report.provenance['target']})")
        for report in reports
        for part in report.parts
    )
    return Report(parts, {"targets": [dict(report.provenance) for report in reports]})
