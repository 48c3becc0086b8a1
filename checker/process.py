"""Runs a program with closed input, a deadline, and no survivors: see supervisor.py for how its process group ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

SUPERVISOR = Path(__file__).with_name("supervisor.py")


@dataclass(frozen=True)
class Finished:
    """How a program ended and what it said."""

    returncode: int
    stdout: str
    stderr: str
    timed_out: bool = False

    @property
    def succeeded(self) -> bool:
        return self.returncode == 0 and not self.timed_out


class Runner(Protocol):
    """How a program that a learner wrote, or that reads what a learner wrote, is run: `run_program`, or in a box."""

    def __call__(
        self,
        command: Sequence[str | Path],
        *,
        cwd: Path,
        env: Mapping[str, str],
        within_s: float,
        on_line: Callable[[str], None] | None = None,
        grace_s: float = 10.0,
    ) -> Finished: ...


def run_program(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str],
    within_s: float,
    on_line: Callable[[str], None] | None = None,
    grace_s: float = 10.0,
) -> Finished:
    """Runs `command` to its end; interrupts, then kills, its whole process group after `within_s` seconds or on Ctrl-C.

    `on_line` sees every line of standard output while the program runs.
    """
    supervisor = [sys.executable, "-I", "-S", str(SUPERVISOR), str(grace_s), *map(str, command)]
    process = subprocess.Popen(
        supervisor,
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    output, errors = _Collector(process.stdout, on_line), _Collector(process.stderr, None)
    timed_out = False
    try:
        process.wait(within_s)
    except subprocess.TimeoutExpired:
        timed_out = True
    finally:
        _end(process, grace_s)
    return Finished(process.returncode, output.text(), errors.text(), timed_out)


def is_plain(run: Runner) -> bool:
    """Does `run` run programs as `run_program` does, with the caller's own rights, and not in a box for a stranger's?"""
    return getattr(run, "plain", run) is run_program


def scratch_of(run: Runner) -> str | None:
    """The folder in which must lie what a program of `run` is to reach; None: it reaches whatever its caller reaches.

    What it must not reach lies elsewhere: the other temporary folders are out of a box's sight.
    """
    return getattr(run, "scratch", None)


@contextlib.contextmanager
def scratch_folder(prefix: str, run: Runner) -> Iterator[str]:
    """An empty folder that a program of `run` reaches; whatever it left there is gone afterwards."""
    folder = tempfile.mkdtemp(prefix=prefix, dir=scratch_of(run))
    try:
        yield folder
    finally:
        # not shutil: folders may lie deeper than Python's stack
        subprocess.run(["rm", "-rf", folder], stderr=subprocess.DEVNULL)


def _end(process: subprocess.Popen[str], grace_s: float) -> None:
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    try:
        process.wait(grace_s + 5)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class _Collector:
    """Reads a pipe in a thread, so that neither side ever waits for the other."""

    def __init__(self, pipe: IO[str] | None, on_line: Callable[[str], None] | None) -> None:
        assert pipe is not None
        self._pipe, self._on_line, self._lines = pipe, on_line, list[str]()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        for line in self._pipe:
            self._lines.append(line)
            if self._on_line:
                self._on_line(line.rstrip("\n"))
        self._pipe.close()

    def text(self) -> str:
        """All that was read; a survivor that still holds the pipe is not waited for longer than a second."""
        self._thread.join(1.0)
        return "".join(list(self._lines))
