"""What the checker's tests share: a workspace of the starter, a lab that does nothing, programs that play Terraform."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from checker.cloud_process import start_cloud, stop_cloud
from checker.curriculum.workspace import Workspace, new_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A new workspace without a Git repository."""
    return new_workspace(tmp_path / "workspace", with_git=False)


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], Path]:
    """Makes a shell program of a text."""

    def make(text: str, name: str = "program") -> Path:
        file = tmp_path / name
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(file.stat().st_mode | stat.S_IXUSR)
        return file

    return make


@pytest.fixture(scope="module")
def cloud_workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace whose local cloud runs; it ends with the test module, and with the test process."""
    workspace = new_workspace(tmp_path_factory.mktemp("cloud") / "workspace", with_git=False)
    start_cloud(workspace, attached=True)
    yield workspace
    stop_cloud(workspace)
