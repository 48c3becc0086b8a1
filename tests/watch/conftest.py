"""What the tests of `lab watch` share: a workspace, and a terminal that a program runs in."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from checker.cloud_process import stop_cloud
from checker.curriculum.parts import ROOT
from checker.curriculum.workspace import Workspace, new_workspace

FRAME = "\033[H\033[2J\033[3J"


class Terminal:
    """A program in a terminal of its own: what it shows, and keys for it."""

    def __init__(self, arguments: list[str], folder: Path, **environment: str) -> None:
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.environ.update({"PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "100", **environment})
            os.execv(sys.executable, [sys.executable, "-m", "checker", *arguments])
        self.text = ""

    def press(self, keys: str) -> None:
        self.text = ""
        os.write(self._fd, keys.encode())

    def wait_for(self, pattern: str, within_s: float = 90.0) -> str:
        """The last picture, once the pattern is found in it."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            if select.select([self._fd], [], [], 0.2)[0]:
                try:
                    self.text += os.read(self._fd, 65536).decode(errors="replace")
                except OSError:
                    break
            picture = self.text.split(FRAME)[-1]
            if re.search(pattern, picture, re.DOTALL):
                return picture
        raise AssertionError(f"waited {within_s} s in vain for {pattern!r} in:\n{self.text[-3000:]}")

    def forget(self) -> None:
        """What was shown so far does not count for the next wait."""
        self.text = ""

    def end(self) -> int:
        """Waits for the program's end; its exit code."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                if select.select([self._fd], [], [], 0.1)[0]:
                    self.text += os.read(self._fd, 65536).decode(errors="replace")
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                os.close(self._fd)
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
        raise AssertionError("the program did not end within 20 s")

    def kill(self) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            os.close(self._fd)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A new workspace; a cloud that was started for it is stopped."""
    made = new_workspace(tmp_path / "workspace", with_git=False)
    yield made
    stop_cloud(made)


@pytest.fixture
def terminal(workspace: Workspace) -> Iterator[Callable[..., Terminal]]:
    """Runs `lab` with arguments in a terminal."""
    opened: list[Terminal] = []

    def run(*arguments: str, **environment: str) -> Terminal:
        opened.append(Terminal(list(arguments), workspace.folder, **environment))
        return opened[-1]

    yield run
    for each in opened:
        each.kill()
