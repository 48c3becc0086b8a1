"""Attends a process that works on a submission: feeds it, collects what it says, ends it at the first limit."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import IO, Any

from checker.grading.station import Station
from checker.isolation.cgroups import FILES_MB, Group
from checker.isolation.watch import cpu_s, files_in_memory, memory_mb, tree_of

LOOK_EVERY_S = 0.5
MOST_FILES = 200_000
MOST_ERRORS = 1024 * 1024
TOO_LONG = "it took longer than"
WATCHED, GROUPED = "watched", "cgroup v2"
"""What limits a whole tree of processes: looks at it from outside, or the kernel."""


@dataclass(frozen=True)
class Quota:
    """What one process with all that it starts may use."""

    within_s: float = 900.0
    program_s: float = 300.0
    """The longest time of one of a submission's programs."""
    tree_mb: int = 3072
    cpu_s: float = 600.0
    """Of processors, all its programs together: a whole course takes a twentieth."""
    most_bytes: int = 16 * 1024 * 1024


@dataclass(frozen=True)
class Ending:
    """How a process ended; `stopped` says which limit it reached."""

    returncode: int
    output: bytes
    errors: str
    stopped: str
    seconds: float
    cpu_s: float
    most_mb: int
    limits: str = WATCHED
    peak_mb: int = 0
    """With files in memory and the system's caches, as a control group counts; 0: not known."""

    def used(self) -> dict[str, float]:
        """For a result file."""
        used = {"seconds": round(self.seconds, 1), "cpu_s": round(self.cpu_s, 1), "memory_mb": self.most_mb}
        return {**used, "peak_mb": self.peak_mb} if self.peak_mb else used


class Attendant:
    """Starts and watches the processes of a station; thread-safe."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._running: set[subprocess.Popen[bytes]] = set()
        self._closed = False

    def attend(
        self,
        slot: int,
        module: str,
        arguments: Sequence[str],
        opened: IO[bytes],
        sent: bytes,
        quota: Quota,
        output: IO[bytes] | None = None,
    ) -> Ending:
        """Runs a module to its end. Its standard output goes into `output` if that is given."""
        pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        group = self._station.make_group(quota.tree_mb)
        try:
            process = self._station.start(slot, module, arguments, opened, group, **pipes)
            self._running.add(process)
            if self._closed:
                _kill(process)
            try:
                ending = _Watch(process, quota, output).until_the_end(sent)
                return _as_grouped(ending, group, quota) if group else ending
            finally:
                _kill(process)
                self._running.discard(process)
        finally:
            if group:
                group.end()

    def end_all(self) -> None:
        """Ends every process: nothing of a submission outlives the grading."""
        self._closed = True
        for process in list(self._running):
            _kill(process)


def _as_grouped(ending: Ending, group: Group, quota: Quota) -> Ending:
    """With what the kernel counted: also children that came and went between two looks."""
    spent = group.spent()
    stopped = ending.stopped
    if spent.was_stopped and not stopped:
        stopped = f"its programs used more than the {quota.tree_mb} MB of memory that are allowed"
    cpu_s = max(ending.cpu_s, spent.cpu_s)
    return replace(ending, cpu_s=cpu_s, stopped=stopped, limits=GROUPED, peak_mb=spent.peak_mb)


class _Watch:
    def __init__(self, process: subprocess.Popen[bytes], quota: Quota, output: IO[bytes] | None) -> None:
        self._process, self._quota = process, quota
        self._output: list[bytes] = []
        self._errors: list[bytes] = []
        self._stopped, self._most_mb, self._cpu_s = "", 0, 0.0
        self._not_kept: OSError | None = None
        keep = output.write if output else self._output.append
        self._readers = [
            self._reader(process.stdout, keep, quota.most_bytes, "it wrote more than is allowed"),
            self._reader(process.stderr, self._errors.append, MOST_ERRORS, ""),
        ]

    def until_the_end(self, sent: bytes) -> Ending:
        """Raises OSError if this machine could not keep the output: a full disk is nobody's fault."""
        begun = time.monotonic()
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(sent)
            self._process.stdin.close()
        ended = threading.Event()
        watcher = threading.Thread(target=self._look, args=(begun, ended), daemon=True)
        watcher.start()
        _, status, usage = os.wait4(self._process.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        ended.set()
        for reader in self._readers:
            reader.join(5.0)
        if self._not_kept:
            raise self._not_kept
        errors = b"".join(self._errors).decode(errors="replace")
        used_s = max(self._cpu_s, usage.ru_utime + usage.ru_stime)
        output, seconds = b"".join(self._output), time.monotonic() - begun
        return Ending(self._process.returncode, output, errors, self._stopped, seconds, used_s, self._most_mb)

    def _look(self, begun: float, ended: threading.Event) -> None:
        while not ended.wait(LOOK_EVERY_S):
            tree = tree_of(self._process.pid)
            used, self._cpu_s = memory_mb(tree), max(self._cpu_s, cpu_s(tree))
            self._most_mb, kept = max(self._most_mb, used), files_in_memory(tree)
            if time.monotonic() - begun > self._quota.within_s:
                self._stop(f"{TOO_LONG} {self._quota.within_s:g} s")
            elif self._cpu_s > self._quota.cpu_s:
                self._stop(f"its programs used more than {self._quota.cpu_s:g} s of processor time")
            elif used > self._quota.tree_mb:
                self._stop(f"its programs used {used} MB of memory, {self._quota.tree_mb} are allowed")
            elif kept.mb > FILES_MB:
                self._stop(f"it keeps files of {kept.mb} MB in memory, {FILES_MB} are allowed")
            elif kept.files > MOST_FILES:
                self._stop(f"it keeps {kept.files} files in memory, {MOST_FILES} are allowed")

    def _reader(self, pipe: IO[bytes] | None, keep: Any, most: int, complaint: str) -> threading.Thread:
        assert pipe is not None
        thread = threading.Thread(target=self._read, args=(pipe, keep, most, complaint), daemon=True)
        thread.start()
        return thread

    def _read(self, pipe: IO[bytes], keep: Any, most: int, complaint: str) -> None:
        with pipe:
            while data := os.read(pipe.fileno(), 65536):
                if most <= 0:
                    continue
                try:
                    keep(data[:most])
                except OSError as error:
                    self._not_kept = error
                    return self._stop("its output could not be kept")
                most -= len(data)
                if most <= 0 and complaint:
                    self._stop(complaint)

    def _stop(self, why: str) -> None:
        self._stopped = self._stopped or why
        _kill(self._process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Ends a process group; a desk's processes end with it, whatever they have done to survive."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
