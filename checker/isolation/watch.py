"""What a process and all its descendants use, read from /proc: limits of a whole tree, where no cgroup can be had."""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

SHARED_WORTH_A_LOOK_KB = 64 * 1024
MEMORY_FOLDERS = (Path("/lab"), Path("/tmp"), Path("/dev/shm"))
"""Of desks and boxes (desk.py, box.py)."""
TICKS = os.sysconf("SC_CLK_TCK")


def tree_of(root: int, proc: Path = Path("/proc")) -> list[int]:
    """`root` and its descendants, also those in process namespaces below this one."""
    children: dict[int, list[int]] = defaultdict(list)
    for name in os.listdir(proc):
        if name.isdigit() and (fields := _stat(proc / name)):
            children[int(fields[1])].append(int(name))
    found = [root]
    for process in found:
        found += children[process]
    return found


def memory_mb(processes: list[int], proc: Path = Path("/proc")) -> int:
    """Private memory of the processes and memory that they share among themselves, in MB; program files count for nobody."""
    private = shared = 0
    for process in processes:
        sizes = _sizes_kb(proc / str(process) / "status", ("RssAnon", "RssShmem"))
        private, shared = private + sizes.get("RssAnon", 0), shared + sizes.get("RssShmem", 0)
    if shared > SHARED_WORTH_A_LOOK_KB:
        shared = sum(_share_kb(proc / str(process)) for process in processes)
    return (private + shared) // 1024


def _share_kb(folder: Path) -> int:
    """A process's part of what it shares: what ten processes map counts once. Costs the kernel a walk through its pages."""
    exact = _sizes_kb(folder / "smaps_rollup", ("Pss_Shmem",))
    return exact["Pss_Shmem"] if exact else _sizes_kb(folder / "status", ("RssShmem",)).get("RssShmem", 0)


def _sizes_kb(file: Path, names: tuple[str, ...]) -> dict[str, int]:
    """The named lines of `Name:   123 kB`; nothing if the process is gone."""
    try:
        lines = file.read_text(errors="replace").splitlines()
        return {line.partition(":")[0]: int(line.split()[1]) for line in lines if line.partition(":")[0] in names}
    except (OSError, ValueError, IndexError):
        return {}


@dataclass(frozen=True)
class InMemory:
    """What lies in folders in memory. The kernel needs about a kilobyte for a file, whatever its size."""

    mb: int = 0
    files: int = 0


def files_in_memory(processes: list[int], proc: Path = Path("/proc")) -> InMemory:
    """The files of a desk and its boxes: in the folders that only they see, each counted once."""
    seen = {_device(place) for place in MEMORY_FOLDERS}
    roots = {_link(proc / str(process) / "ns" / "mnt"): proc / str(process) / "root" for process in processes}
    mb = files = 0
    for place in (root / folder.relative_to("/") for root in roots.values() for folder in MEMORY_FOLDERS):
        device = _device(place)
        if device is None or device in seen:
            continue
        seen.add(device)
        with contextlib.suppress(OSError):
            state = os.statvfs(place)
            mb += (state.f_blocks - state.f_bfree) * state.f_frsize // (1024 * 1024)
            files += state.f_files - state.f_ffree
    return InMemory(mb, files)


def _device(place: Path) -> int | None:
    try:
        return os.stat(place).st_dev
    except OSError:
        return None


def _link(place: Path) -> str:
    try:
        return os.readlink(place)
    except OSError:
        return ""


def cpu_s(processes: list[int], proc: Path = Path("/proc")) -> float:
    """CPU seconds of the processes and of their children that have ended."""
    found = (_stat(proc / str(process)) for process in processes)
    return sum(sum(int(ticks) for ticks in fields[11:15]) for fields in found if fields) / TICKS


def _stat(folder: Path) -> list[str]:
    """The fields of /proc/PID/stat behind the name: state, parent, …; empty if the process is gone."""
    try:
        return (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []
