"""After a stranger's program the workspace holds files and folders only: nothing leads the judge out or makes it wait."""

from __future__ import annotations

import os
import socket
import stat
import sys
from pathlib import Path

import pytest

from checker.isolation.tidy import tidy


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "judge").mkdir()
    (tmp_path / "judge" / "secret").write_text("secret")
    folder = tmp_path / "workspace"
    (folder / "terraform").mkdir(parents=True)
    (folder / "terraform" / "iot.tf").write_text("# mine")
    return folder


def test_what_leads_out_or_makes_wait_is_removed_and_told(workspace: Path):
    (workspace / "file").symlink_to(workspace.parent / "judge" / "secret")
    (workspace / "terraform" / "folder").symlink_to("../../judge")
    (workspace / "loop").symlink_to(".")
    (workspace / "nowhere").symlink_to("gone")
    os.mkfifo(workspace / "pipe")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(workspace / "socket"))
    listener.close()

    removed = tidy(workspace)

    assert sorted(removed) == ["file", "loop", "nowhere", "pipe", "socket", "terraform/folder"]
    assert sorted(path.name for path in workspace.rglob("*")) == ["iot.tf", "terraform"]
    assert (workspace.parent / "judge" / "secret").read_text() == "secret"


def test_a_folder_that_was_replaced_by_a_link_is_gone(workspace: Path):
    (workspace / "terraform").rename(workspace / "mine")
    (workspace / "terraform").symlink_to(workspace.parent / "judge")

    assert tidy(workspace) == ["terraform"]


def test_links_to_what_every_box_sees_may_stay(workspace: Path):
    providers = workspace.parent / "plugins" / "aws"
    providers.mkdir(parents=True)
    (workspace / "aws").symlink_to(providers)
    (workspace / "python").symlink_to(os.path.realpath(sys.executable))
    (workspace / "again.tf").symlink_to("terraform/iot.tf")

    assert tidy(workspace, (providers.parent, Path(sys.base_prefix))) == []


def test_locked_files_and_folders_can_be_read_again(workspace: Path):
    (workspace / "terraform" / "iot.tf").chmod(0)
    (workspace / "terraform").chmod(0)

    assert tidy(workspace) == []
    assert oct((workspace / "terraform").stat().st_mode) == "0o40700"
    assert oct((workspace / "terraform" / "iot.tf").stat().st_mode) == "0o100600"


def test_what_lies_too_deep_for_a_path_is_removed(workspace: Path):
    here, start = os.getcwd(), workspace
    try:
        os.chdir(start)
        for _ in range(1500):
            os.mkdir("deep")
            os.chdir("deep")
    finally:
        os.chdir(here)

    (removed,) = tidy(workspace)

    assert removed.count("deep") == 41 and len(list(workspace.rglob("*"))) == 42


def test_the_judge_may_read_and_write_every_file(workspace: Path):
    (workspace / "terraform" / "iot.tf").chmod(0)
    (workspace / "locked").write_text("")
    (workspace / "locked").chmod(0o444)

    tidy(workspace)

    assert [stat.S_IMODE((workspace / name).stat().st_mode) for name in ("terraform/iot.tf", "locked")] == [
        0o600,
        0o644,
    ]
