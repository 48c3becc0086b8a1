"""The guardian: a tiny process beside the cloud that kills the workers left behind when the cloud dies.

Run as a script: it reads "watch GROUP" and "forget GROUP" lines from standard input, whose end means that the cloud
is gone, however it went. Then it kills the watched process groups and removes the folder named on the command line.
A worker whose function holds Python's lock forever cannot watch for that itself.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys


def main(folder: str) -> None:
    groups: set[int] = set()
    for line in sys.stdin:
        word, group = line.split()
        (groups.add if word == "watch" else groups.discard)(int(group))
    for group in groups:
        try:
            os.killpg(group, signal.SIGKILL)
        except OSError:
            continue
    remove(folder)


def remove(folder: str) -> None:
    """Unpacked code is read-only, also for this process, until its folders may be written again."""
    for path, _, _ in os.walk(folder):
        try:
            os.chmod(path, 0o700)
        except FileNotFoundError:  # the cloud is removing it itself
            continue
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1])
