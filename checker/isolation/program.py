"""Runs one program in a box: the `Runner` that a deployment is given when the submission is a stranger's."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from checker.errors import LabError
from checker.isolation.box import INSIDE, Box, box_arguments
from checker.isolation.limits import MB, STOPPED, Limits
from checker.isolation.relay import Address, Relay
from checker.isolation.seccomp import box_filter
from checker.isolation.watch import memory_mb, tree_of
from checker.process import Finished

START_WITHIN_S = 20.0
LOOK_EVERY_S = 0.25
CLEAN = {"PATH": os.defpath, "LANG": "C.UTF-8"}
CANNOT_BE_STARTED = 126


class BoxedRunner:
    """Each call is a box of its own; `offers` are the ports of the box with the addresses outside that serve them."""

    def __init__(self, box: Box, bwrap: str, offers: Mapping[int, Address], relay: Relay) -> None:
        self._box, self._bwrap, self._offers, self._relay = box, bwrap, dict(offers), relay
        self._running: set[Started] = set()
        self._ends = 0

    def __call__(
        self,
        command: Sequence[str | Path],
        *,
        cwd: Path,
        env: Mapping[str, str],
        within_s: float,
        on_line: Callable[[str], None] | None = None,
        grace_s: float = 10.0,
    ) -> Finished:
        """Runs the command to its end or to the first limit; nothing of the box is left then."""
        ends_before = self._ends
        try:
            started = self.start(command, cwd=cwd, env=env, on_line=on_line)
        except (OSError, ValueError) as error:  # too long, or with a NUL: words that no program can be given
            return Finished(CANNOT_BE_STARTED, "", f"{Path(command[0]).name} cannot be started: {error}\n")
        self._running.add(started)
        if self._ends != ends_before:  # it was starting when all were ended
            started.end()
        try:
            return started.wait(within_s)
        finally:
            self._running.discard(started)

    def end_all(self) -> None:
        """Ends the programs of calls that somebody still waits for."""
        self._ends += 1
        for started in list(self._running):
            started.end()

    def start(
        self,
        command: Sequence[str | Path],
        *,
        cwd: Path,
        env: Mapping[str, str],
        on_line: Callable[[str], None] | None = None,
    ) -> Started:
        """Starts the command; somebody must wait for it."""
        process, listeners = start_in_box(self._box, self._bwrap, [*map(str, command)], cwd, env, tuple(self._offers))
        for listener, address in zip(listeners, self._offers.values(), strict=True):
            self._relay.offer(listener, address)

        def withdraw() -> None:
            for each in listeners:
                self._relay.withdraw(each)

        return Started(process, self._box.limits, on_line, withdraw)


def start_in_box(
    box: Box,
    bwrap: str,
    command: Sequence[str],
    cwd: Path,
    env: Mapping[str, str],
    ports: tuple[int, ...],
    **pipes: int,
) -> tuple[subprocess.Popen[bytes], list[socket.socket]]:
    """A started program and the sockets that listen on `ports` in its box.

    `env` may be a stranger's choice: bubblewrap, which begins outside of the box, and the first program in it see none of it
    (the dynamic loader would load what LD_PRELOAD names into them).
    """
    ours, theirs = socket.socketpair()
    limits = ",".join(f"{name}={value}" for name, value in box.limits.resources().items())
    inside = [os.path.realpath(sys.executable), "-I", "-S", str(INSIDE), str(theirs.fileno())]
    inside += [",".join(map(str, ports)), limits, str(len(env)), *(f"{name}={value}" for name, value in env.items())]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | pipes
    with ours, theirs, readable_once(box_filter()) as seccomp:
        process = subprocess.Popen(
            [*box_arguments(box, bwrap, cwd, seccomp), *inside, *command],
            cwd="/", env=dict(CLEAN), pass_fds=[fd for fd in (theirs.fileno(), seccomp) if fd is not None], bufsize=0,
            start_new_session=True, **pipes,
        )  # fmt: skip
        theirs.close()
        ours.settimeout(START_WITHIN_S)
        try:
            said, descriptors, _, _ = socket.recv_fds(ours, 16, len(ports))
        except TimeoutError:
            said, descriptors = b"", []
    if said != b"ready":
        process.kill()
        why = process.communicate()[1] or b""
        raise LabError(f"A box could not be made: {why.decode(errors='replace').strip()}", next_step="lab doctor")
    return process, [socket.socket(fileno=descriptor) for descriptor in descriptors]


@contextlib.contextmanager
def readable_once(content: bytes) -> Iterator[int | None]:
    """A descriptor from which the content can be read once; None if there is none. A pipe holds at least 4 kB."""
    if not content:
        yield None
        return
    read, write = os.pipe()
    try:
        with open(write, "wb") as stream:
            stream.write(content)
        yield read
    finally:
        os.close(read)


class Started:
    """A program that runs in a box: what it says is collected, and the first limit that it reaches ends it."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        limits: Limits,
        on_line: Callable[[str], None] | None,
        at_the_end: Callable[[], object],
    ) -> None:
        self._process, self._most_mb, self._left = process, limits.tree_mb, limits.output_mb * MB
        self._at_the_end = at_the_end
        self._stopped = ""
        self._output: list[bytes] = []
        self._errors: list[bytes] = []
        self._readers = [
            self._read(process.stdout, self._output, on_line),
            self._read(process.stderr, self._errors, None),
        ]

    @property
    def is_alive(self) -> bool:
        return self._process.returncode is None

    def end(self) -> None:
        """Ends the box and all that runs in it."""
        self._kill()

    def wait(self, within_s: float) -> Finished:
        """How the program ended, by itself or at a limit; nothing of the box is left then."""
        deadline, timed_out = time.monotonic() + within_s, False
        while self._process.returncode is None and not timed_out:
            try:
                self._process.wait(max(0.0, min(LOOK_EVERY_S, deadline - time.monotonic())))
            except subprocess.TimeoutExpired:
                timed_out = time.monotonic() >= deadline
                self._look_at_memory()
        self._kill()
        self._process.wait()
        self._at_the_end()
        for reader in self._readers:
            reader.join(2.0)
        errors = b"".join(self._errors).decode(errors="replace")
        if self._stopped:
            errors += f"\n{self._stopped}\n"
        code = self._process.returncode
        return Finished(
            code if code >= 0 else 128 - code, b"".join(self._output).decode(errors="replace"), errors, timed_out
        )

    def _look_at_memory(self) -> None:
        used = memory_mb(tree_of(self._process.pid))
        if used > self._most_mb:
            self._stop(f"{STOPPED}its processes used {used} MB of memory, {self._most_mb} are allowed")

    def _stop(self, why: str) -> None:
        self._stopped = self._stopped or why
        self._kill()

    def _kill(self) -> None:
        """bubblewrap's end is the end of the process namespace and of all that runs in it."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _read(
        self, pipe: IO[bytes] | None, into: list[bytes], on_line: Callable[[str], None] | None
    ) -> threading.Thread:
        assert pipe is not None
        thread = threading.Thread(target=self._collect, args=(pipe, into, on_line), daemon=True)
        thread.start()
        return thread

    def _collect(self, pipe: IO[bytes], into: list[bytes], on_line: Callable[[str], None] | None) -> None:
        line = b""
        with pipe:
            while data := os.read(pipe.fileno(), 65536):
                into.append(data[: max(self._left, 0)])
                self._left -= len(data)
                if self._left < 0:
                    self._stop(f"{STOPPED}it wrote more output than is allowed")
                if on_line:
                    *lines, line = (line + data).split(b"\n")
                    for each in lines:
                        on_line(each.decode(errors="replace"))
