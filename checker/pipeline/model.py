"""A pipeline as data: what a job does, when it runs, what it hands on; and what a run gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

FILE_NAME = ".gitlab-ci.yml"

When = Literal["on_success", "on_failure", "always", "manual", "delayed", "never"]


@dataclass(frozen=True)
class Problem:
    """Something in the pipeline's file that GitLab would refuse, or that this runner does not do."""

    message: str
    job: str | None = None

    def __str__(self) -> str:
        return f"job {self.job}: {self.message}" if self.job else self.message


class PipelineError(Exception):
    """The file cannot be run; `problems` say why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


@dataclass(frozen=True)
class Rule:
    """One entry of `rules`."""

    condition: str | None
    exists: tuple[str, ...]
    when: When | None
    allow_failure: bool | None
    variables: Mapping[str, str]


@dataclass(frozen=True)
class Artifacts:
    """What a job hands on: glob patterns below the project folder."""

    paths: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    when: str = "on_success"
    untracked: bool = False


@dataclass(frozen=True)
class Need:
    """A job that must be over first."""

    job: str
    artifacts: bool = True
    optional: bool = False


@dataclass(frozen=True)
class Job:
    """One job with everything inherited filled in."""

    name: str
    stage: str
    script: tuple[str, ...]
    before_script: tuple[str, ...] = ()
    after_script: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    rules: tuple[Rule, ...] | None = None
    needs: tuple[Need, ...] | None = None
    dependencies: tuple[str, ...] | None = None
    artifacts: Artifacts = field(default_factory=Artifacts)
    allow_failure: bool | tuple[int, ...] = False
    when: When = "on_success"
    timeout_s: float = 3600.0
    retries: int = 0
    image: str | None = None


@dataclass(frozen=True)
class Pipeline:
    """The whole file, resolved."""

    stages: tuple[str, ...]
    jobs: Mapping[str, Job]
    variables: Mapping[str, str]
    workflow: tuple[Rule, ...] | None
    document: Mapping[str, Any]


JobStatus = Literal["success", "failed", "skipped", "manual", "not_added"]


@dataclass
class JobResult:
    """What became of a job. `artifacts` are paths relative to `folder`, which lives as long as the run's folder."""

    name: str
    stage: str
    status: JobStatus
    log: str = ""
    exit_code: int | None = None
    duration_s: float = 0.0
    reason: str = ""
    artifacts: tuple[str, ...] = ()
    folder: Path | None = None
    allowed_to_fail: bool = False


@dataclass
class PipelineResult:
    """What became of the pipeline: "success", "failed" or "skipped" (no job was added)."""

    status: Literal["success", "failed", "skipped"]
    jobs: list[JobResult]

    def job(self, name: str) -> JobResult:
        """The result of the job of that name. Raises KeyError."""
        for job in self.jobs:
            if job.name == name:
                return job
        raise KeyError(name)

    def in_stage(self, stage: str) -> list[JobResult]:
        return [job for job in self.jobs if job.stage == stage]
