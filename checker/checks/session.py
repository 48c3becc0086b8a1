"""One run of checks: the workspace is deployed where it changed, then parts are checked; gives a Report."""

from __future__ import annotations

import hashlib
import platform
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from checker import __version__
from checker.checks.check import Check, load_checks
from checker.checks.lacking import NOT_SERVED, Lacking, find_lacking
from checker.checks.result import CheckResult, PartResult, Report
from checker.checks.runner import run_checks, shuffled, with_needs
from checker.curriculum.given import altered_files
from checker.curriculum.parts import ROOT, Part, read_parts, services_below
from checker.curriculum.simulating import end_stale_simulation
from checker.deployment import Deployment
from checker.errors import TargetDown, TargetLacks
from checker.target import Target
from checker.terraform import TerraformFailed

WRAPPING = re.compile(r"operation error [\w ]+: \w+, https response error StatusCode: \d+, RequestID: [\w-]*, ")
"""What the provider puts around AWS's own error."""
OWN_FAULT = "This is a fault of the local cloud"
"""What the kit's cloud says when it failed itself."""
UNREACHABLE = ("connection refused", "connection reset", "no such host", "EOF")


@dataclass
class Listener:
    """Who watches a run: every method may stay as it is."""

    begin_part: Callable[[Part], None] = lambda _: None
    begin: Callable[[Check], None] = lambda _: None
    done: Callable[[CheckResult], None] = lambda _: None
    end_part: Callable[[PartResult], None] = lambda _: None
    notice: Callable[[str], None] = lambda _: None


@dataclass
class Session:
    """Checks parts of one workspace on one target. Close it at the end."""

    deployment: Deployment
    listener: Listener = field(default_factory=Listener)
    _lab: Any = None
    _notices: list[str] = field(default_factory=list)
    undeployable: TerraformFailed | None = None
    """Why nothing was deployed, if Terraform refused the files."""
    _half_deployed: TerraformFailed | None = None
    _lacking: Lacking | None = None
    _services: frozenset[str] = frozenset()
    """AWS services of the part that is being checked."""
    _begun: float = field(default_factory=time.time)

    @property
    def lab(self) -> Any:
        """The object that checks are given."""
        if self._lab is None:
            from checker.verbs import Lab

            self._lab = Lab(self.deployment, read_parts())
        return self._lab

    def deploy(self) -> None:
        """Applies the workspace if it changed. What Terraform refuses is told and kept for the checks' results."""
        if end_stale_simulation(self.deployment.workspace, self.deployment.target):
            self._notice("A simulation ended without putting the cloud's clock back: it runs at real speed again")
        try:
            self.deployment.ensure_applied(read_parts())
        except TerraformFailed as failure:
            self._lacking = find_lacking(failure, self.deployment.target)
            blame_the_target(failure, self.deployment.target)
            self._notice(f"{self._lacking.because}\n{failure.message}" if self._lacking else str(failure))
            if failure.applied:
                self._half_deployed = failure
            else:
                self.undeployable = failure
        for problem in self.deployment.notices:
            self._notice(problem)

    def check_part(self, part: Part, only: Sequence[str] = (), shuffle: int | None = None) -> PartResult:
        """Runs a part's checks, or `only` some and what they need. `shuffle`: in an order that this number makes."""
        checks = load_checks(part.folder)
        self.listener.begin_part(part)
        self._services = services_below(part)
        chosen = with_needs(only, checks) if only else checks
        ordered = chosen if shuffle is None else shuffled(chosen, shuffle)
        results = self._judge_files(ordered) if self.undeployable else self._run(ordered)
        results.sort(key=lambda result: [each.id for each in chosen].index(result.id))
        result = PartResult(part.number, part.title, part.bonus, tuple(results))
        self.listener.end_part(result)
        return result

    def _run(self, checks: Sequence[Check]) -> list[CheckResult]:
        folder = self.deployment.workspace.notes / "broken"
        return run_checks(
            checks, self.lab, trace_folder=folder, begin=self.listener.begin, done=self.listener.done, amend=self._amend
        )

    def _amend(self, each: Check, result: CheckResult) -> CheckResult:
        """A failure after an apply that stopped half-way says so: what is missing may be what was not made."""
        if each.reads_files_only:
            return result
        if self._lacking and self._lacking.services & self._services and result.status != "passed":
            return replace(
                result, status="skipped", expected="", got="", fix="", because=self._lacking.because, blameless=True
            )
        if self._half_deployed is None or result.status != "failed":
            return result
        place, summary = summary_of(self._half_deployed)
        because = f"{result.because}\nterraform apply stopped at {place}: {summary}".lstrip()
        return replace(result, because=because, fix=better_fix(self._half_deployed, result.fix))

    def _judge_files(self, checks: Sequence[Check]) -> list[CheckResult]:
        """The results when Terraform refused the files: only what reads files can be judged."""
        assert self.undeployable is not None
        place, summary = summary_of(self.undeployable)
        because = f"terraform did not deploy these files: {summary}"
        judged = {result.id: result for result in self._run([each for each in checks if each.reads_files_only])}
        skipped = {
            each.id: CheckResult(each.id, each.title, "skipped", each.points, because=because, fix=place)
            for each in checks
            if each.id not in judged
        }
        self.listener.notice(f"{len(skipped)} checks were skipped: {because}; see {place}")
        return [(judged | skipped)[each.id] for each in checks]

    def report(self, parts: Sequence[PartResult]) -> Report:
        """The report of the parts that were checked, with what was checked with what."""
        return Report(tuple(parts), self._provenance(), tuple(self._notices))

    def _provenance(self) -> dict[str, Any]:
        from checker.verbs.house import SEED

        target, workspace = self.deployment.target, self.deployment.workspace
        return {
            "kit": __version__,
            "checks": checks_version(),
            "workspace": workspace.hash_of("terraform", "src", "ac_control_lambda", "bin", ".gitlab-ci.yml"),
            "altered": list(altered_files(workspace)),
            "target": target.name,
            "region": target.region,
            "began": datetime.fromtimestamp(self._begun, UTC).isoformat(timespec="seconds"),
            "seconds": round(time.time() - self._begun, 1),
            "clock": "lab" if target.control is not None else "real",
            "house_seed": SEED,
            "python": platform.python_version(),
            "platform": platform.platform(),
        }

    def _notice(self, text: str) -> None:
        self._notices.append(text)
        self.listener.notice(text)

    def close(self) -> None:
        """Disconnects what the checks connected."""
        if self._lab is not None:
            self._lab.close()
            self._lab = None

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


