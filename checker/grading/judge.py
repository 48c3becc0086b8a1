"""One submission's judge, a process of its own: starts its cloud, checks it, says the results line by line.

Reads a request (JSON) from standard input and the submission (a tar that unpack.py made) from a descriptor. Every line
that it writes is an event; the last one is `end`. Learners' programs are started through the runner only.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from checker.checks.check import Check
from checker.checks.result import CheckResult, PartResult
from checker.checks.runner import run_checks
from checker.checks.session import Listener, Session
from checker.cloud_process import start_cloud, stop_cloud
from checker.curriculum.parts import ROOT, Part, read_parts
from checker.curriculum.workspace import Workspace
from checker.deployment import Deployment
from checker.diagnostics import Diagnostic
from checker.errors import LabError, LearnerProblem, UsageProblem
from checker.grading.archives import lay_out
from checker.grading.hidden import load_hidden
from checker.grading.house_life import HouseLife
from checker.isolation.box import python_folders
from checker.isolation.desk import PLUGINS
from checker.isolation.limits import STOPPED
from checker.isolation.tidy import tidy
from checker.process import Finished, Runner, run_program
from checker.target import local_target
from checker.terraform import TerraformFailed

Tell = Callable[..., None]
PORT, MQTT_PORT = 4566, 8883
TEARDOWN = 7
ONCE = ("--guard-control", "--one-life")
"""The cloud of one grading: its control is the judge's alone, and nobody starts it again."""
BOXES_NEED = ("__init__.py", "errors.py", "pipeline", "process.py", "supervisor.py", "fast", "terraform_install.py")
"""Of the kit's code, what the `pip` of a pipeline's job and the provider's proxy import; checks and solutions stay outside."""
OURS = ("PYTHONPATH", "LAB_WORKER_BOX", "LAB_TERRAFORM")
"""Variables of the judge that no learner's program needs."""


