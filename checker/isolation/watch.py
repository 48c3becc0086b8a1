"""What a process and all its descendants use, read from /proc: limits of a whole tree, where no cgroup can be had."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
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
    """Resident private memory of the processes, and shared files in memory, in MB; program files count for nobody."""
    pages = 0
    for process in processes:
        try:
            _, resident, shared, *_ = (proc / str(process) / "statm").read_text().split()
        except (OSError, ValueError):
            continue
        pages += int(resident) - int(shared)
    return pages * PAGE // (1024 * 1024)


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
