"""The workspace's GitLab pipeline, run on a copy, and the repository that it lives in."""

from __future__ import annotations

import io
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checker.curriculum.workspace import Workspace
from checker.deployment import Deployment, ending_of

FAILING_TEST = "\n\ndef test_of_the_lab_that_fails():\n    raise AssertionError('this test fails on purpose')\n"
NOT_COPIED = (".lab", ".terraform", "certs", "build", "*.tfstate*", "__pycache__", ".git", ".venv", "node_modules")
SECRETS = {
    "an AWS access key id": re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    "an AWS secret access key": re.compile(r"(?i)aws_?secret_?access_?key\b[\"']?\s*[:=]\s*[\"']?[A-Za-z0-9/+=]{16,}"),
    "a private key": re.compile(r"-----BEGIN (?:RSA |EC |OPENSSH |ENCRYPTED )?PRIVATE KEY-----"),
    "a GitLab token": re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}"),
}
SECRET_FILES = re.compile(
    r"(?:^|/)(?:certs/.*|.*\.pem|.*\.key|.*\.tfstate(?:\.backup)?|\.aws/.*|credentials(?:\.csv)?)$"
)
INSTALLED = re.compile(r"(?:.*?/)?(?:site-packages|\.venv|venv|node_modules)/")
LARGEST_FILE = 2_000_000
MOST_OF_GIT, GIT_WITHIN_S = 32 * 1024 * 1024, 60.0
REMEDIES = (
    (r"bash(\\r|\^M)|\\r'", "the line ends of the script: LF, not CRLF (your editor; .gitattributes)"),
    (r"Permission denied", "the run bit of the script: chmod +x FILE, git update-index --chmod=+x FILE"),
    (
        r"command not found|No module named",
        "the job's before_script: install what the image does not bring (pip install)",
    ),
    (
        r"no matching files|\.zip is missing",
        "artifacts: paths: of the package job: the very file that its script makes",
    ),
    (r"Function not found", "region (AWS_REGION) and PREFIX of the deploy job in .gitlab-ci.yml"),
    (r": not added, by its rules", "the rules: of the job in .gitlab-ci.yml: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"),
    (r"manual \(when", "when: manual of the job in .gitlab-ci.yml"),
)
"""What a run's summary shows, and where to look then."""


@dataclass(frozen=True)
class PipelineRun:
    """One run: the runner's result, the zip files that jobs handed on, what the run changed in the workspace's copy."""

    result: Any
    packages: tuple[tuple[str, bytes], ...]
    problems: tuple[str, ...] = ()
    deployed_sha256: str = ""
    """The hash of the function's code at the end of the run."""
    absent: tuple[tuple[str, str], ...] = ()
    """Stage and name of the jobs that their rules left out."""

    @property
    def status(self) -> str:
        return str(self.result.status) if self.result else "not valid"

    def status_of_stage(self, stage: str) -> str:
        """`success` if all jobs of a stage ended so, else the first other status; `missing` without a job."""
        statuses = [job.status for job in self.result.jobs if job.stage == stage] if self.result else []
        return next((status for status in statuses if status != "success"), "success" if statuses else "missing")

    @property
    def summary(self) -> str:
        """One line a job, and the end of the log of those that failed."""
        if self.result is None:
            return "\n".join(self.problems)
        lines = [
            f"{stage}: {name}: not added, by its rules, to a pipeline of branch main" for stage, name in self.absent
        ]
        for job in self.result.jobs:
            lines.append(f"{job.stage}: {job.name}: {job.status}" + (f" ({job.reason})" if job.reason else ""))
            if job.status == "failed":
                lines += ["  " + line for line in job.log.strip().splitlines()[-12:]]
            else:
                lines += ["  " + line for line in job.log.splitlines() if line.startswith("WARNING: ")]
        return "\n".join(lines) or "no job ran"

    @property
    def place_to_fix(self) -> str:
        """Where to look, by what the summary tells."""
        return next(
            (fix for sign, fix in REMEDIES if re.search(sign, self.summary)), "the job's script in .gitlab-ci.yml"
        )


