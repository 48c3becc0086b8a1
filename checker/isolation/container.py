"""What a grading's container is made of, as command lines of Podman and Docker. Pure: nothing is started here.

One container holds the whole grader; inside, bubblewrap makes the same desks and boxes as anywhere. So every wall stays as
it is, the container is one more around them, and no submission comes near the engine's own socket.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from checker.errors import UsageProblem
from checker.isolation.box import HOST_NAME
from checker.isolation.engine import Engine

PYTHON = "/opt/lab/venv/bin/python"
MEMORY_OF_A_JOB_MB, MEMORY_OF_THE_GRADER_MB = 4096, 1024
"""A desk's programs may use 3 GB, its files 768 MB."""
MOST_PROCESSES = 8192
SCRATCH_MB = 2048
CONTAINER = "LAB_CONTAINER"
"""Tells the grader inside which engine's container it is in."""


@dataclass(frozen=True)
class Container:
    """Folders and files keep their paths. `profile`: the system calls that are refused, for an engine that refuses too many."""

    image: str
    name: str
    user: tuple[int, int]
    jobs: int
    readable: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    profile: Path | None = None


def run_command(engine: Engine, container: Container, command: Sequence[str]) -> list[str]:
    """The command line that runs `command` in the container and removes it afterwards."""
    user, group = container.user
    words = [engine.program, "run", "--rm", "--name", container.name, "--hostname", HOST_NAME, "--network", "none"]
    words += ["--read-only"]
    words += ["--user", f"{user}:{group}", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
    words += _namespaces_inside(engine, container.profile)
    words += ["--tmpfs", f"/tmp:rw,nosuid,nodev,mode=1777,size={SCRATCH_MB}m", *_limits(engine, container.jobs)]
    environment = {"HOME": "/tmp", "LANG": "C.UTF-8", CONTAINER: str(engine), **container.environment}
    words += [word for name, value in environment.items() for word in ("--env", f"{name}={value}")]
    words += [word for place in container.readable for word in ("--mount", _mount(place, read_only=True))]
    words += [word for place in container.writable for word in ("--mount", _mount(place, read_only=False))]
    return [*words, container.image, *command]


def _namespaces_inside(engine: Engine, profile: Path | None) -> list[str]:
    """What a program without any capability needs to make namespaces of its own.

    A new /proc can be mounted only where no part of the old one is masked. Docker's own list of system calls and its
    AppArmor profile forbid mounts and namespaces to everybody; Podman's list does not.
    """
    words = ["--security-opt", "label=disable"]
    if engine.name == "podman":
        return [*words, "--security-opt", "unmask=ALL", *(("--userns", "keep-id") if engine.rootless else ())]
    words += ["--security-opt", "systempaths=unconfined", "--security-opt", "apparmor=unconfined"]
    return [*words, "--security-opt", f"seccomp={profile or 'unconfined'}"]


def _limits(engine: Engine, jobs: int) -> list[str]:
    """Around all submissions together; each has its own, smaller ones inside."""
    memory_mb = min(MEMORY_OF_THE_GRADER_MB + jobs * MEMORY_OF_A_JOB_MB, engine.memory_mb * 9 // 10)
    words = ["--memory", f"{memory_mb}m", "--memory-swap", f"{memory_mb}m"] if "memory" in engine.limits else []
    return [*words, "--pids-limit", str(MOST_PROCESSES)] if "pids" in engine.limits else words


def _mount(place: Path, *, read_only: bool) -> str:
    if any(character in str(place) for character in ',"\n'):
        raise UsageProblem(
            f"{place} cannot be given to a container: its name holds a comma or a quotation mark", next_step="rename it"
        )
    return f"type=bind,source={place},target={place}" + (",readonly" if read_only else "")


def build_command(engine: Engine, context: Path, tag: str, more: Sequence[str] = ()) -> list[str]:
    """The command line that makes the image of a folder that holds a Containerfile."""
    return [engine.program, "build", "--tag", tag, "--file", str(context / "Containerfile"), *more, str(context)]


def has_command(engine: Engine, tag: str) -> list[str]:
    """The command line that succeeds if there is such an image."""
    return [engine.program, "image", "inspect", "--format", "{{.Id}}", tag]
