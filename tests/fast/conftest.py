"""What the tests of the warm provider share: parts 1 to 3 on a local cloud, and Terraform both ways."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from checker.cloud_process import start_cloud, stop_cloud
from checker.curriculum.parts import read_parts
from checker.curriculum.workspace import Workspace, lay_over, new_workspace
from checker.deployment import Deployment
from checker.fast.warm import WarmProvider
from checker.target import find_target
from checker.terraform import Terraform


@dataclass
class BothWays:
    """One workspace, to be deployed with plain Terraform and with the warm provider; `said` is why a run was plain."""

    workspace: Workspace
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.target = find_target("local", self.workspace.folder)
        self.provider = WarmProvider(self.workspace.terraform, self.said.append)

    @property
    def plain(self) -> Terraform:
        return Deployment(self.workspace, self.target).terraform

    @property
    def warm(self) -> Terraform:
        return Deployment(self.workspace, self.target, run=self.provider).terraform

    @property
    def environment(self) -> dict[str, str]:
        return Deployment(self.workspace, self.target).environment()


@pytest.fixture(scope="module")
def module_workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The solutions of parts 1 to 3 with their provider installed; its cloud ends with the module."""
    workspace = new_workspace(tmp_path_factory.mktemp("fast") / "workspace", with_git=False)
    lay_over(workspace, read_parts()[:3])
    start_cloud(workspace, attached=True)
    Deployment(workspace, find_target("local", workspace.folder)).terraform.init()
    yield workspace
    stop_cloud(workspace)


@pytest.fixture
def ways(module_workspace: Workspace) -> Iterator[BothWays]:
    """Both ways, with a provider that ends with the test."""
    both = BothWays(module_workspace)
    yield both
    both.provider.close()


@pytest.fixture
def extra_file(module_workspace: Workspace) -> Iterator[Path]:
    """A configuration file that is there for one test."""
    file = module_workspace.terraform / "extra.tf"
    yield file
    file.unlink(missing_ok=True)


@pytest.fixture
def only_file(module_workspace: Workspace, extra_file: Path) -> Iterator[Path]:
    """The same, and the parts' files are out of the way with their state."""
    aside = module_workspace.folder / "aside"
    aside.mkdir()
    states = module_workspace.terraform.glob("terraform.tfstate*")
    files = (f for f in module_workspace.terraform.glob("*.tf") if re.search("^(resource|output)", f.read_text(), re.M))
    for file in [*states, *files]:
        file.rename(aside / file.name)
    yield extra_file
    for file in aside.iterdir():
        file.rename(module_workspace.terraform / file.name)
    aside.rmdir()
