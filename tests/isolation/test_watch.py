"""What a tree of processes uses, where no control group counts it: also what belongs to no single process."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from checker.grading import attendant
from checker.isolation.box import memory_folder, namespaces, system_mounts
from checker.isolation.probe import working_bwrap
from checker.isolation.watch import InMemory, files_in_memory, memory_mb, tree_of

MB = 1024 * 1024


SHARES = """
import mmap, os, sys
shared = mmap.mmap(-1, 200 << 20)
ready, told = os.pipe()
for _ in range(2):
    if os.fork() == 0:
        for page in range(0, len(shared), 4096):
            shared[page] = 1
        os.write(told, b".")
        sys.stdin.read()
        os._exit(0)
os.read(ready, 1), os.read(ready, 1)
print("ready", flush=True)
sys.stdin.read()
"""


def test_memory_that_processes_share_counts_and_counts_once():
    command = [sys.executable, "-c", SHARES]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline() == b"ready\n"
        used = memory_mb(tree_of(process.pid))
        process.communicate(b"")
    assert 200 <= used <= 260


def test_the_memory_of_a_process_that_is_gone_is_none(tmp_path: Path):
    assert memory_mb([1, 2], tmp_path) == 0
    assert files_in_memory([1, 2], tmp_path).files == 0


MAKES = """
import os, sys
for n in range(3000):
    open(f"/tmp/{n}", "w").close()
open("/lab/big", "wb").write(bytes(30 << 20))
print("made", flush=True)
sys.stdin.read()
"""


def test_files_in_a_boxs_memory_are_counted_from_outside_also_empty_ones():
    try:
        bwrap = working_bwrap()
    except Exception as missing:
        pytest.skip(str(missing))
    command = [bwrap, *namespaces(nested=False), *system_mounts(), *memory_folder(Path("/tmp"), 64)]
    command += [*memory_folder(Path("/lab"), 64), "--", "/usr/bin/python3", "-c", MAKES]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline() == b"made\n"
        kept = files_in_memory(tree_of(process.pid))
        process.communicate(b"")
    assert kept.mb == 30 and 3000 <= kept.files <= 3020


def test_this_machines_own_folders_are_nobodys():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert files_in_memory([process.pid]).files == 0
        process.communicate(b"\n")


class OneProgram:
    """A station that starts the same program for every submission."""

    def make_group(self, memory_mb: int) -> None:
        return None

    def start(self, *_: Any, **pipes: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen(["sleep", "60"], start_new_session=True, **pipes)


@pytest.mark.parametrize(
    ("kept", "said"),
    [(InMemory(0, 300_000), "300000 files"), (InMemory(2000, 1), "files of 2000 MB")],
    ids=["many", "large"],
)
def test_a_submission_that_hoards_files_in_memory_is_stopped(
    kept: InMemory, said: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(attendant, "files_in_memory", lambda tree: kept)

    ending = attendant.Attendant(OneProgram()).attend(0, "", [], io.BytesIO(), b"", attendant.Quota())  # type: ignore[arg-type]

    assert said in ending.stopped and ending.seconds < 30


def test_a_submission_that_burns_processors_is_stopped_before_its_time_is_over(monkeypatch: pytest.MonkeyPatch):
    """Many programs take many processors at once; other submissions wait for them."""
    monkeypatch.setattr(attendant, "cpu_s", lambda tree: 601.0)

    ending = attendant.Attendant(OneProgram()).attend(0, "", [], io.BytesIO(), b"", attendant.Quota())  # type: ignore[arg-type]

    assert ending.stopped == "its programs used more than 600 s of processor time" and ending.seconds < 30
