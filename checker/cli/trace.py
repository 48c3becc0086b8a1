"""`lab trace`: the way of messages through the local cloud, step by step."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import click

from checker.cli.options import chosen_target, echo, open_workspace, target_option, workspace_option
from checker.cloud_process import running_cloud
from checker.errors import TargetDown, UsageProblem
from checker.target import find_target


@click.command()
@workspace_option
@target_option
@click.argument("topic", required=False)
@click.option("--last", "-n", type=click.IntRange(1), default=10, help="How many messages (default 10).")
@click.option("--follow", "-f", is_flag=True, help="Go on until Ctrl-C.")
def trace(folder: str | None, target: str | None, topic: str | None, last: int, follow: bool) -> None:
    """Show what became of the last messages, or of those on TOPIC."""
    workspace, name = open_workspace(folder), chosen_target(target)
    if name == "local" and running_cloud(workspace) is None:
        raise TargetDown("The local cloud of this workspace is not running", next_step="lab up")
    opened = find_target(name, workspace.folder)
    if opened.control is None:
        raise UsageProblem(f"{opened.name} keeps no traces; the local cloud does", next_step="lab trace --target local")
    found = opened.control.traces(topic)[-last:]
    for message in found:
        echo(render_trace(message))
    if not found and not follow:
        echo(f"No message on {topic} yet." if topic else "No message yet.")
    seen = max((message["number"] for message in found), default=0)
    while follow:
        for message in opened.control.traces(topic, seen):
            echo(render_trace(message))
            seen = message["number"]
        time.sleep(0.3)


def render_trace(message: Mapping[str, Any]) -> str:
    """A message's line and one line for each step of its way; what is no message (a connection) is its first step."""
    at = datetime.fromtimestamp(message["at"], UTC).strftime("%H:%M:%S.%f")[:-3]
    sender = f"  from {message['client_id']}" if message.get("client_id") else ""
    texts = [str(step["text"]) for step in message["steps"]]
    head = f"{message['topic']}{sender}" if message["topic"] else (texts.pop(0) if texts else "(nothing is known yet)")
    return "\n    ".join([f"{at}  {head}", *texts])
