"""A control group for each desk: what is written and read, in a folder that plays the kernel and, where there is one, for real."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from checker.grading.attendant import GROUPED, Ending, Quota, _as_grouped
from checker.isolation import cgroups, scope
from checker.isolation.cgroups import Group, Groups, own_group, ready_groups, take_over, why_not
from checker.isolation.scope import scope_words


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A part of the tree that is ours, with this process in it, as plain files."""
    folder = tmp_path / "user.slice" / "lab.scope"
    folder.mkdir(parents=True)
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids\n")
    (folder / "cgroup.controllers").write_text("cpu memory pids\n")
    (folder / "cgroup.procs").write_text(f"{os.getpid()}\n")
    (folder / "cgroup.subtree_control").write_text("")
    return folder


def test_the_group_of_a_process_is_found_in_version_2_only(tree: Path, tmp_path: Path):
    listing = tmp_path / "listing"
    listing.write_text("9:pids:/other\n0::/user.slice/lab.scope\n")

    assert own_group(listing, tmp_path) == tree
    assert own_group(listing, tmp_path / "user.slice") is None


def test_groups_are_made_where_the_part_of_the_tree_is_ours_alone(tree: Path):
    assert why_not(tree, os.getpid()) == ""
    assert "no cgroup v2" in why_not(None, 1)
    assert "holds other processes" in why_not(tree, 1)
    (tree / "cgroup.controllers").write_text("cpu pids\n")
    assert "memory" in why_not(tree, os.getpid())
    assert "cannot be read" in why_not(tree / "gone", os.getpid())


def test_taking_over_makes_room_for_this_process_and_hands_the_limits_down(tree: Path):
    (tree / "grader").mkdir()
    (tree / "grader" / "cgroup.procs").touch()

    take_over(tree)

    assert (tree / "grader" / "cgroup.procs").read_text() == str(os.getpid())
    assert (tree / "cgroup.subtree_control").read_text() == "+memory +pids +cpu"


def test_a_desk_has_a_limit_of_memory_with_its_files_and_of_processes(tree: Path):
    first, second = Groups(tree).make(3072), Groups(tree).make(1024)

    assert int((first.folder / "memory.max").read_text()) == (3072 + 1024) * 1024 * 1024
    assert int((first.folder / "pids.max").read_text()) == 2048
    assert (first.folder / "memory.oom.group").read_text() == "1"
    assert int((second.folder / "memory.max").read_text()) == 2048 * 1024 * 1024


def test_what_a_group_has_used_is_read_and_an_end_by_the_kernel_is_told(tree: Path):
    group = Group(tree)
    (tree / "cpu.stat").write_text("usage_usec 2500000\nuser_usec 2000000\n")
    (tree / "memory.events").write_text("low 0\nmax 7\noom 1\noom_kill 3\n")
    ending = Ending(137, b"", "", "", 9.0, 1.2, 800)

    told = _as_grouped(ending, group, Quota(tree_mb=3072))

    assert (told.cpu_s, told.peak_mb, told.limits) == (2.5, 0, GROUPED)
    assert told.stopped == "its programs used more than the 3072 MB of memory that are allowed"
    (tree / "memory.peak").write_text(str(900 * 1024 * 1024))
    (tree / "memory.events").write_text("oom_kill 0\n")
    told = _as_grouped(ending, group, Quota())
    assert (told.stopped, told.used()["peak_mb"]) == ("", 900)


def test_a_group_that_an_earlier_process_took_over_is_used(tree: Path):
    groups = ready_groups({cgroups.SETTING: str(tree)})

    assert groups and groups.folder == tree


def test_systemd_is_asked_for_a_part_of_the_tree_and_never_by_a_test(monkeypatch: pytest.MonkeyPatch):
    assert " ".join(scope_words(1001)) == "systemd-run --user --scope --quiet --collect --property Delegate=yes --"
    assert "--user" not in scope_words(0)
    monkeypatch.setattr(scope, "scope_works", lambda user: pytest.fail("asked"))
    scope.enter_scope({})


REAL = """
import subprocess, sys
from tests.support import wait_until
from checker.isolation.cgroups import ready_groups
groups = ready_groups({})
if groups is None:
    sys.exit(9)
group = groups.make(-960)
eats = "x = bytearray(200 * 10**6); print('GOT IT')"
done = subprocess.run([*group.joining(), sys.executable, "-c", eats], capture_output=True, text=True)
left = subprocess.Popen([*group.joining(), "sleep", "1000"])
wait_until(lambda: str(left.pid) in (group.folder / "cgroup.procs").read_text().split(), within_s=20)
spent = group.spent()
group.end()
print(done.returncode, done.stdout, spent.was_stopped, spent.cpu_s > 0, left.wait(5), group.folder.exists())
"""


def test_the_kernel_ends_a_tree_that_needs_more_and_nothing_is_left():
    """A group of 64 MB in a scope that systemd made for this test."""
    lacks = why_not(own_group(), os.getpid())
    if lacks and not scope.scope_works(os.geteuid()):
        pytest.skip(f"no cgroup can be made here: {lacks}, and systemd makes no scope")
    prefix = scope_words(os.geteuid()) if lacks else []
    done = subprocess.run(
        [*prefix, sys.executable, "-c", REAL], capture_output=True, text=True, cwd=Path(__file__).parents[2]
    )
    assert done.stdout.split() == ["-9", "True", "True", "-9", "False"], done.stderr
