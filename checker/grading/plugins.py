"""The provider for submissions that have no network: installed once with the instructor's settings, offered as a mirror."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from checker.curriculum.parts import STARTER
from checker.curriculum.workspace import NOT_COPIED
from checker.errors import LabError
from checker.terraform import Terraform
from checker.terraform_install import cache_folder, cli_config_file

Packages = tuple[tuple[str, Path], ...]
"""The folders of unpacked providers with their places in Terraform's mirror layout."""
LOCK_FILE = ".terraform.lock.hcl"


@dataclass(frozen=True)
class Installed:
    """What `terraform init` makes of the starter: its providers, and the lock file that names them."""

    packages: Packages = ()
    lock: str = ""


def install(terraform: Path, say: Callable[[str], None]) -> Installed:
    """The provider that the starter asks for, where it lies on this machine; kept in the kit's cache if nowhere else."""
    with tempfile.TemporaryDirectory(prefix="lab-provider-") as temporary:
        folder = Path(temporary) / "terraform"
        shutil.copytree(STARTER / "terraform", folder, ignore=NOT_COPIED)
        environment = dict(os.environ) | {"TF_CLI_CONFIG_FILE": str(cli_config_file(folder))}
        Terraform(folder, environment, terraform).init()
        installed = folder / ".terraform" / "providers"
        found = [path for path in installed.glob("*/*/*/*/*") if path.is_dir()]
        if not found:
            raise LabError("terraform init installed no provider", next_step="lab doctor")
        packages = tuple((path.relative_to(installed).as_posix(), _lasting(path, installed, say)) for path in found)
        return Installed(packages, (folder / LOCK_FILE).read_text())


def _lasting(package: Path, installed: Path, say: Callable[[str], None]) -> Path:
    """The folder behind Terraform's link, or a copy in the cache if Terraform unpacked the provider itself."""
    real = package.resolve()
    if installed.resolve() not in real.parents:
        return real
    kept = cache_folder() / "unpacked" / package.relative_to(installed)
    if not kept.is_dir():
        say(f"Copying the provider {package.relative_to(installed)} once for submissions ...")
        kept.parent.mkdir(parents=True, exist_ok=True)
        unfinished = kept.with_name(f"{kept.name}.{os.getpid()}")
        shutil.copytree(real, unfinished)
        unfinished.replace(kept)
    return kept
