"""The keyboard while we watch: single keys on a terminal, lines elsewhere. Waits for them, or for a sign of the round."""

from __future__ import annotations

import contextlib
import os
import select
import sys
from collections.abc import Iterator


class Keys:
    """Keys of standard input. `single`: each key counts at once; else the first letter of each line."""

    def __init__(self, single: bool) -> None:
        self._single, self._open = single, True
        self._signs, self._wake = os.pipe()
        os.set_blocking(self._wake, False)
        self._fd = sys.stdin.fileno() if sys.stdin is not None and not sys.stdin.closed else -1

    def wake(self) -> None:
        """Ends a wait from another thread."""
        with contextlib.suppress(BlockingIOError, OSError):
            os.write(self._wake, b".")

    def wait(self, within_s: float) -> str:
        """The keys that were pressed, once there are any, `wake` was called or the time is over."""
        watched = [self._signs, *([self._fd] if self._open and self._fd >= 0 else [])]
        ready, _, _ = select.select(watched, [], [], within_s)
        if self._signs in ready:
            os.read(self._signs, 4096)
        return self._read() if self._fd in ready else ""

    def _read(self) -> str:
        try:
            text = os.read(self._fd, 1024).decode(errors="replace")
        except OSError:
            text = ""
        if not text:
            self._open = False
        return text if self._single else "".join(line.strip()[:1] for line in text.splitlines())

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Keys come one by one and are not shown; afterwards the terminal is as it was."""
        if not self._single:
            yield
            return
        import termios
        import tty

        before = termios.tcgetattr(self._fd)
        try:
            tty.setcbreak(self._fd)
            yield
        finally:
            termios.tcsetattr(self._fd, termios.TCSADRAIN, before)