class Judge:
    """Judges the submission that lies in `place`/workspace."""

    def __init__(self, request: Mapping[str, Any], tell: Tell) -> None:
        self._request, self._tell = request, tell
        self._place = Path(request["place"])
        self._parts = [part for part in read_parts() if part.number in request["parts"]]
        self.workspace = Workspace(self._place / "workspace")
        self._home = Workspace(self._place / "home")
        self._told: set[str] = set()
        self._end_programs: Callable[[], None] = lambda: None
        self._limit = ""
        """The limit that the submission's last program reached, in words."""
        self._relay: Any = None
        """What continues the connections of boxes to the cloud."""

    def judge(self) -> None:
        """Tells everything there is to say about the submission."""
        hidden = load_hidden(self._request.get("hidden", {}))
        begun = time.monotonic()
        self._make_folders()
        cloud = start_cloud(self._home, attached=True, **self._cloud_options())
        self._tell("cloud", seconds=round(time.monotonic() - begun, 2))
        try:
            deployment = Deployment(self.workspace, local_target(cloud), run=self._runner(cloud))
            listener = Listener(done=self._tell_check, notice=lambda text: self._tell("notice", text=text))
            with Session(deployment, listener) as session:
                self._deploy(session)
                for part in self._parts:
                    if part.number == TEARDOWN:
                        self._let_the_house_live(session)
                    self._tell("part", part=part.number)
                    result = session.check_part(part)
                    for check in result.checks:
                        self._tell_check(check)
                    if hidden.get(part.number):
                        self._check_hidden(session, part, hidden[part.number], result)
                if TEARDOWN not in {part.number for part in self._parts}:
                    self._let_the_house_live(session)
                self._tell("provenance", **session.report([]).provenance)
        finally:
            stop_cloud(self._home)
            self._close_relay()

    def _close_relay(self) -> None:
        if self._relay is not None:
            self._relay.close()
            self._tell("relay", seconds=round(self._relay.cpu_s, 2))

    def _deploy(self, session: Session) -> None:
        begun = time.monotonic()
        try:
            session.deploy()
        except LabError as problem:
            theirs = problem.message if isinstance(problem, LearnerProblem | UsageProblem) else ""
            if not (why := self._limit or theirs):
                raise
            session.undeployable = TerraformFailed("apply", [Diagnostic("error", why)], why)
            self._tell("notice", text=why)
        self._tell("deployed", seconds=round(time.monotonic() - begun, 2))

    def _let_the_house_live(self, session: Session) -> None:
        """For the picture on the learner's page; before the teardown, which leaves nothing to live against."""
        if session.undeployable or not self._request["house_minutes"]:
            return
        begun, life = time.monotonic(), HouseLife(session.lab)
        life.live(self._request["house_minutes"])
        seconds = round(time.monotonic() - begun, 2)
        self._tell("house", seconds=seconds, readings=life.readings, commands=life.commands)

    def _check_hidden(self, session: Session, part: Part, checks: Sequence[Check], shown: PartResult) -> None:
        earlier = {check.id: check for check in shown.checks}
        if session.undeployable:
            for each in checks:
                because = "terraform did not deploy these files"
                self._tell_check(CheckResult(each.id, each.title, "skipped", each.points, because=because))
            return
        run_checks(checks, session.lab, trace_folder=self._home.notes, done=self._tell_check, earlier=earlier)

    def _tell_check(self, result: CheckResult) -> None:
        if result.id in self._told:
            return
        self._told.add(result.id)
        self._end_programs()  # of a check that was given up: what comes next reads what it could still change
        self._tell("check", **result.as_dict(), blameless=result.blameless, seconds=result.seconds)

    def _make_folders(self) -> None:
        for name in ("home/tmp", "tmp", "shared", "meeting", "workspace"):
            (self._place / name).mkdir(parents=True, exist_ok=True)
        with os.fdopen(int(sys.argv[1]), "rb") as stream:
            lay_out(stream, self.workspace.folder)
        os.environ["TMPDIR"] = str(self._home.folder / "tmp")
        if not (self.workspace.folder / ".git" / "HEAD").is_file():
            # handed in without its repository: what .gitignore names is still not part of it. Nothing else may be there:
            # the judge's git runs outside of a box, and a file `.git` leads it to settings that name programs
            subprocess.run(["rm", "-rf", str(self.workspace.folder / ".git")], check=True)
            subprocess.run(["git", "init", "--quiet", "--template=", str(self.workspace.folder)], check=True)
        if self._request["bwrap"]:
            self.workspace.notes.mkdir(exist_ok=True)
            if text := self._request["terraform_config"]:
                config = self._place / "shared" / "terraform.rc"
                config.write_text(text)
                os.environ["TF_CLI_CONFIG_FILE"] = str(config)

    def _cloud_options(self) -> dict[str, Any]:
        if not self._request["bwrap"]:
            return {"options": [*ONCE]}
        from checker.isolation.workers import worker_settings

        os.environ.update(worker_settings(self._request["bwrap"], _offers()))
        launcher = ["--launcher", "checker.isolation.workers:BoxLauncher"]
        return {"port": PORT, "mqtt_port": MQTT_PORT, "options": [*ONCE, *launcher]}

    def _runner(self, cloud: Mapping[str, Any]) -> Runner:
        run = self._boxed(cloud) if self._request["bwrap"] else run_program
        scratch = str(self._place / "tmp")

        def limited(command: Any, *, within_s: float, env: Mapping[str, str], **rest: Any) -> Finished:
            if threading.current_thread().name in self._told:
                raise LabError("This check was given up: nothing more is run for it")
            theirs = {name: value for name, value in env.items() if name not in OURS}
            if not theirs.get("TMPDIR", "").startswith(scratch):
                theirs["TMPDIR"] = scratch
            begun = time.monotonic()
            finished = run(command, within_s=min(within_s, self._request["program_s"]), env=theirs, **rest)
            name = " ".join(Path(str(word)).name for word in command[:2])
            self._tell("program", name=name, seconds=round(time.monotonic() - begun, 2))
            self._limit = ""
            if finished.timed_out:
                self._limit = f"{name} did not end within {self._request['program_s']:.0f} s and was stopped"
            elif (last := finished.stderr.strip().rpartition("\n")[2]).startswith(STOPPED):
                self._limit = f"{name} was {last}"
            os.chmod(scratch, 0o700)
            for left in tidy(self.workspace.folder, (PLUGINS, *python_folders())):
                self._tell("notice", text=f"{left} was removed after {name}: submissions hold files and folders only")
            return finished

        limited.scratch = scratch  # type: ignore[attr-defined]
        return limited

    def _boxed(self, cloud: Mapping[str, Any]) -> Runner:
        from checker.grading.provider import Prepared, ProviderOfOne
        from checker.isolation.box import Box
        from checker.isolation.program import BoxedRunner
        from checker.isolation.relay import Relay

        tools = [Path(tool) for tool in self._request["tools"]]
        kit = [ROOT / "checker" / name for name in BOXES_NEED]
        readable = [*python_folders(), *tools, *kit, self._place / "shared", Path(cloud["ca_file"])]
        readable += [PLUGINS] if PLUGINS.is_dir() else []
        readable += [Path(given["schema"])] if (given := self._request["prepared"]) else []
        folder, meeting = self.workspace.folder, self._place / "meeting"
        box = Box(
            readable=(*readable, meeting), writable=(folder, self._place / "tmp"),
            frozen=(folder / ".git",), masked=(folder / ".lab",),
        )  # fmt: skip
        self._relay = Relay()
        boxed = BoxedRunner(box, self._request["bwrap"], _offers(), self._relay)
        self._end_programs = boxed.end_all
        if not given:
            return boxed
        prepared = Prepared(**{**given, "packages": tuple(given["packages"])})
        its_box = Box(readable=(*readable, folder, self._place / "tmp"), writable=(meeting,), masked=(folder / ".lab",))
        its_own = BoxedRunner(its_box, self._request["bwrap"], _offers(), self._relay)
        return ProviderOfOne(boxed, its_own, self.workspace.terraform, prepared, self._place / "shared", meeting)


def _offers() -> dict[int, tuple[str, int]]:
    return {port: ("127.0.0.1", port) for port in (PORT, MQTT_PORT)}


def main() -> None:
    """Judges one submission; whatever goes wrong is the last event before `end`."""
    events = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def tell(event: str, **content: Any) -> None:
        events.write(json.dumps({"event": event, **content}) + "\n")
        events.flush()

    try:
        Judge(json.loads(sys.stdin.read()), tell).judge()
    except LabError as error:
        tell("broken", text=str(error))
    except Exception as error:
        import traceback

        tell("broken", text=f"{type(error).__name__}: {error}", trace=traceback.format_exc())
    tell("end")