class PipelineVerbs:
    """Validates and runs the pipeline; looks for secrets in the repository."""

    def __init__(self, deployment: Deployment, deployed_sha256: Callable[[], str]) -> None:
        self._deployment, self._workspace, self._deployed_sha256 = deployment, deployment.workspace, deployed_sha256
        self._runs: dict[bool, PipelineRun] = {}

    def problems(self) -> list[str]:
        """What is wrong with .gitlab-ci.yml; empty if GitLab would take it."""
        from checker.pipeline import validate

        return [str(problem) for problem in validate(self._workspace.folder)]

    def stages(self) -> dict[str, list[str]]:
        """The stages of the pipeline in order, each with the names of its jobs."""
        from checker.pipeline.read import read

        pipeline = read(self._workspace.folder)
        jobs = {stage: [j.name for j in pipeline.jobs.values() if j.stage == stage] for stage in pipeline.stages}
        return {stage: names for stage, names in jobs.items() if stage not in (".pre", ".post") or names}

    def run(self, *, with_failing_test: bool = False) -> PipelineRun:
        """Runs the pipeline on a copy of the workspace, once per kind; with a unit test that fails, if wanted.

        The copy carries a mark of its own in the function's code, so that its package is like no other.
        """
        if with_failing_test not in self._runs:
            self._runs[with_failing_test] = self._run(with_failing_test)
        return self._runs[with_failing_test]

    def _run(self, with_failing_test: bool) -> PipelineRun:
        from checker.pipeline import run_pipeline
        from checker.pipeline.model import PipelineError

        with tempfile.TemporaryDirectory(prefix="lab-pipeline-") as temporary:
            copy = Path(temporary) / "workspace"
            shutil.copytree(self._workspace.folder, copy, ignore=shutil.ignore_patterns(*NOT_COPIED), symlinks=True)
            _mark(copy, with_failing_test)
            for command in (["git", "init", "-q", "-b", "main"], ["git", "add", "-A"], _commit()):
                done = subprocess.run(
                    command, cwd=copy, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL
                )
                if done.returncode:  # as .gitattributes asks for an encoding that there is not
                    return PipelineRun(None, (), (f"Git cannot take these files: {ending_of(done.stderr, lines=3)}",))
            folder = Path(temporary) / "run"
            folder.mkdir()
            try:
                given = {"folder": folder, "progress": self._deployment.say, "run": self._deployment.run}
                result = run_pipeline(copy, self._variables(), **given)
            except PipelineError as error:
                return PipelineRun(None, (), tuple(map(str, error.problems)))
            ran = {job.name for job in result.jobs}
            absent = tuple((stage, job) for stage, jobs in self.stages().items() for job in jobs if job not in ran)
            return PipelineRun(result, tuple(_packages(result)), (), self._deployed_sha256(), absent)

    def _variables(self) -> dict[str, str]:
        """The CI/CD variables of the project: credentials, region, endpoint, prefix."""
        target = self._deployment.target
        variables = {name: value for name, value in target.settings.items() if name.startswith("AWS_")}
        if target.is_aws:
            credentials = target.session.get_credentials().get_frozen_credentials()
            variables |= {"AWS_ACCESS_KEY_ID": credentials.access_key, "AWS_SECRET_ACCESS_KEY": credentials.secret_key}
            variables |= {"AWS_SESSION_TOKEN": credentials.token} if credentials.token else {}
            variables.pop("AWS_PROFILE", None)
        prefix = self._deployment.outputs.get("prefix") or ""
        return variables | {"PREFIX": prefix, "TF_VAR_prefix": prefix}

    def installed_packages(self) -> list[str]:
        """The folders of installed packages that Git would commit, each with its number of files."""
        found = Counter(m.group() for name in _listed_files(self._workspace) if (m := INSTALLED.match(name)))
        return [f"{folder} holds {number} files of installed packages" for folder, number in sorted(found.items())]

    def secrets(self) -> list[str]:
        """Credentials and key files in what the repository holds or ever held, each with its place."""
        return list(dict.fromkeys(find_secrets(self._workspace)))


