"""The kernel's keyrings: who starts strangers' programs leaves the session's, which they would inherit with its keys."""

from __future__ import annotations

import contextlib
import ctypes
import platform
import sys

from checker.isolation.seccomp import MACHINES, NEVER

JOIN_SESSION_KEYRING = 1


def leave_keyring() -> None:
    """Gives this process, and all that it starts from now on, an empty session keyring of its own. Call it from the main thread.

    Namespaces do not hold keyrings: a box could list and, without its filter of system calls, read them
    (https://man7.org/linux/man-pages/man7/session-keyring.7.html). Where there are none, nothing is left.
    """
    if sys.platform != "linux" or (machine := platform.machine()) not in MACHINES:
        return
    number = NEVER["keyctl"][MACHINES[machine][0]]
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).syscall(number, JOIN_SESSION_KEYRING, None)
