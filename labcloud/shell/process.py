"""Starts the processes in which functions run, and makes sure that none outlives the cloud.

`Launcher` is the one place where a worker's process comes from: a class grader puts one in its place that isolates.
Three things end a worker: `kill`, the end of its standard input (it watches that itself), and the guardian, a process
of its own that kills what is left when the cloud dies in whatever way.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psutil

CLEAN_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "en_US.UTF-8", "TZ": ":UTC"}
GUARDIAN = Path(__file__).with_name("guardian.py")


@dataclass(frozen=True)
class LaunchRequest:
    """What a worker needs to see: the command, folders that it reads and folders that it writes."""

    command: tuple[str, ...]
    readable: tuple[Path, ...]
    writable: tuple[Path, ...]


class WorkerProcess(Protocol):
    """A running worker: its pipes, its end, and the listening socket of its Runtime API (closed by who serves it)."""

    pid: int
    listener: socket.socket
    runtime_api: str

    def send(self, data: bytes) -> None: ...
    def read(self) -> bytes: ...
    def wait(self) -> int: ...
    def kill(self) -> None: ...
    def resident_mb(self) -> int: ...


class Launcher(Protocol):
    """How worker processes start. `starts_ahead`: it can start one before the function is known."""

    starts_ahead: bool

    def launch(self, request: LaunchRequest) -> WorkerProcess: ...
    def close(self) -> None: ...


class LocalProcess:
    """A worker that is an ordinary process of this machine, leader of its own process group."""

    def __init__(self, command: tuple[str, ...], guardian: Guardian) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=8)
        self.runtime_api = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self._guardian = guardian
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=CLEAN_ENVIRONMENT,
            cwd="/",
            bufsize=0,
            start_new_session=True,
        )
        self.pid = self._process.pid
        self._statistics = psutil.Process(self.pid)
        guardian.watch(self.pid)

    def send(self, data: bytes) -> None:
        """Writes to the worker's standard input; a worker that is already dead is noticed by `wait`."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(data)

    def read(self) -> bytes:
        """The next bytes of output; empty when the process and all that share its pipe have ended."""
        assert self._process.stdout is not None
        return os.read(self._process.stdout.fileno(), 65536)

    def wait(self) -> int:
        return self._process.wait()

    def kill(self) -> None:
        """Ends the process with every child that it started, also those that left its group but not its tree."""
        if self._process.returncode is None:
            for child in _descendants(self.pid):
                with contextlib.suppress(psutil.Error):
                    child.kill()
        kill_group(self.pid)
        self._process.wait()
        self._guardian.forget(self.pid)
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()

    def resident_mb(self) -> int:
        """The memory that the process has in use, in MB, 0 when it is gone."""
        try:
            return int(self._statistics.memory_info().rss) // (1024 * 1024)
        except psutil.Error:
            return 0


class Guardian:
    """The cloud's end of the guardian's pipe. The guardian starts with the first worker."""

    def __init__(self, remove: Path) -> None:
        self._remove = remove
        self._lock = threading.Lock()
        self._groups: set[int] = set()
        self._process: subprocess.Popen[bytes] | None = None

    def watch(self, group: int) -> None:
        with self._lock:
            self._groups.add(group)
            self._tell(f"watch {group}\n")

    def forget(self, group: int) -> None:
        with self._lock:
            self._groups.discard(group)
            self._tell(f"forget {group}\n")

    def close(self) -> None:
        with self._lock:
            if self._process is not None and self._process.stdin is not None:
                self._process.stdin.close()
                self._process.wait()
                self._process = None

    def _tell(self, line: str) -> None:
        """A guardian that somebody killed is replaced and told everything again."""
        if self._process is None or self._process.poll() is not None:
            command = [sys.executable, "-I", "-S", str(GUARDIAN), str(self._remove)]
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, env=CLEAN_ENVIRONMENT, cwd="/", bufsize=0, start_new_session=True
            )
            line = "".join(f"watch {group}\n" for group in self._groups)
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(line.encode())


class LocalLauncher:
    """Starts workers as ordinary processes. `directory` is removed when the cloud dies."""

    starts_ahead = True

    def __init__(self, directory: Path) -> None:
        self._guardian = Guardian(directory)

    def launch(self, request: LaunchRequest) -> LocalProcess:
        return LocalProcess(request.command, self._guardian)

    def close(self) -> None:
        self._guardian.close()


def kill_group(group: int) -> None:
    """Kills a process group; one that has already ended is no error."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _descendants(pid: int) -> list[psutil.Process]:
    try:
        return list(psutil.Process(pid).children(recursive=True))
    except psutil.Error:
        return []
