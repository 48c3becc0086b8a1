"""`lab doctor`: what the kit found on this machine, what is missing, and what to do about it."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from pathlib import Path

import click

from checker.cli.finding import Finding
from checker.cli.isolation_findings import isolation_findings
from checker.cli.options import echo
from checker.curriculum.parts import ROOT
from checker.errors import LabError
from checker.terraform_install import AWS_PROVIDER, VERSION, cli_config_file, find_mirror, find_terraform, this_platform

OLDEST_PYTHON = (3, 11)


@click.command()
@click.pass_context
def doctor(context: click.Context) -> None:
    """Say what is installed and what is missing, with the remedy for this system."""
    findings = examine()
    for finding in findings:
        click.echo(finding.render())
    missing = [finding.name for finding in findings if finding.needed and not finding.good]
    echo(f"Missing: {', '.join(missing)}." if missing else "Everything that the kit needs is here.")
    context.exit(3 if missing else 0)


def examine() -> list[Finding]:
    """Looks for everything that the kit uses."""
    return [
        _system(),
        _python(),
        _terraform(),
        _provider(),
        *_programs(),
        *_python_tools(),
        _folder(),
        *isolation_findings(),
    ]


def system_name() -> str:
    """Linux, macOS, WSL 2, or what it is else."""
    if platform.system() == "Linux" and "microsoft" in platform.release().lower():
        return "WSL 2" if "wsl2" in platform.release().lower() else "WSL"
    return {"Darwin": "macOS"}.get(platform.system(), platform.system())


def install_hint(package: str) -> str:
    """The command that installs a system package here."""
    if system_name() == "macOS":
        return f"brew install {package}"
    for manager, command in (
        ("apt-get", "sudo apt install"),
        ("dnf", "sudo dnf install"),
        ("pacman", "sudo pacman -S"),
    ):
        if shutil.which(manager):
            return f"{command} {package}"
    return f"install {package} with your system's packages"


def _system() -> Finding:
    good = system_name() in ("Linux", "macOS", "WSL 2")
    return Finding("system", f"{system_name()} ({this_platform()})", good, True, "on Windows the kit runs inside WSL 2")


def _python() -> Finding:
    return Finding(
        "Python", platform.python_version(), sys.version_info >= OLDEST_PYTHON, True, install_hint("python3")
    )


def _terraform() -> Finding:
    try:
        found = find_terraform()
    except LabError as error:
        return Finding("Terraform", error.message, False, True, error.next_step)
    if found:
        return Finding("Terraform", str(found), True, True)
    return Finding(
        "Terraform", "not installed", False, False, f"the kit downloads {VERSION} when it first needs it (about 27 MB)"
    )


def _provider() -> Finding:
    name = AWS_PROVIDER.split("/", 1)[1]
    try:
        mirror = find_mirror(Path.cwd())
        config = cli_config_file(Path.cwd())
    except LabError as error:
        return Finding(f"provider {name}", error.message, False, True, error.next_step)
    where = f"mirror {mirror}" if mirror else "from the registry, once (about 150 MB), then from the kit's cache"
    return Finding(f"provider {name}", f"{where}; CLI configuration {config}", True, True)


def _programs() -> list[Finding]:
    wanted = (("git", True, "git"), ("bash", True, "bash"))
    return [
        Finding(name, found or "not found", bool(found), needed, install_hint(package))
        for name, needed, package in wanted
        for found in [shutil.which(name)]
    ]


def _python_tools() -> list[Finding]:
    folder = Path(sys.executable).parent
    path = os.pathsep.join([str(folder), os.environ.get("PATH", "")])
    found = shutil.which("aws", path=path)
    return [Finding("AWS CLI", found or "not found", bool(found), True, f"delete {ROOT / '.venv'} and run ./lab again")]


def _folder() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    return Finding("free disk", f"{free:.1f} GB", free > 1.5, False, "a workspace with the provider needs up to 1.5 GB")
