"""`lab grade` in a container: the same command inside, which sees the submissions, the rules and the grades, nothing else."""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from checker.errors import LabError
from checker.grading.image import ensure_image
from checker.isolation.container import PYTHON, Container, run_command
from checker.isolation.engine import Engine, as_user
from checker.isolation.seccomp import write_profile

PASSED_ON = ("LAB_LANG", "COLUMNS", "NO_COLOR")
STAYS_OUTSIDE = ("submissions", "out", "isolation", "scheduler", "course_file", "jobs")
ZONES = "zoneinfo/"


def grade_in_container(
    engine: Engine,
    command: click.Command,
    options: Mapping[str, Any],
    *,
    submissions: Path,
    out: Path,
    rules: Sequence[Path],
    jobs: int,
    say: Callable[[str], None],
) -> int:
    """Runs `lab grade` with these options in a container; its exit code. `rules`: files and folders of the course."""
    image = ensure_image(engine, say)
    with _profile(engine) as profile:
        places = (submissions, *rules)
        container = Container(image, container_name(out), as_user(), jobs, places, (out,), _environment(), profile)
        try_engine(engine, image)
        _remove_ended(engine, container.name)
        inside = [PYTHON, "-m", "checker", "grade", "run", str(submissions), "--out", str(out), "--isolation", "bwrap"]
        inside += ["--jobs", str(jobs), *same_options(command, options)]
        if options.get("course_file"):
            inside += ["--course", str(Path(options["course_file"]).resolve())]
        return _run(run_command(engine, container, inside))


def container_name(out: Path) -> str:
    """One container for one folder of grades."""
    return f"lab-grade-{hashlib.sha256(str(out).encode()).hexdigest()[:12]}"


def same_options(command: click.Command, options: Mapping[str, Any]) -> list[str]:
    """The options that were given, as words of a command line."""
    words: list[str] = []
    for parameter in command.params:
        name, value = parameter.name or "", options.get(parameter.name or "")
        if (
            not isinstance(parameter, click.Option)
            or name in STAYS_OUTSIDE
            or value is None
            or value is False
            or value == ()
        ):
            continue
        for each in value if parameter.multiple else (value,):
            words += [parameter.opts[0]] if parameter.is_flag else [parameter.opts[0], str(each)]
    return words


def try_engine(engine: Engine, image: str) -> None:
    """Asks by doing it: bubblewrap must work inside, whatever the engine's settings are. Raises LabError."""
    with _profile(engine) as profile:
        container = Container(image, f"lab-probe-{os.getpid()}", as_user(), 1, profile=profile)
        command = run_command(engine, container, [PYTHON, "-m", "checker.isolation.probe"])
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        said = done.stderr.strip() or done.stdout.strip() or "it said nothing"
        raise LabError(
            f"Isolation does not work in a container of {engine}: {said}",
            next_step="see doc/grading.md, Containers; bubblewrap on this machine itself needs no container",
        )


@contextlib.contextmanager
def _profile(engine: Engine) -> Iterator[Path | None]:
    """The file with the system calls that are refused; Podman's own list serves, and may lie on another machine."""
    if engine.name != "docker":
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="lab-container-") as temporary:
        yield write_profile(Path(temporary) / "seccomp.json")


def _remove_ended(engine: Engine, name: str) -> None:
    """What a crash of the machine left behind; a container that runs stays, and the folder's lock tells of it."""
    subprocess.run([engine.program, "rm", name], capture_output=True, stdin=subprocess.DEVNULL)


def _run(command: Sequence[str]) -> int:
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:  # the engine got it, too, and hands it on; the grader inside ends in order
            continue


def _environment() -> dict[str, str]:
    found = {name: os.environ[name] for name in PASSED_ON if os.environ.get(name)}
    return {**found, "TZ": zone} if (zone := time_zone()) else found


def time_zone(environ: Mapping[str, str] = os.environ, localtime: Path = Path("/etc/localtime")) -> str:
    """The name of this machine's time zone: times without one mean the same inside; empty if it cannot be told."""
    if zone := environ.get("TZ", "").lstrip(":"):
        return zone
    name = os.path.realpath(localtime)
    return name.partition(ZONES)[2] if ZONES in name else ""
