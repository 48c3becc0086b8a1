"""Runs one job with bash, in a fresh folder, with clean variables, a time limit and its own process group."""

from __future__ import annotations

import fnmatch
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from checker.pipeline.globs import matching
from checker.pipeline.model import Artifacts, Job, JobResult
from checker.pipeline.tools import make_environment
from checker.process import Runner, run_program, scratch_of

LONGEST_LOG = 1_000_000
LONGEST_NAME = 1000
"""Of an artifact: it must fit behind the name of any folder that keeps it."""
LONGEST_VALUE = 128 * 1024
"""The kernel's limit of one variable: what is longer starts no program, so its rest is not made."""
MOST_ARTIFACTS = 100 * 1024 * 1024
"""GitLab's default "maximum artifacts size"."""
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"


@dataclass(frozen=True)
class Place:
    """Where a job works: `source` is the project, `inputs` the jobs whose artifacts it gets, its own go to `kept`.

    Neither is in the job's reach: it gets copies, and what it leaves behind is copied out when all its programs have ended.
    """

    kept: Path
    source: Path
    inputs: list[JobResult]


def run(
    job: Job,
    place: Place,
    variables: Mapping[str, str],
    masked: Iterable[str],
    timeout_s: float,
    run_program: Runner = run_program,
) -> JobResult:
    """Runs the job once; the masked values do not appear in the log."""
    folder = Path(tempfile.mkdtemp(prefix="lab-job-", dir=scratch_of(run_program))).resolve()
    try:
        return _run_in(folder, job, place, variables, masked, timeout_s, run_program)
    finally:
        subprocess.run(["rm", "-rf", str(folder)])  # not shutil: folders may lie deeper than Python's stack


def _run_in(
    folder: Path,
    job: Job,
    place: Place,
    variables: Mapping[str, str],
    masked: Iterable[str],
    timeout_s: float,
    run_program: Runner,
) -> JobResult:
    project = folder / "project"
    shutil.copytree(place.source, project)
    for result in place.inputs:
        _hand_over(result, project)
    programs = make_environment(folder / "python", job.image)
    environment = _environment(folder, project, programs, variables)
    begun = time.monotonic()
    log = [f"image {job.image} is not started here: this machine's bash and Python run the job"] if job.image else []
    exit_code, output = _bash([*job.before_script, *job.script], project, environment, timeout_s, run_program)
    log.append(output)
    status = "success" if exit_code == 0 else "failed"
    if job.after_script:
        _, output = _bash(list(job.after_script), project, {**environment, "CI_JOB_STATUS": status}, 300, run_program)
        log.append(output)
    artifacts, notes = _collect(_with_variables(job.artifacts, environment), project, status)
    _keep(artifacts, project, place.kept)
    allowed = job.allow_failure is True or (isinstance(job.allow_failure, tuple) and exit_code in job.allow_failure)
    return JobResult(
        name=job.name,
        stage=job.stage,
        status="success" if exit_code == 0 else "failed",
        log=_mask("\n".join([*log, *notes]).strip(), masked),
        exit_code=exit_code,
        duration_s=time.monotonic() - begun,
        reason="" if exit_code == 0 else _why(exit_code, timeout_s),
        artifacts=artifacts,
        folder=place.kept,
        allowed_to_fail=allowed,
    )


def _environment(folder: Path, project: Path, programs: Path, variables: Mapping[str, str]) -> dict[str, str]:
    home = folder / "home"
    home.mkdir()
    environment = {
        "PATH": f"{programs}:{SYSTEM_PATH}",
        "HOME": str(home),
        "USER": "gitlab-runner",
        "SHELL": "/bin/bash",
        "TMPDIR": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        **variables,
        "CI_PROJECT_DIR": str(project),
        "CI_BUILDS_DIR": str(folder),
    }
    return {name: _expand(value, environment) for name, value in environment.items()}


def _expand(value: str, variables: Mapping[str, str]) -> str:
    """`$NAME` and `${NAME}` in a variable's value, once; `$$` is a dollar."""
    from string import Template

    pieces, size, at = list[str](), 0, 0
    for found in Template.pattern.finditer(value) if "$" in value else ():
        name = found["named"] or found["braced"]
        put_in = "$" if found["escaped"] is not None else variables.get(name, found[0]) if name else found[0]
        pieces += [value[at : found.start()], put_in]
        at, size = found.end(), size + len(put_in)
        if size > LONGEST_VALUE:
            break
    return "".join([*pieces, value[at:]])


