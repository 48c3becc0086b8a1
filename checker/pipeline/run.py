"""Runs a pipeline: every job in a fresh copy of the project, with clean variables; only declared artifacts pass on.

Source: GitLab docs, "CI/CD YAML syntax reference", "GitLab Runner shell executor".
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from checker.pipeline import job as job_runner
from checker.pipeline.conditions import ConditionError, holds
from checker.pipeline.globs import matching
from checker.pipeline.job import Place
from checker.pipeline.model import Job, JobResult, Pipeline, PipelineError, PipelineResult, Problem, Rule
from checker.pipeline.read import read
from checker.process import Runner, run_program

Progress = Callable[[str], None]

_SECRET = re.compile("KEY|SECRET|TOKEN|PASSWORD")
"""Variables that are masked in logs, as the lesson tells to mark them in GitLab."""


def run_pipeline(
    workspace: Path,
    variables: Mapping[str, str],
    *,
    folder: Path | None = None,
    progress: Progress = lambda text: None,
    branch: str = "main",
    timeout_s: float = 600.0,
    run: Runner = run_program,
) -> PipelineResult:
    """Runs the workspace's pipeline as GitLab would after a push to `branch`, its default branch.

    What Git ignores is not in the jobs' copies. `variables` are the project's CI/CD variables: they beat the file's and
    those with KEY, SECRET, TOKEN or PASSWORD in their name are masked in the logs. `folder` keeps the project and the jobs' artifacts (for the caller to look at and remove);
    by default they are removed. Raises PipelineError if the file is not valid.
    """
    pipeline = read(workspace)
    if folder is not None:
        return _Run(pipeline, workspace, folder, variables, branch, progress, timeout_s, run).run()
    with tempfile.TemporaryDirectory(prefix="lab-pipeline-") as temporary:
        return _Run(pipeline, workspace, Path(temporary), variables, branch, progress, timeout_s, run).run()


class _Run:
    def __init__(
        self,
        pipeline: Pipeline,
        workspace: Path,
        folder: Path,
        variables: Mapping[str, str],
        branch: str,
        progress: Progress,
        timeout_s: float,
        run: Runner,
    ) -> None:
        self.run_program = run
        self.pipeline = pipeline
        self.folder = folder
        self.given = dict(variables)
        self.progress = progress
        self.timeout_s = timeout_s
        self.source = _copy_project(workspace, folder / "source")
        self.predefined = _predefined(workspace, branch)
        self.results: dict[str, JobResult] = {}

    def run(self) -> PipelineResult:
        variables = {**self.predefined, **self.pipeline.variables, **self.given}
        if self.pipeline.workflow is not None and not _workflow_starts(self.pipeline.workflow, variables, self.source):
            return PipelineResult("skipped", [])
        added = [job for job in map(self._with_rules, self.pipeline.jobs.values()) if job is not None]
        order = sorted(added, key=lambda job: self.pipeline.stages.index(job.stage))
        names = {job.name for job in order}
        waiting = list(order)
        while waiting:
            job = next(job for job in waiting if not (self._before(job, order) & {w.name for w in waiting}))
            waiting.remove(job)
            self.results[job.name] = self._run_job(job, order, names)
        results = [self.results[job.name] for job in order]
        return PipelineResult(_status(results), results)

    def _with_rules(self, job: Job) -> Job | None:
        """The job as its rules have it; None: they do not add it."""
        if job.rules is None:
            return None if job.when == "never" else job
        variables = {**self.predefined, **self.pipeline.variables, **job.variables, **self.given}
        for rule in job.rules:
            if _rule_matches(rule, variables, self.source):
                when = rule.when or job.when
                allow = job.allow_failure if rule.allow_failure is None else rule.allow_failure
                merged = {**job.variables, **rule.variables}
                return None if when == "never" else replace(job, when=when, allow_failure=allow, variables=merged)
        return None

    def _before(self, job: Job, order: list[Job]) -> set[str]:
        if job.needs is not None:
            return {need.job for need in job.needs if any(other.name == need.job for other in order)}
        stage = self.pipeline.stages.index(job.stage)
        return {other.name for other in order if self.pipeline.stages.index(other.stage) < stage}

    def _run_job(self, job: Job, order: list[Job], added: set[str]) -> JobResult:
        needed = self._before(job, order)
        before = [result for name, result in self.results.items() if name in needed]
        absent = [need.job for need in job.needs or () if need.job not in added and not need.optional]
        if absent:
            return JobResult(job.name, job.stage, "failed", reason=f"needs {', '.join(absent)}, which no rule added")
        failed = [result.name for result in before if _holds_up(result)]
        if job.when in ("manual", "delayed"):
            return JobResult(job.name, job.stage, "manual", reason=f"when: {job.when}", allowed_to_fail=True)
        if (job.when == "on_success" and failed) or (job.when == "on_failure" and not failed):
            reason = f"{', '.join(failed)} did not succeed" if failed else "nothing failed before it"
            return JobResult(job.name, job.stage, "skipped", reason=reason)
        self.progress(f"job {job.name} (stage {job.stage})")
        return self._try_job(job)

    def _try_job(self, job: Job) -> JobResult:
        place = Place(self.folder / f"artifacts-{len(self.results)}", self.source, self._artifacts_for(job))
        variables = {**self.predefined, **self.pipeline.variables, **job.variables, **self.given}
        variables |= {"CI_JOB_NAME": job.name, "CI_JOB_STAGE": job.stage, "CI_JOB_ID": str(1001 + len(self.results))}
        masked = [value for name, value in self.given.items() if _SECRET.search(name) and len(value) >= 4]
        for attempt in range(job.retries + 1):
            result = job_runner.run(job, place, variables, masked, min(job.timeout_s, self.timeout_s), self.run_program)
            if result.status == "success" or attempt == job.retries:
                break
            self.progress(f"job {job.name} failed, try {attempt + 2} of {job.retries + 1}")
        return result

    def _artifacts_for(self, job: Job) -> list[JobResult]:
        """The results whose artifacts the job gets: those it needs or depends on, else all of earlier stages."""
        stage = self.pipeline.stages.index(job.stage)
        names = [name for name, other in self.results.items() if self.pipeline.stages.index(other.stage) < stage]
        if job.needs is not None:
            names = [need.job for need in job.needs if need.artifacts]
        if job.dependencies is not None:
            names = list(job.dependencies)
        return [self.results[name] for name in names if name in self.results and self.results[name].artifacts]


def _rule_matches(rule: Rule, variables: Mapping[str, str], project: Path) -> bool:
    try:
        if rule.condition is not None and not holds(rule.condition, variables):
            return False
    except ConditionError as error:  # seen only with the variables' values
        raise PipelineError([Problem(f"rules: if: {error}")]) from error
    return not rule.exists or any(next(matching(project, pattern), None) for pattern in rule.exists)


def _workflow_starts(rules: tuple[Rule, ...], variables: Mapping[str, str], project: Path) -> bool:
    matching = next((rule for rule in rules if _rule_matches(rule, variables, project)), None)
    return matching is not None and matching.when != "never"


def _holds_up(result: JobResult) -> bool:
    if result.status == "manual":
        return not result.allowed_to_fail
    return result.status in ("failed", "skipped") and not result.allowed_to_fail


def _status(results: list[JobResult]) -> str:
    if any(result.status == "failed" and not result.allowed_to_fail for result in results):
        return "failed"
    return "success" if any(result.status == "success" for result in results) else "skipped"


def _copy_project(workspace: Path, target: Path) -> Path:
    """What a clone would hold: the files that Git tracks or would add, with their run bits."""
    listed = subprocess.run(
        ["git", "-C", str(workspace), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )
    if listed.returncode:
        raise FileNotFoundError(f"{workspace} is not a Git repository: {listed.stderr.decode().strip()}")
    for name in filter(None, listed.stdout.decode(errors="surrogateescape").split("\0")):
        source, copy = workspace / name, target / name
        if source.is_symlink() or not source.is_file():
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, copy)
    target.mkdir(parents=True, exist_ok=True)
    return target


def _predefined(workspace: Path, branch: str) -> dict[str, str]:
    """GitLab's predefined variables, as far as they mean something on one machine."""
    head = subprocess.run(
        ["git", "-C", str(workspace), "rev-parse", "HEAD"], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    sha = head.stdout.strip() if head.returncode == 0 else "0" * 40
    return {
        "CI": "true",
        "GITLAB_CI": "true",
        "CI_COMMIT_BRANCH": branch,
        "CI_COMMIT_REF_NAME": branch,
        "CI_COMMIT_REF_SLUG": branch.lower().replace("/", "-"),
        "CI_COMMIT_SHA": sha,
        "CI_COMMIT_SHORT_SHA": sha[:8],
        "CI_DEFAULT_BRANCH": branch,
        "CI_PIPELINE_ID": "1",
        "CI_PIPELINE_SOURCE": "push",
        "CI_PROJECT_NAME": workspace.resolve().name,
        "CI_SERVER": "yes",
        "LANG": os.environ.get("LANG", "C.UTF-8"),
    }
