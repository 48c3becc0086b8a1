"""`lab env`: the environment that points Terraform, the AWS CLI, boto3 and the house to the target."""

from __future__ import annotations

import os
import shlex
import sys

import click

from checker.cli.options import chosen_target, open_target, open_workspace, target_option, workspace_option
from checker.deployment import Deployment
from checker.errors import UsageProblem


@click.command(context_settings={"ignore_unknown_options": True})
@workspace_option
@target_option
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def env(folder: str | None, target: str | None, command: tuple[str, ...]) -> None:
    """Print the environment for `eval "$(lab env)"`, or run COMMAND with it: lab env -- aws s3 ls."""
    workspace = open_workspace(folder)
    environment = Deployment(workspace, open_target(chosen_target(target), workspace)).environment()
    if command:
        _replace_this_process(command, environment)
    for name in sorted(os.environ.keys() - environment.keys()):
        click.echo(f"unset {name}")
    for name in sorted(environment):
        if environment[name] != os.environ.get(name):
            click.echo(f"export {name}={shlex.quote(environment[name])}")


def _replace_this_process(command: tuple[str, ...], environment: dict[str, str]) -> None:
    sys.stdout.flush()
    try:
        os.execvpe(command[0], list(command), environment)
    except OSError as error:
        raise UsageProblem(
            f"{command[0]} cannot be run: {error.strerror}", next_step="lab env -- COMMAND ..."
        ) from error
