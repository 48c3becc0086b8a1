"""The pytest plugin: `pytest parts/02_invalid_data` runs the same checks, with pytest's selection and reports.

Settings: --lab-workspace or LAB_WORKSPACE, --lab-target or LAB_TARGET.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from checker.checks.check import Check, load_checks
from checker.checks.result import CheckResult
from checker.checks.runner import run_check, skipped_by_need
from checker.checks.session import Session
from checker.errors import LabError
from checker.report.terminal import Style, render_details

SESSION: pytest.StashKey[Session] = pytest.StashKey()
RESULTS: pytest.StashKey[dict[str, CheckResult]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("lab")
    group.addoption("--lab-workspace", metavar="DIR", help="the workspace to check")
    group.addoption("--lab-target", metavar="TARGET", help="local, aws, aws:PROFILE:REGION, or an endpoint's URL")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.name == "checks.py" and (file_path.parent / "part.toml").is_file():
        return ChecksFile.from_parent(parent, path=file_path)
    return None


def pytest_unconfigure(config: pytest.Config) -> None:
    if session := config.stash.get(SESSION, None):
        session.close()


class ChecksFile(pytest.File):
    """A part's checks.py."""

    def collect(self) -> Iterator[CheckItem]:
        for each in load_checks(self.path.parent):
            yield CheckItem.from_parent(self, name=each.id, check=each)


class CheckItem(pytest.Item):
    """One check as a pytest item."""

    def __init__(self, *, check: Check, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.check = check

    def runtest(self) -> None:
        results = self.config.stash.setdefault(RESULTS, {})
        session = _open_session(self.config)
        for each in load_checks(self.path.parent):
            if each.id in self.check.needs and each.id not in results:
                results[each.id] = self._run(each, session)
        results[self.check.id] = result = self._run(self.check, session)
        if result.status == "skipped":
            pytest.skip(f"{result.because}; {result.fix}")
        if result.status != "passed":
            raise CheckFailed(result)

    def _run(self, each: Check, session: Session) -> CheckResult:
        results = self.config.stash[RESULTS]
        folder = session.deployment.workspace.notes / "broken"
        return skipped_by_need(each, results) or run_check(each, session.lab, folder)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:
        if isinstance(excinfo.value, CheckFailed):
            result = excinfo.value.result
            head = f"{result.id}  {result.title}   {result.points}/{result.max_points} ({result.status})"
            return "\n".join([head, *render_details(result, Style())])
        return str(super().repr_failure(excinfo, style))

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.check.function.__code__.co_firstlineno - 1, f"{self.check.id} {self.check.title}"


class CheckFailed(Exception):
    """A check that failed or broke; the four lines are in its result."""

    def __init__(self, result: CheckResult) -> None:
        super().__init__(result.got or result.because)
        self.result = result


def _open_session(config: pytest.Config) -> Session:
    """The session of this pytest run; without one the run ends with the command contract's exit code."""
    try:
        session = _deployed_session(config)
        if session.undeployable:
            raise session.undeployable
        return session
    except LabError as error:
        pytest.exit(str(error), returncode=error.exit_code)


def _deployed_session(config: pytest.Config) -> Session:
    """The session with the workspace deployed on the target, made once."""
    if SESSION not in config.stash:
        from checker.cli.options import open_target
        from checker.curriculum.workspace import find_workspace
        from checker.deployment import Deployment

        workspace = find_workspace(_option(config, "lab_workspace"))
        target = _option(config, "lab_target") or os.environ.get("LAB_TARGET") or "local"
        session = Session(Deployment(workspace, open_target(target, workspace)))
        session.deploy()
        config.stash[SESSION] = session
    return config.stash[SESSION]


def _option(config: pytest.Config, name: str) -> str | None:
    """An option; None where pytest read the parts' conftest.py too late to know it."""
    found = config.getoption(name, default=None)
    return str(found) if found else None
