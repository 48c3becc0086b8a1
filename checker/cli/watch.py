"""`lab watch`: checks at every save, with a warm provider; a screen, or plain lines."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading

import click

from checker.cli.options import chosen_target, open_target, open_workspace, target_option, workspace_option
from checker.curriculum.parts import Part, find_part
from checker.errors import UsageProblem
from checker.fast.warm import WarmProvider
from checker.process import run_program
from checker.report.terminal import style_of
from checker.watch.keys import Keys
from checker.watch.loop import Watch
from checker.watch.plain import PlainLines
from checker.watch.rounds import Rounds
from checker.watch.screen import Screen


@click.command()
@click.argument("wanted", metavar="[PART]", required=False)
@workspace_option
@target_option
@click.option("--plain", is_flag=True, help="Lines instead of a screen: for screen readers, logs and pipes.")
@click.option("--cold", is_flag=True, help="Do not keep Terraform's provider warm: slower, 500 MB less memory.")
def watch(wanted: str | None, folder: str | None, target: str | None, plain: bool, cold: bool) -> None:
    """Check at every save: the first part that has not passed, or PART. Keys: h hint, r again, o lesson, q quit."""
    workspace, name = open_workspace(folder), chosen_target(target)
    if name.split(":")[0] == "aws":
        raise UsageProblem(
            "lab watch applies every save, and on AWS that costs money and changes your account",
            next_step="lab watch on the local cloud; lab check --target aws when it is done",
        )
    part = find_part(wanted) if wanted else None
    open_target(name, workspace)
    plain = plain or not (sys.stdin.isatty() and sys.stdout.isatty()) or os.environ.get("TERM") == "dumb"
    display = PlainLines(sys.stdout) if plain else Screen(sys.stdout, style_of)
    provider = None if cold else WarmProvider(workspace.terraform)
    rounds = Rounds(workspace, name, provider or run_program)
    try:
        if provider:
            threading.Thread(target=lambda: provider.start(rounds.environment()), daemon=True).start()
        Watch(workspace, rounds, display, Keys(single=not plain), part, open_lesson).run()
    finally:
        if provider:
            provider.close()


def open_lesson(part: Part) -> str:
    """Opens a part's page in the desktop's program for it, or names it where there is no desktop."""
    page = part.folder / "README.md"
    opener = shutil.which("open" if sys.platform == "darwin" else "xdg-open")
    has_desktop = sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if opener and has_desktop:
        subprocess.Popen(
            [opener, str(page)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    return f"the lesson   {page}"