def _commit() -> list[str]:
    who = ["-c", "user.name=Lab kit", "-c", "user.email=lab@localhost"]
    return ["git", *who, "commit", "-q", "--no-verify", "--allow-empty", "-m", "Run of the lab"]


def _mark(copy: Path, with_failing_test: bool) -> None:
    handler = copy / "ac_control_lambda" / "ac_control_lambda.py"
    if handler.is_file():
        handler.write_bytes(handler.read_bytes() + f"\n# pipeline run {uuid.uuid4()}\n".encode())
    if with_failing_test:
        tests = (copy / "ac_control_lambda" / "tests").glob("test_*.py")
        for file in (each for each in tests if each.is_file()):
            file.write_bytes(file.read_bytes() + FAILING_TEST.encode())


def _packages(result: Any) -> Iterator[tuple[str, bytes]]:
    for job in result.jobs:
        for name in job.artifacts:
            if name.endswith(".zip") and job.folder is not None and (job.folder / name).is_file():
                yield name, (job.folder / name).read_bytes()


def find_secrets(workspace: Workspace) -> Iterator[str]:
    """Secrets in the files that Git would commit and in the repository's history."""
    for name in _listed_files(workspace):
        file = workspace.folder / name
        if SECRET_FILES.search(name):
            yield f"{name} is a key or state file"
        elif file.is_file() and file.stat().st_size <= LARGEST_FILE:
            for line_number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
                yield from (f"{name} line {line_number} holds {kind}" for kind in secrets_in(line))
    yield from _secrets_of_history(workspace)


def secrets_in(text: str) -> list[str]:
    """The kinds of secret that a text holds."""
    return [kind for kind, pattern in SECRETS.items() if pattern.search(text)]


def _listed_files(workspace: Workspace) -> list[str]:
    done = _git(workspace, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if done is not None:
        return [name for name in done.split("\0") if name]
    skipped = {".lab", ".terraform", ".git", ".venv", "__pycache__"}
    return [
        str(file.relative_to(workspace.folder))
        for file in workspace.folder.rglob("*")
        if file.is_file() and not skipped & set(file.relative_to(workspace.folder).parts)
    ]


def _secrets_of_history(workspace: Workspace) -> Iterator[str]:
    try:
        log = _git(workspace, "log", "--all", "--unified=0", "--no-color", "--format=commit %h", "-p") or ""
    except TooLarge:
        yield f"the history has changes of more than {MOST_OF_GIT // 1024 // 1024} MB, too much to be searched for secrets"
        return
    commit = name = ""
    for line in map(str.rstrip, io.StringIO(log)):
        if line.startswith("commit "):
            commit = line.removeprefix("commit ")
        elif line.startswith("+++ b/"):
            name = line.removeprefix("+++ b/")
            if SECRET_FILES.search(name):
                yield f"{name} is a key or state file in commit {commit}"
        elif line.startswith("+"):
            yield from (f"{name} in commit {commit} holds {kind}" for kind in secrets_in(line))


def _git(workspace: Workspace, *arguments: str) -> str | None:
    """What Git says in the workspace's own repository; None without one."""
    if not (workspace.folder / ".git").exists():
        return None
    with subprocess.Popen(
        ["git", *arguments], cwd=workspace.folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    ) as git:  # fmt: skip
        end = threading.Timer(GIT_WITHIN_S, git.kill)
        end.start()
        try:
            assert git.stdout is not None
            said = git.stdout.read(MOST_OF_GIT + 1)
            if len(said) > MOST_OF_GIT:
                git.kill()
            git.wait()
        finally:
            end.cancel()
    if len(said) > MOST_OF_GIT or git.returncode == -signal.SIGKILL:
        raise TooLarge
    return said.decode(errors="replace") if git.returncode == 0 else None


class TooLarge(Exception):
    """Git says more, or takes longer, than a history of a course's work can be the reason for."""