NOT_ASSUMED = re.compile(
    r"assume (?:the )?role .*?arn:aws[a-z-]*:iam::\d+:role/(?:[^\s:]*/)?(?P<role>[\w+=,@-]+(?:\.[\w+=,@-]+)*)"
)
"""AWS IoT about the role of a topic rule, as AWS says it and as the local cloud does."""


def summary_of(failure: TerraformFailed) -> tuple[str, str]:
    """Where Terraform stopped, and why in a line."""
    place = next((d.place for d in failure.diagnostics if d.place), "the message of Terraform")
    summary = next((d.summary.splitlines()[0] for d in failure.diagnostics if d.summary), "terraform apply failed")
    return place, WRAPPING.sub("", summary)


def better_fix(failure: TerraformFailed, fix: str) -> str:
    """A rule that was not made for its role's sake is put right at the role, not at the rule."""
    for diagnostic in failure.diagnostics:
        refused = NOT_ASSUMED.search(WRAPPING.sub("", diagnostic.summary))
        kind = diagnostic.address.split(".")[-2] if "." in diagnostic.address else ""
        if refused and kind and kind in fix:
            role = refused["role"]
            return f"assume_role_policy of the role {role}: whom it trusts, if it is the right role for {kind}"
    return fix


def blame_the_target(failure: TerraformFailed, target: Target) -> None:
    """Raises our own error if Terraform failed because of the cloud, not because of the files."""
    text = failure.message
    if OWN_FAULT in text:
        raise TargetDown(f"The local cloud failed; your files are not the reason.\n{text}", next_step="lab logs")
    if target.name == "local" and any(sign in text for sign in NOT_SERVED):
        raise TargetLacks(f"The local cloud does not serve what the files ask for.\n{text}", next_step="lab logs")
    if target.control is not None and any(sign in text for sign in UNREACHABLE):
        try:
            target.control.health()
        except TargetDown:
            raise TargetDown(
                "The local cloud ended in the middle of terraform; your files are not the reason",
                next_step="lab logs, then lab up",
            ) from failure


JUDGES = ("checks", "verbs", "pipeline")
"""The folders of checker/ that have a say in what becomes of a check."""


def checks_version() -> str:
    """A hash of all checks of the kit and of the verbs that they use."""
    digest = hashlib.sha256()
    files = [part.folder / "checks.py" for part in read_parts()]
    for file in files + sorted(file for name in JUDGES for file in (ROOT / "checker" / name).glob("*.py")):
        digest.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
