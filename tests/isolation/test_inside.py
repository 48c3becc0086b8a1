"""The first program in a box hands its sockets out, whatever other boxes of the same user do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from checker.isolation.box import INSIDE

HOLDS_AND_STARTS = """
import resource, socket, subprocess, sys
inside = sys.stdin.read()
pair = socket.socketpair()
for _ in range(3):
    socket.send_fds(pair[0], [b"x"], [0] * 200)
ours, theirs = socket.socketpair()
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
words = [sys.executable, "-I", "-S", "-c", inside, str(theirs.fileno()), "0", "NOFILE=99", "1", "A=b=c", "sh", "-c", "ulimit -n; echo $A"]
done = subprocess.run(words, pass_fds=[theirs.fileno()], capture_output=True, text=True)
theirs.close()
said, descriptors, _, _ = socket.recv_fds(ours, 16, 1)
print(said, len(descriptors), done.stdout.strip(), done.stderr[-300:])
"""


def test_descriptors_that_another_box_holds_on_their_way_keep_nobody_from_starting():
    """The kernel counts them for each user and compares with the limit of open files of whoever sends the next."""
    command, python = [], sys.executable
    if os.geteuid() == 0:  # whom the kernel does not count
        python = shutil.which("python3", path="/usr/bin") or ""
        command = ["setpriv", "--reuid", "64998", "--regid", "64998", "--clear-groups"]
        if not python or not shutil.which("setpriv"):
            pytest.skip("the system has no Python of its own, or no setpriv")
    done = subprocess.run(
        [*command, python, "-I", "-S", "-c", HOLDS_AND_STARTS], input=INSIDE.read_text(), capture_output=True, text=True,
        cwd="/", timeout=60,
    )  # fmt: skip

    assert done.stdout == "b'ready' 1 99\nb=c \n", done.stderr
