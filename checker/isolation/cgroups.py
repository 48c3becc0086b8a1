"""A control group for each desk, where a part of the cgroup v2 tree is ours: the kernel's own limits of a whole tree.

They hold at every moment, where watch.py looks twice a second only. Only root can make groups, or who got a part of the
tree: from systemd by a scope with Delegate=yes (scope.py). https://docs.kernel.org/admin-guide/cgroup-v2.html
"""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MOUNTED_AT = Path("/sys/fs/cgroup")
LISTING = Path("/proc/self/cgroup")
NEEDED = ("memory", "pids")
FAIR = " +cpu"
"""With it a desk gets as much of the processors as another, however many programs it starts; not handed to everybody."""
SETTING = "LAB_CGROUP"
"""The group that an earlier process of this grading took over, for those that it starts."""
GRADER = "grader"
FILES_MB = 1024
"""A desk's folders in memory count as memory, too."""
MOST_PROCESSES = 2048
GONE_WITHIN_S = 5.0
JOIN = 'echo $$ > "$0/cgroup.procs" && exec "$@"'
MB = 1024 * 1024
_numbered = itertools.count(1)


@dataclass(frozen=True)
class Spent:
    """What a group has used so far; `peak_mb` 0: this kernel does not tell."""

    cpu_s: float
    peak_mb: int
    was_stopped: bool
    """The kernel ended its programs since they needed more memory than is allowed."""


@dataclass(frozen=True)
class Group:
    """The control group of one desk."""

    folder: Path

    def joining(self) -> list[str]:
        """The words before a command that is to run in the group."""
        return ["/bin/sh", "-c", JOIN, str(self.folder)]

    def spent(self) -> Spent:
        cpu = _numbers(self.folder / "cpu.stat").get("usage_usec", 0)
        kills = _numbers(self.folder / "memory.events")
        with contextlib.suppress(OSError, ValueError):
            peak = int((self.folder / "memory.peak").read_text()) // MB
            return Spent(cpu / 1e6, peak, kills.get("oom_kill", 0) > 0)
        return Spent(cpu / 1e6, 0, kills.get("oom_kill", 0) > 0)

    def end(self) -> None:
        """Ends what still runs in the group, and removes it."""
        with contextlib.suppress(OSError):
            (self.folder / "cgroup.kill").write_text("1")
        deadline = time.monotonic() + GONE_WITHIN_S
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                self.folder.rmdir()
                return
            time.sleep(0.01)


class Groups:
    """Makes groups below one that is ours."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(self, memory_mb: int) -> Group:
        """A group in which programs may use `memory_mb` beside their files in memory; one too many ends all of them."""
        folder = self.folder / f"desk-{os.getpid()}-{next(_numbered)}"
        folder.mkdir()
        (folder / "memory.max").write_text(str((memory_mb + FILES_MB) * MB))
        (folder / "memory.oom.group").write_text("1")
        (folder / "pids.max").write_text(str(MOST_PROCESSES))
        with contextlib.suppress(OSError):  # without swap the kernel has no such file
            (folder / "memory.swap.max").write_text("0")
        return Group(folder)


def own_group(listing: Path = LISTING, mounted_at: Path = MOUNTED_AT) -> Path | None:
    """The control group of this process; None without cgroup v2."""
    if not (mounted_at / "cgroup.controllers").is_file():
        return None
    lines = listing.read_text().splitlines()
    path = next((line.removeprefix("0::") for line in lines if line.startswith("0::")), None)
    return None if path is None else mounted_at / path.lstrip("/")


def why_not(folder: Path | None, pid: int) -> str:
    """Why groups cannot be made below the group of this process; empty if they can."""
    if folder is None:
        return "this system has no cgroup v2"
    try:
        offered = (folder / "cgroup.controllers").read_text().split()
        inside = [int(each) for each in (folder / "cgroup.procs").read_text().split()]
    except (OSError, ValueError) as error:
        return f"{folder} cannot be read: {error}"
    if missing := [name for name in NEEDED if name not in offered]:
        return f"the controllers {' and '.join(missing)} are not handed to {folder}"
    if not all(
        os.access(place, os.W_OK) for place in (folder, folder / "cgroup.procs", folder / "cgroup.subtree_control")
    ):
        return f"{folder} belongs to another user"
    if others := [each for each in inside if each != pid]:
        return f"{folder} holds other processes, too ({len(others)})"
    return ""


def take_over(folder: Path) -> Groups:
    """Makes room below a group of which only this process is a part: it moves into a group of its own. Raises OSError."""
    (folder / GRADER).mkdir(exist_ok=True)
    (folder / GRADER / "cgroup.procs").write_text(str(os.getpid()))
    (folder / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in NEEDED))
    with contextlib.suppress(OSError), (folder / "cgroup.subtree_control").open("a") as control:
        control.write(FAIR)
    return Groups(folder)


def ready_groups(environ: Mapping[str, str] = os.environ) -> Groups | None:
    """The groups that this grading took over, or takes over now; None: the processes are to be watched instead."""
    if taken := environ.get(SETTING):
        return Groups(Path(taken))
    folder = own_group()
    if folder is None or why_not(folder, os.getpid()):
        return None
    try:
        return take_over(folder)
    except OSError:
        return None


def _numbers(file: Path) -> dict[str, int]:
    """The file's lines of a name and a number; nothing if it cannot be read."""
    try:
        pairs = (line.split() for line in file.read_text().splitlines())
        return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}
    except OSError:
        return {}
