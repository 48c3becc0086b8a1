"""Starts a command again in a scope of systemd, which hands it a part of the cgroup tree."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from checker.isolation.cgroups import own_group, why_not

IN_SCOPE = "LAB_IN_SCOPE"
ASK_WITHIN_S = 20.0


def scope_words(user: int) -> list[str]:
    """systemd's command line before the command; an ordinary user asks the user's own manager."""
    manager = [] if user == 0 else ["--user"]
    return ["systemd-run", *manager, "--scope", "--quiet", "--collect", "--property", "Delegate=yes", "--"]


def scope_works(user: int) -> bool:
    """Whether systemd makes such scopes here: asked by doing it."""
    if not shutil.which("systemd-run") or not Path("/run/systemd/system").is_dir():
        return False
    try:
        done = subprocess.run(
            [*scope_words(user), "true"], stdin=subprocess.DEVNULL, capture_output=True, timeout=ASK_WITHIN_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def enter_scope(environ: Mapping[str, str] = os.environ) -> None:
    """Becomes the same command in a scope, if that gives it a cgroup; else returns. Only for the `lab` command itself."""
    if IN_SCOPE in environ or not _is_the_command() or not why_not(own := own_group(), os.getpid()) or own is None:
        return
    if scope_works(os.geteuid()):
        words = [*scope_words(os.geteuid()), sys.executable, "-m", "checker", *sys.argv[1:]]
        os.execvpe(words[0], words, {**environ, IN_SCOPE: "1"})


def _is_the_command() -> bool:
    """Not a test that calls it: that process would be replaced."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return spec is not None and spec.name == "checker.__main__"
