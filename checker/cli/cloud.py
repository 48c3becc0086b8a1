"""`lab up`, `lab down`, `lab logs`, `lab reset-cloud`: the workspace's local cloud."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import click

from checker.cli.options import echo, open_workspace, workspace_option
from checker.cloud_process import empty_cloud, log_file, running_cloud, start_cloud, stop_cloud
from checker.errors import TargetDown


@click.command()
@workspace_option
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="AWS API port (default: any free one).")
@click.option("--mqtt-port", type=click.IntRange(0, 65535), default=0, help="MQTT port (default: any free one).")
@click.option("--region", help="The region that the cloud plays.")
def up(folder: str | None, port: int, mqtt_port: int, region: str | None) -> None:
    """Start the workspace's local cloud in the background and wait until it answers."""
    workspace = open_workspace(folder)
    was_running = running_cloud(workspace) is not None
    cloud = start_cloud(workspace, port=port, mqtt_port=mqtt_port, region=region)
    echo("The local cloud runs already." if was_running else "The local cloud is up.")
    echo(f"  AWS API  {cloud['endpoint_url']}  ({cloud['region']})")
    echo(f"  MQTT     {cloud['mqtt_host']}:{cloud['mqtt_port']}  (TLS, CA {cloud['ca_file']})")
    echo(f"  log      {log_file(workspace)}")
    echo("  stop it  lab down")


@click.command()
@workspace_option
def down(folder: str | None) -> None:
    """Stop the workspace's local cloud; what is in it is kept for the next `lab up`."""
    ended = stop_cloud(open_workspace(folder))
    echo("The local cloud is stopped." if ended else "The local cloud was not running.")


@click.command()
@workspace_option
@click.option("--lines", "-n", type=click.IntRange(1), default=50, help="How many lines from the end.")
@click.option("--follow", "-f", is_flag=True, help="Go on until Ctrl-C.")
def logs(folder: str | None, lines: int, follow: bool) -> None:
    """Show the local cloud's log."""
    file = log_file(open_workspace(folder))
    if not file.exists():
        raise TargetDown("There is no log: the local cloud of this workspace never ran", next_step="lab up")
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]:
        click.echo(line)
    if follow:
        for line in _following(file):
            click.echo(line, nl=False)


def _following(file: Path) -> Iterator[str]:
    with open(file, encoding="utf-8", errors="replace") as opened:
        opened.seek(0, 2)
        while True:
            if line := opened.readline():
                yield line
            else:
                time.sleep(0.2)


@click.command("reset-cloud")
@workspace_option
def reset_cloud(folder: str | None) -> None:
    """Empty the local cloud, as if it had never been used, and start it again on the same ports."""
    workspace = open_workspace(folder)
    empty_cloud(workspace)
    echo("The local cloud is empty. Terraform's state still lists what was there: lab apply makes it anew.")
