"""How much a box may use. Pure data; inside.py sets the limits, watch.py looks after what limits cannot say."""

from __future__ import annotations

from dataclasses import dataclass

MB = 1024 * 1024
STOPPED = "stopped: "
"""Begins the last line of what a program said that reached a limit."""


@dataclass(frozen=True)
class Limits:
    """`process_mb` and `processes` are set by the system; `tree_mb` and `output_mb` are watched from outside."""

    process_mb: int = 1024
    """Private memory of one process (RLIMIT_DATA): 400 are enough for Terraform, RLIMIT_AS would break Go."""
    tree_mb: int = 1536
    processes: int = 512
    file_mb: int = 256
    open_files: int = 1024
    output_mb: int = 8
    cpu_s: int = 600
    """CPU time of one process; the time of the clock is the caller's `within_s`."""

    def resources(self) -> dict[str, int]:
        """The names of `resource.RLIMIT_…` with their values."""
        return {
            "CORE": 0,
            "DATA": self.process_mb * MB,
            "NPROC": self.processes,
            "FSIZE": self.file_mb * MB,
            "NOFILE": self.open_files,
            "CPU": self.cpu_s,
        }
