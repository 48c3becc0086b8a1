"""`lab apply` and `lab destroy`: Terraform in the workspace against the target."""

from __future__ import annotations

import click

from checker.checks.session import blame_the_target
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
from checker.curriculum.parts import read_parts
from checker.deployment import Deployment
from checker.terraform import TerraformFailed


def open_deployment(folder: str | None, target: str | None, progress: Progress) -> Deployment:
    """The workspace's deployment on the chosen target, which is started if it is local."""
    workspace = open_workspace(folder)
    return Deployment(workspace, open_target(chosen_target(target), workspace), progress)


@click.command()
@workspace_option
@target_option
@verbose_option
@yes_option
def apply(folder: str | None, target: str | None, verbose: bool, yes: bool) -> None:
    """Apply the workspace's Terraform files and write the outputs into certs/."""
    progress = Progress(verbose)
    deployment = open_deployment(folder, target, progress)
    ask_before_aws(deployment.target, read_parts(), yes)
    say(f"terraform apply against {deployment.target.name} ...")
    try:
        changes = deployment.apply(read_parts())
    except TerraformFailed as failure:
        blame_the_target(failure, deployment.target)
        raise
    finally:
        progress.clear()
    for notice in deployment.notices:
        say(notice)
    echo(f"Apply complete! Resources: {changes.add} added, {changes.change} changed, {changes.remove} destroyed.")


@click.command()
@workspace_option
@target_option
@verbose_option
def destroy(folder: str | None, target: str | None, verbose: bool) -> None:
    """Destroy everything that Terraform made in this workspace."""
    progress = Progress(verbose)
    deployment = open_deployment(folder, target, progress)
    say(f"terraform destroy against {deployment.target.name} ...")
    try:
        changes = deployment.destroy()
    except TerraformFailed as failure:
        blame_the_target(failure, deployment.target)
        raise
    finally:
        progress.clear()
    echo(f"Destroy complete! Resources: {changes.remove} destroyed.")