def _bash(
    lines: list[str], project: Path, environment: Mapping[str, str], timeout_s: float, run_program: Runner
) -> tuple[int, str]:
    """Runs the lines to the end of the last process that they started; the exit code is 124 after the time-out."""
    script = "exec 2>&1\n" + "\n".join(f"printf '%s\\n' {_quote('$ ' + line)}\n{line}" for line in lines)
    command = ["bash", "-eo", "pipefail", "-c", script]
    try:
        done = run_program(command, cwd=project, env=environment, within_s=timeout_s, grace_s=0)
    except (OSError, ValueError) as error:  # variables or lines that are too long, or with a NUL
        return 126, f"the job's bash cannot be started: {error}"
    text = done.stdout + done.stderr
    code = 124 if done.timed_out else done.returncode
    return code, text if len(text) <= LONGEST_LOG else f"{text[:LONGEST_LOG]}\n... (the log is cut here)"


def _hand_over(result: JobResult, project: Path) -> None:
    assert result.folder is not None
    for name in result.artifacts:
        target = project / name
        _make_room(target, project)
        shutil.copy2(result.folder / name, target)


def _make_room(target: Path, project: Path) -> None:
    """Removes what the project has in the way: files where folders must be, a folder where the file must be."""
    in_the_way = [place for place in target.parents if project in place.parents and place.is_file()]
    in_the_way += [target] if target.is_dir() else []
    for place in in_the_way:
        subprocess.run(["rm", "-rf", str(place)], check=True)
    target.parent.mkdir(parents=True, exist_ok=True)


def _collect(artifacts: Artifacts, project: Path, status: str) -> tuple[tuple[str, ...], list[str]]:
    """The files that the patterns match, and a warning for each pattern that matches none, as GitLab writes it."""
    if artifacts.when not in ("always", f"on_{'success' if status == 'success' else 'failure'}"):
        return (), []
    names: set[str] = set()
    notes = []
    for pattern in artifacts.paths:
        found = _matches(project, pattern)
        if not found:
            notes.append(
                f"WARNING: {pattern}: no matching files. Ensure that the artifact path is relative to the project"
            )
        names |= found
    kept = {name for name in names if not any(fnmatch.fnmatch(name, pattern) for pattern in artifacts.exclude)}
    if (size := sum((project / name).stat().st_size for name in kept)) > MOST_ARTIFACTS:
        return (), [
            *notes,
            f"WARNING: the artifacts have {size} bytes, at most {MOST_ARTIFACTS} are handed on: none is",
        ]
    return tuple(sorted(kept)), notes


def _with_variables(artifacts: Artifacts, environment: Mapping[str, str]) -> Artifacts:
    """The patterns with the job's variables filled in, relative to the project."""
    here = environment["CI_PROJECT_DIR"] + "/"

    def fill(patterns: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_expand(pattern, environment).removeprefix(here) for pattern in patterns)

    return replace(artifacts, paths=fill(artifacts.paths), exclude=fill(artifacts.exclude))


def _keep(artifacts: Iterable[str], project: Path, kept: Path) -> None:
    shutil.rmtree(kept, ignore_errors=True)
    for name in artifacts:
        (kept / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(project / name, kept / name)


def _matches(project: Path, pattern: str) -> set[str]:
    """The regular files in the project that match; none is reached through a link, whatever the job made of its folder."""
    if pattern.startswith("/"):
        return set()
    found = set()
    try:
        for path in matching(project, pattern):
            inside = [path] if path.is_file() else path.rglob("*")
            files = [file for file in inside if file.is_file() and os.access(file, os.R_OK)]
            names = {file.relative_to(project).as_posix() for file in files if Path(os.path.realpath(file)) == file}
            found |= {name for name in names if len(name) <= LONGEST_NAME}
    except (OSError, RecursionError, ValueError):  # too deep, loops, a pattern that is none
        return set()
    return found


def _mask(log: str, secrets: Iterable[str]) -> str:
    for secret in sorted(set(secrets), key=len, reverse=True):
        log = log.replace(secret, "[MASKED]")
    return log


def _why(exit_code: int, timeout_s: float) -> str:
    return (
        f"it took longer than {timeout_s:.0f} s" if exit_code == 124 else f"its script ended with exit code {exit_code}"
    )


def _quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
