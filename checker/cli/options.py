"""Options and small helpers that several commands share."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import click

from checker.cloud_process import running_cloud, start_cloud
from checker.curriculum.workspace import Workspace, find_workspace
from checker.language import tr
from checker.target import Target, find_target, require_answer

workspace_option = click.option(
    "--workspace", "-w", "folder", metavar="DIR", help="The workspace (default: the one around the current folder)."
)
target_option = click.option(
    "--target", "-t", metavar="TARGET", help="local (default), aws, aws:PROFILE:REGION, or an endpoint's URL."
)


def chosen_target(target: str | None) -> str:
    """The target's name: the option, the setting LAB_TARGET, or `local`."""
    return target or os.environ.get("LAB_TARGET") or "local"


def open_target(name: str, workspace: Workspace) -> Target:
    """The target; starts the workspace's local cloud, and says so, if it is meant and does not run."""
    if name == "local" and running_cloud(workspace) is None:
        say("The local cloud is not running: starting it ...")
        start_cloud(workspace)
    target = find_target(name, workspace.folder)
    if name != "local" and not target.is_aws:
        require_answer(target)
    return target


def open_workspace(folder: str | None) -> Workspace:
    return find_workspace(folder)


def echo(text: str, *, nl: bool = True) -> None:
    """What was asked for, in the reader's language: standard output."""
    click.echo(tr(text), nl=nl)


def say(text: str) -> None:
    """A line for the reader's eye, beside the results: standard error."""
    click.echo(tr(text), err=True)


class Progress:
    """Shows that a long step is alive: one changing line on a terminal, plain lines with --verbose, else a line now and then."""

    def __init__(self, verbose: bool = False, stream: Any = None, quiet_s: float = 10.0) -> None:
        self._stream, self._verbose, self._quiet_s = stream or sys.stderr, verbose, quiet_s
        self._is_terminal = self._stream.isatty()
        self._lock, self._last_line, self._shown = threading.Lock(), time.monotonic(), 0

    def __call__(self, text: str) -> None:
        text = tr(text)
        with self._lock:
            if self._verbose:
                self._stream.write(text + "\n")
            elif self._is_terminal:
                line = "  " + text[: _width() - 3]
                self._stream.write("\r" + line.ljust(self._shown))
                self._shown = len(line)
            elif time.monotonic() - self._last_line > self._quiet_s:
                self._last_line = time.monotonic()
                self._stream.write(text + "\n")
            self._stream.flush()

    def clear(self) -> None:
        """Removes the changing line."""
        with self._lock:
            if self._shown:
                self._stream.write("\r" + " " * self._shown + "\r")
                self._stream.flush()
                self._shown = 0


def _width() -> int:
    import shutil

    return shutil.get_terminal_size((80, 24)).columns


verbose_option = click.option("--verbose", "-v", is_flag=True, help="Show every step of Terraform.")

Say = Callable[[str], None]
