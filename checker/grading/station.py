"""Starts the processes that touch a submission: at a desk of their own, or, if the instructor says so, like any program."""

from __future__ import annotations

import compileall
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from checker.curriculum.parts import ROOT, STARTER
from checker.fast.whole_schema import kept_schema
from checker.grading.plugins import Packages, install
from checker.grading.provider import Prepared
from checker.isolation.cgroups import Group, Groups, ready_groups
from checker.isolation.container import CONTAINER
from checker.isolation.desk import KIT_FOLDERS, PLACE, PLUGINS, Desk, as_nobody, desk_command
from checker.isolation.keyring import leave_keyring
from checker.terraform_install import AWS_PROVIDER


@dataclass
class Station:
    """Where submissions are worked on. `bwrap` empty: without isolation."""

    bwrap: str
    terraform: Path
    plugins: Packages = ()
    """The provider: a desk has no network to get it from."""
    prepared: Prepared | None = None
    """Provider and schema; without them every run of Terraform is plain."""
    groups: Groups | None = None
    """Makes a control group for each desk; without it desks are watched."""
    _folders: dict[int, Path] = field(default_factory=dict)

    @property
    def isolation(self) -> str:
        """For the provenance of a result."""
        if not self.bwrap:
            return "none"
        version = subprocess.run([self.bwrap, "--version"], capture_output=True, text=True).stdout.strip()
        around = os.environ.get(CONTAINER)
        return f"{version} in {around}" if around else version

    @property
    def desk(self) -> Desk:
        return Desk(plugins=self.plugins, tools=self.tools)

    @property
    def tools(self) -> tuple[Path, ...]:
        """Terraform, if it does not lie in the system's folders, and the provider's schema."""
        terraform = () if Path("/usr") in self.terraform.parents else (self.terraform,)
        return (*terraform, Path(self.prepared.schema)) if self.prepared else terraform

    def place(self, slot: int) -> Path:
        """The folder in which the process of a slot works, as it sees it; empty at the beginning."""
        if self.bwrap:
            return PLACE
        self._folders[slot] = Path(tempfile.mkdtemp(prefix="lab-grade-"))
        return self._folders[slot]

    def leave(self, slot: int) -> None:
        """Removes what is left of a slot's folder; a desk's is gone with the desk."""
        if folder := self._folders.pop(slot, None):
            shutil.rmtree(folder, ignore_errors=True)

    def make_group(self, memory_mb: int) -> Group | None:
        """The control group of the next desk, if there can be one."""
        return self.groups.make(memory_mb) if self.groups else None

    def start(
        self, slot: int, module: str, arguments: Sequence[str], opened: IO[bytes], group: Group | None, **pipes: Any
    ) -> subprocess.Popen[bytes]:
        """Starts `main` of a module of the kit; its first argument is the descriptor of `opened`."""
        code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from {module} import main; main()"
        command = [sys.executable, "-c", code, str(opened.fileno()), *arguments]
        if self.bwrap:
            desk = self.desk
            command = desk_command(desk, self.bwrap, command)
            if os.geteuid() == 0:
                sources = [*desk.sources(), *(source for _, source in desk.plugins)]
                command = as_nobody(command, self.bwrap, slot, sources)
        if group:
            command = [*group.joining(), *command]
        return subprocess.Popen(
            command, cwd="/", env=self._environment(), pass_fds=[opened.fileno()], start_new_session=True, **pipes
        )

    def _environment(self) -> dict[str, str]:
        clean = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "LAB_TERRAFORM": str(self.terraform)}
        clean |= {"HOME": str(PLACE / "home"), "PYTHONHASHSEED": "random"}
        return clean if self.bwrap else {**os.environ, "LAB_TERRAFORM": str(self.terraform)}

    def terraform_config(self) -> str:
        """Terraform's settings at a desk: the provider from the mirror and from nowhere else."""
        mirror = f'filesystem_mirror {{\n    path = "{PLUGINS}"\n  }}'
        return f"disable_checkpoint = true\nprovider_installation {{\n  {mirror}\n}}\n"


def provider_programs(plugins: Packages) -> list[tuple[str, Path]]:
    """The programs of the AWS provider among the packages, with their places in the mirror."""
    packages = [(place, folder) for place, folder in plugins if place.startswith(AWS_PROVIDER + "/")]
    return [(f"{place}/{p.name}", p) for place, folder in packages for p in folder.glob("terraform-provider-aws*")]


def make_station(bwrap: str, terraform: Path, say: Callable[[str], None]) -> Station:
    """A station with all that can be prepared once for every submission."""
    terraform = terraform.resolve()  # a desk does not see what a link in /usr/local/bin leads to
    if not bwrap:
        return Station(bwrap, terraform)
    leave_keyring()
    groups = ready_groups()
    compile_the_kit()
    installed = install(terraform, say)
    programs = provider_programs(installed.packages)
    if len(programs) != 1:
        return Station(bwrap, terraform, installed.packages, groups=groups)
    (place, program), settings = programs[0], STARTER / "terraform" / "versions.tf"
    places = tuple(place for place, _ in installed.packages)
    prepared = Prepared(place, str(kept_schema(program)), places, installed.lock, settings.read_text(encoding="utf-8"))
    return Station(bwrap, terraform, installed.packages, prepared, groups)


def compile_the_kit() -> None:
    """Desks see the kit read-only: what is not compiled before would be compiled for every submission."""
    for name in KIT_FOLDERS:
        compileall.compile_dir(ROOT / name, quiet=2)
