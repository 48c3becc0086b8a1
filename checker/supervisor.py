"""Runs one command in a process group of its own and ends the whole group when its own standard input closes.

Started as `python -I -S supervisor.py GRACE_S COMMAND…` by checker/process.py, which holds the other end of that input:
when the kit stops, crashes or is killed, the end closes and nothing of the command is left. Standard library only.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys


def supervise(command: list[str], grace_s: float) -> int:
    """Runs `command` until it ends or standard input closes; returns its exit code (128 + signal if it was killed)."""
    child_ended, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    for ignored in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(ignored, signal.SIG_IGN)
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=_prepare_child)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        return 127
    while child.poll() is None:
        readable, _, _ = select.select([sys.stdin.fileno(), child_ended], [], [])
        if child_ended in readable:
            os.read(child_ended, 64)
        if sys.stdin.fileno() in readable and not os.read(sys.stdin.fileno(), 64):
            _stop(child, grace_s)
    _signal_group(child.pid, signal.SIGKILL)
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def _prepare_child() -> None:
    """Undoes the ignored signals, which a program inherits, and asks Linux to interrupt it when the supervisor dies."""
    for restored in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(restored, signal.SIG_DFL)
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def _stop(child: subprocess.Popen[bytes], grace_s: float) -> None:
    """Interrupts first, so that Terraform writes its state, and kills after the grace."""
    _signal_group(child.pid, signal.SIGINT)
    try:
        child.wait(grace_s)
    except subprocess.TimeoutExpired:
        _signal_group(child.pid, signal.SIGKILL)
        child.wait()


def _signal_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


if __name__ == "__main__":
    sys.exit(supervise(sys.argv[2:], float(sys.argv[1])))
