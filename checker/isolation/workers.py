"""Boxes for a local cloud's functions: `python -m labcloud --launcher checker.isolation.workers:BoxLauncher`.

The cloud hands over what a worker reads and writes and gets the worker's pipes and its Runtime API's socket back, which
listens in the box. LAB_WORKER_BOX says in JSON where bubblewrap is and which ports of the cloud a box offers.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from checker.isolation.box import Box, python_folders
from checker.isolation.limits import Limits
from checker.isolation.program import start_in_box
from checker.isolation.relay import Relay
from checker.isolation.watch import memory_mb, tree_of

SETTINGS = "LAB_WORKER_BOX"
RUNTIME_PORT = 9001
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "en_US.UTF-8", "TZ": ":UTC"}
LIMITS = Limits(process_mb=3_072, processes=256, file_mb=512)
"""The function's own memory limit is the cloud's to watch."""


class BoxWorker:
    """A worker in a box, as the cloud sees it."""

    def __init__(
        self, process: subprocess.Popen[bytes], listener: socket.socket, offered: list[socket.socket], relay: Relay
    ):
        self._process, self._offered, self._relay = process, offered, relay
        self.listener, self.runtime_api, self.pid = listener, f"127.0.0.1:{RUNTIME_PORT}", process.pid

    def send(self, data: bytes) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(data)

    def read(self) -> bytes:
        assert self._process.stdout is not None
        return os.read(self._process.stdout.fileno(), 65536)

    def wait(self) -> int:
        """The worker's return code; bubblewrap says 128 + N for a worker that signal N ended."""
        code = self._process.wait()
        return 128 - code if code > 128 else code

    def kill(self) -> None:
        """The end of the box: of the worker and of all that it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        while self._offered:
            self._relay.withdraw(self._offered.pop())
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()

    def resident_mb(self) -> int:
        return memory_mb(tree_of(self.pid))


class BoxLauncher:
    """Starts every worker in a box of its own, which reads `directory` (unpacked code) and writes its scratch folder."""

    starts_ahead = True

    def __init__(self, directory: Path) -> None:
        settings: dict[str, Any] = json.loads(os.environ[SETTINGS])
        self._directory, self._bwrap = directory, str(settings["bwrap"])
        self._offers = {int(port): (str(host), int(to)) for port, (host, to) in settings["offers"].items()}
        self._relay = Relay()
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="box-starter")
        """Linux ends a box when the thread that started it ends: this one stays."""

    def launch(self, request: Any) -> BoxWorker:
        """`request` is the cloud's LaunchRequest: a command, and folders that the worker reads and writes."""
        readable = (
            *python_folders(),
            self._directory,
            *(p for p in request.readable if self._directory not in p.parents),
        )
        box = Box(readable=readable, writable=request.writable, limits=LIMITS)
        ports, pipes = (RUNTIME_PORT, *self._offers), {"stdin": subprocess.PIPE, "stderr": subprocess.STDOUT}
        work = self._starter.submit(
            start_in_box, box, self._bwrap, request.command, Path("/"), ENVIRONMENT, ports, **pipes
        )
        process, (listener, *offered) = work.result()
        for each, address in zip(offered, self._offers.values(), strict=True):
            self._relay.offer(each, address)
        return BoxWorker(process, listener, offered, self._relay)

    def close(self) -> None:
        self._relay.close()
        self._starter.shutdown(wait=False)


def worker_settings(bwrap: str, offers: dict[int, tuple[str, int]]) -> dict[str, str]:
    """The environment variable that BoxLauncher reads."""
    return {SETTINGS: json.dumps({"bwrap": bwrap, "offers": offers})}
