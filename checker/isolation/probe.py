"""Does isolation work on this machine? Asked by doing it, since version numbers and settings do not tell."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from checker.errors import ToolMissing
from checker.isolation.box import Box, box_arguments, python_folders
from checker.isolation.desk import PLACE, Desk, as_nobody, desk_command

PROBE_SLOT = 999
RISK = (
    "Without isolation a submission's programs run as you: they can read and change your files, the other submissions and "
    "the grades, use the network, and stay alive."
)
APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")


def require_isolation() -> str:
    """The path of a bubblewrap that isolates here; raises ToolMissing with what the system said, and what that means."""
    try:
        return working_bwrap()
    except ToolMissing as missing:
        raise ToolMissing(
            f"Isolation does not work on this machine: {missing.message}. {RISK}",
            next_step=f"{missing.next_step}, or accept the risk: --isolation none",
        ) from missing


def working_bwrap() -> str:
    """The path of a bubblewrap that isolates here; raises ToolMissing."""
    if sys.platform != "linux":
        raise ToolMissing(
            f"bubblewrap needs Linux, this is {sys.platform}",
            next_step="use Podman or Docker, a Linux virtual machine or WSL 2",
        )
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise ToolMissing(
            "bubblewrap is not installed", next_step="sudo apt install bubblewrap (dnf, pacman: the same name)"
        )
    done = subprocess.run(
        _probe(bwrap), capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, env={"PATH": os.defpath}
    )
    if done.returncode == 0 and done.stdout.strip() == "1000":
        return bwrap
    raise ToolMissing(f"bubblewrap does not work: {done.stderr.strip() or done.stdout.strip()}", next_step=_remedy())


def _probe(bwrap: str) -> list[str]:
    """A box at a desk, as grading makes them."""
    desk = Desk()
    box = box_arguments(Box(readable=python_folders(), writable=(PLACE,)), bwrap, PLACE)
    command = desk_command(desk, bwrap, [*box, "id", "-u"])
    return as_nobody(command, bwrap, PROBE_SLOT, desk.sources()) if os.geteuid() == 0 else command


def _remedy() -> str:
    if APPARMOR.is_file() and APPARMOR.read_text().strip() == "1":
        return (
            "let AppArmor allow bubblewrap its namespaces (a profile /etc/apparmor.d/bwrap with "
            "`profile bwrap /usr/bin/bwrap flags=(unconfined) { userns, }`, then sudo systemctl reload apparmor)"
        )
    return "allow user namespaces (sysctl user.max_user_namespaces; in a container: run it privileged, or as doc/grading.md says)"


if __name__ == "__main__":
    try:
        print(working_bwrap())
    except ToolMissing as missing:
        sys.exit(str(missing))
