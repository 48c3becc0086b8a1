"""One round of `lab watch`: apply, which validates and plans first, and check the part. Tells what happens as it happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from checker.checks.result import CheckResult
from checker.checks.session import Listener, Session
from checker.cloud_process import running_cloud, start_cloud
from checker.curriculum.parts import Part
from checker.curriculum.progress import remember
from checker.curriculum.workspace import Workspace
from checker.deployment import Deployment
from checker.errors import LabError
from checker.process import Runner
from checker.target import Target, find_target


@dataclass
class Round:
    """Who hears what in a round: every method may stay as it is."""

    doing: Callable[[str], None] = lambda _: None
    result: Callable[[CheckResult], None] = lambda _: None
    problem: Callable[[str], None] = lambda _: None
    notice: Callable[[str], None] = lambda _: None


@dataclass
class Rounds:
    """Runs rounds for one workspace on one target, which is asked for its clients once."""

    workspace: Workspace
    target_name: str
    run: Runner
    _target: Target | None = field(default=None, repr=False)

    def run_round(self, part: Part, tell: Round) -> None:
        """Everything from the files to the last check's result; whatever is wrong is told, nothing is raised."""
        try:
            self._deploy_and_check(part, tell)
        except LabError as problem:
            tell.problem(str(problem))

    def environment(self) -> dict[str, str]:
        """The environment in which Terraform runs."""
        return self._deployment(lambda _: None).environment()

    def _deploy_and_check(self, part: Part, tell: Round) -> None:
        deployment = self._deployment(tell.doing)
        if not deployment.is_current:
            tell.doing("terraform apply")
        noticed: list[str] = []
        listener = Listener(
            begin=lambda each: tell.doing(f"checking {each.id}"), done=tell.result, notice=noticed.append
        )
        with Session(deployment, listener) as session:
            session.deploy()
            if session.undeployable:
                tell.problem(str(session.undeployable))
                return
            for text in noticed:
                tell.notice(text)
            remember(self.workspace, session.report([session.check_part(part)]))

    def _deployment(self, say: Callable[[str], None]) -> Deployment:
        return Deployment(self.workspace, self._open_target(), say, run=self.run)

    def _open_target(self) -> Target:
        """The target as it is now; the same object as long as it is the same cloud, for its open connections."""
        if self.target_name == "local" and running_cloud(self.workspace) is None:
            start_cloud(self.workspace)
        if self._target is None or self.target_name == "local":
            found = find_target(self.target_name, self.workspace.folder)
            if self._target is None or found.identity != self._target.identity:
                self._target = found
        return self._target
