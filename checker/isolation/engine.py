"""Podman and Docker on this machine: what they say of themselves. Containers stand in where bubblewrap does not work."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checker.errors import ToolMissing

ENGINES = ("podman", "docker")
"""In the order in which they are tried: Podman needs no service that runs as root."""
ASK_WITHIN_S = 60.0
MB = 1024 * 1024


@dataclass(frozen=True)
class Engine:
    """`memory_mb` and `processors` are those of the machine that runs the containers: on macOS a virtual one."""

    name: str
    program: str
    version: str
    memory_mb: int
    processors: int
    limits: frozenset[str] = frozenset()
    """Which limits it can set here: memory, pids."""
    rootless: bool = False

    def __str__(self) -> str:
        return f"{self.name.capitalize()} {self.version}"


def find_engine(name: str, path: str | None = None) -> Engine:
    """The engine of this name; raises ToolMissing if it is not installed, does not answer, or cannot hold a grading."""
    title = name.capitalize()
    program = shutil.which(name, path=path)
    if program is None:
        raise ToolMissing(f"{title} is not installed", next_step=f"install {title}")
    said = _info(program, title)
    return read_podman(program, said) if name == "podman" else read_docker(program, said)


def refuse_root(user: int) -> None:
    """A container's root is too much for a grader, and root's grades must not belong to another; raises ToolMissing."""
    if user == 0:
        raise ToolMissing(
            "containers are for ordinary users, and you are root",
            next_step="call it as a user with Podman, or in the group docker",
        )


def read_podman(program: str, info: Mapping[str, Any]) -> Engine:
    """What `podman info` says."""
    host = info["host"]
    return Engine(
        "podman", program, str(info["version"]["Version"]), int(host["memTotal"]) // MB, int(host["cpus"]),
        frozenset({"memory", "pids"} & set(host.get("cgroupControllers") or ())), bool(host["security"]["rootless"]),
    )  # fmt: skip


def read_docker(program: str, info: Mapping[str, Any]) -> Engine:
    """What `docker info` says; raises ToolMissing for a Docker that would write the grades as somebody else."""
    if info.get("OSType") != "linux":
        raise ToolMissing(
            f"Docker runs {info.get('OSType') or 'no'} containers", next_step="switch Docker to Linux containers"
        )
    if any("name=rootless" in option for option in info.get("SecurityOptions") or ()):
        raise ToolMissing(
            "this Docker is rootless: what a container writes would belong to another user", next_step="use Podman"
        )
    limits = {"memory": info.get("MemoryLimit"), "pids": info.get("PidsLimit")}
    return Engine(
        "docker", program, str(info["ServerVersion"]), int(info["MemTotal"]) // MB, int(info["NCPU"]),
        frozenset(name for name, can in limits.items() if can),
    )  # fmt: skip


def _info(program: str, title: str) -> dict[str, Any]:
    try:
        done = subprocess.run(
            [program, "info", "--format", "{{json .}}"], capture_output=True, text=True, stdin=subprocess.DEVNULL,
            timeout=ASK_WITHIN_S,
        )  # fmt: skip
        said = json.loads(done.stdout) if done.returncode == 0 else {}
        why = done.stderr.strip() or " ".join(said.get("ServerErrors") or ())
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        said, why = {}, str(error)
    if not said or said.get("ServerErrors"):
        last = why.splitlines()[-1] if why else "it said nothing"
        raise ToolMissing(f"{title} does not answer: {last}", next_step=f"start it, or see `{Path(program).name} info`")
    return said  # type: ignore[no-any-return]


def as_user() -> tuple[int, int]:
    """Who a container's processes are: the instructor, so that the grades belong to the same."""
    return os.getuid(), os.getgid()
