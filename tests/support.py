"""What tests of every area share."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


def wait_until(condition: Callable[[], T], *, within_s: float = 5.0, because: str = "") -> T:
    """Returns the first true value of `condition`; fails naming what it waited for after `within_s` seconds."""
    deadline = time.monotonic() + within_s
    pause = threading.Event()
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {within_s} s in vain: {because or condition}")
        pause.wait(0.01)
    return value


@contextmanager
def ends_within(seconds: float) -> Iterator[None]:
    """Fails where a block would take for ever, such as a regular expression that tries a text in 2^n ways."""

    def give_up(*_: object) -> None:
        raise AssertionError(f"it did not end within {seconds} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
