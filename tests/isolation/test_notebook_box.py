"""The box of a learner's notebook has the walls of any other box; needs no Jupyter."""

from __future__ import annotations

import subprocess
import sys

import pytest

from checker.errors import LabError
from checker.isolation.probe import require_isolation
from checker.isolation.program import readable_once
from checker.isolation.seccomp import box_filter
from checker.nbgrader.box import boxed_command


@pytest.fixture(scope="module", autouse=True)
def isolation() -> None:
    try:
        require_isolation()
    except LabError as missing:
        pytest.skip(str(missing))


def said(code: str) -> str:
    with readable_once(box_filter()) as seccomp:
        command = boxed_command([sys.executable, "-I", "-c", code], seccomp)
        passed = [] if seccomp is None else [seccomp]
        done = subprocess.run(
            command, capture_output=True, text=True, env={"HOME": "/tmp"}, pass_fds=passed, timeout=60
        )
    return done.stdout + done.stderr


def test_it_writes_in_its_scratch_folder_only():
    """The root of a box is memory, too, half of the machine's, and no process owns it: nobody would see it grow."""
    code = """
import os
for place in ("/", "/etc", "/var", "/run", "/dev", "/usr", "/tmp"):
    try:
        open(os.path.join(place, "x"), "w").write("x")
        print("wrote", place)
    except OSError:
        pass
"""
    assert said(code) == "wrote /tmp\n"


@pytest.mark.skipif(not box_filter(), reason="the numbers of system calls are not known on this machine")
def test_it_has_no_memory_that_belongs_to_nobody_and_no_way_to_the_machines_host():
    code = """
import os, socket
for what in (lambda: os.memfd_create("x"), lambda: socket.socket(40)):
    try:
        what()
        print("OPENED")
    except PermissionError:
        print("refused")
"""
    assert said(code) == "refused\nrefused\n"
