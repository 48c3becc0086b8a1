"""Terraform in a workspace: the one place that knows the library python-terraform and what is dangerous in it.

python-terraform 0.10.1 builds the command lines. Everything else is replaced here: it inherits standard input, knows no
time-out, leaves processes behind, runs misspelt methods as commands, and its destroy() and output(name) do not work.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import python_terraform

from checker.diagnostics import (
    Diagnostic,
    describe_progress,
    describe_sudden_end,
    diagnostics_of,
    errors_of,
    is_change,
    is_unlisted,
    number_in,
    parse_diagnostic,
    parse_messages,
    part_of,
    plain_lines,
)
from checker.errors import LabError, LearnerProblem
from checker.process import Finished, Runner, run_program, scratch_of

FLAG = python_terraform.IsFlagged
LOCKED = "Error acquiring the state lock"
LOCK_TIMEOUT = "60s"
"""How long a run waits for another one in the same workspace: lab watch and lab check side by side."""
NEEDS_INIT = (
    "terraform init",
    "Inconsistent dependency lock file",
    "Required plugins are not installed",
    "Module not installed",
    "Missing required provider",
    "Backend initialization required",
)


UNLISTED = (
    "It exists already, but not as this resource: two resources have one name, or an apply was broken off, "
    "the state was lost, or somebody made it by hand"
)
UNLISTED_REMEDY = (
    "if two resources have one name, rename one; if not, on the local cloud: lab reset-cloud, then lab apply "
    "(what is stored there is lost), on AWS: terraform import, or delete it there"
)


class TerraformFailed(LearnerProblem):
    """Terraform refused the configuration or could not carry it out; `diagnostics` say what and where."""

    def __init__(self, action: str, diagnostics: list[Diagnostic], output: str = "", applied: bool = False) -> None:
        self.action, self.diagnostics, self.applied = action, diagnostics, applied
        text = "\n".join(d.render() for d in diagnostics) or output.strip() or "it said nothing"
        mistakes = [d for d in diagnostics if not is_unlisted(d)]
        place = next((d.place for d in mistakes if d.place), "")
        next_step = f"correct {place}, then run the same command again" if place else ""
        if diagnostics and not mistakes:
            text, next_step = f"{text}\n{UNLISTED}", UNLISTED_REMEDY
        super().__init__(f"terraform {action} failed:\n{text}", next_step=next_step)


@dataclass(frozen=True)
class Changes:
    """How many resources an apply or a plan adds, changes and removes."""

    add: int = 0
    change: int = 0
    remove: int = 0

    @property
    def any(self) -> bool:
        return bool(self.add or self.change or self.remove)


class _VariableFiles(python_terraform.VariableFiles):  # type: ignore[misc]
    """Files of variables in a folder that Terraform reaches."""

    def __init__(self, folder: str | None) -> None:
        super().__init__()
        self._folder = folder

    def create(self, variables: Mapping[str, Any]) -> str:
        with tempfile.NamedTemporaryFile("w", suffix=".tfvars.json", dir=self._folder, delete=False) as file:
            self.files.append(file)
            json.dump(variables, file)
        return file.name


class _CommandLines(python_terraform.Terraform):  # type: ignore[misc]
    """The library's command lines; running them is ours."""

    def __init__(self, run: Callable[[list[str]], Finished], binary: Path, folder: Path, scratch: str | None) -> None:
        super().__init__(working_dir=str(folder), terraform_bin_path=str(binary))
        self._run = run
        self.temp_var_files = _VariableFiles(scratch)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"python-terraform has no method {name}")

    def read_state_file(self, file_path: str | None = None) -> None:
        """The library reads the state file after every command; nobody here needs it."""

    def cmd(self, cmd: str, *args: str, **options: Any) -> Finished:
        try:
            return self._run(self.generate_cmd_string(cmd, *args, **options))
        finally:
            self.temp_var_files.clean_up()


class Terraform:
    """Terraform in one folder against one target: `environment` is the whole environment of its processes."""

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        binary: Path,
        say: Callable[[str], None] = lambda _: None,
        within_s: float = 600.0,
        run: Runner = run_program,
    ) -> None:
        self.folder, self._environment, self._say, self._within_s = folder, dict(environment), say, within_s
        self._run_program = run
        self._environment |= {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}
        self._library = _CommandLines(self._run, binary, folder, scratch_of(run))

    def init(self) -> None:
        """`terraform init`: providers and modules; about half a second with a mirror."""
        self._say("terraform init ...")
        finished = self._library.init(json=FLAG, reconfigure=None)
        self._raise_unless_succeeded("init", finished)

    def validate(self) -> list[Diagnostic]:
        """The errors and warnings of the configuration, found without asking AWS."""
        try:
            finished = self._with_init(lambda: self._library.cmd("validate", json=FLAG))
        except TerraformFailed as failure:
            if failure.diagnostics:
                return failure.diagnostics
            raise
        try:
            return [parse_diagnostic(raw) for raw in json.loads(finished.stdout)["diagnostics"]]
        except (ValueError, KeyError):
            self._raise_unless_succeeded("validate", finished)
            raise LabError(f"terraform validate said what the kit cannot read:\n{finished.stdout}") from None

    def apply(self) -> Changes:
        """Makes the target be as the files say."""
        finished = self._with_init(
            lambda: self._library.apply(skip_plan=True, json=FLAG, no_color=None, lock_timeout=LOCK_TIMEOUT)
        )
        self._raise_unless_succeeded("apply", finished)
        return _changes(finished, "apply")

    def plan(self) -> Changes:
        """What an apply would do now."""
        finished = self._with_init(
            lambda: self._library.plan(detailed_exitcode=None, json=FLAG, no_color=None, lock_timeout=LOCK_TIMEOUT)
        )
        self._raise_unless_succeeded("plan", finished)
        return _changes(finished, "plan")

    def outputs(self) -> dict[str, Any]:
        """The outputs' values by name, sensitive ones too; empty before the first apply."""
        finished = self._library.cmd("output", json=FLAG)
        self._raise_unless_succeeded("output", finished)
        return {name: output["value"] for name, output in json.loads(finished.stdout or "{}").items()}

    def show(self) -> dict[str, Any]:
        """The state as `terraform show -json` describes it."""
        finished = self._with_init(lambda: self._library.cmd("show", json=FLAG))
        self._raise_unless_succeeded("show", finished)
        return dict(json.loads(finished.stdout or "{}"))

    def destroy(self) -> Changes:
        """Removes everything that the state lists."""
        finished = self._with_init(
            lambda: self._library.destroy(
                force=None, auto_approve=FLAG, json=FLAG, no_color=None, lock_timeout=LOCK_TIMEOUT
            )
        )
        self._raise_unless_succeeded("destroy", finished)
        return _changes(finished, "destroy")

    def _with_init(self, command: Callable[[], Finished]) -> Finished:
        if not (self.folder / ".terraform").is_dir():
            self.init()
            return command()
        finished = command()
        if finished.returncode and any(sign in finished.stdout + finished.stderr for sign in NEEDS_INIT):
            self.init()
            return command()
        return finished

    def _run(self, command: list[str]) -> Finished:
        finished = self._run_program(
            command, cwd=self.folder, env=self._environment, within_s=self._within_s, on_line=self._report
        )
        if finished.timed_out:
            raise LabError(
                f"terraform {command[1]} did not end within {self._within_s:.0f} s and was stopped",
                next_step="lab logs shows what the cloud was asked last",
            )
        return finished

    def _report(self, line: str) -> None:
        for message in parse_messages([line]):
            if progress := describe_progress(message):
                self._say(progress)

    def _raise_unless_succeeded(self, action: str, finished: Finished) -> None:
        if finished.succeeded:
            return
        messages = parse_messages(finished.stdout.splitlines())
        errors = sorted(errors_of(diagnostics_of(messages)), key=lambda d: (d.filename, d.line))
        if ended := describe_sudden_end(action, finished, messages, errors):
            raise LabError(ended, next_step="run the same command again: Terraform goes on where it stopped")
        if any(error.summary.startswith(LOCKED) for error in errors):
            raise LabError(
                f"Another Terraform works on this workspace's state, and did not end within {LOCK_TIMEOUT}",
                next_step="end lab watch, lab check or terraform in the other terminal, then run the same command again",
            )
        started = any(is_change(message) for message in messages)
        raise TerraformFailed(action, errors, finished.stderr or plain_lines(finished.stdout), applied=started)


def _changes(finished: Finished, operation: str) -> Changes:
    for message in reversed(parse_messages(finished.stdout.splitlines())):
        counts = part_of(message, "changes")
        if message.get("type") == "change_summary" and counts.get("operation") == operation:
            return Changes(*(number_in(counts, name) for name in ("add", "change", "remove")))
    return Changes()


def outputs_in_state(text: bytes) -> dict[str, Any] | None:
    """The outputs' values in a state file of the version that is known, 4; None if it is none: then Terraform is asked.

    Saves a start of Terraform at every check.
    """
    try:
        state = json.loads(text)
        return {name: output["value"] for name, output in state["outputs"].items()} if state["version"] == 4 else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def accounts_in_state(text: str) -> set[str]:
    """The AWS accounts that own the managed resources of a state file, read from their ARNs."""
    try:
        managed = [each for each in json.loads(text)["resources"] if each.get("mode") == "managed"]
        arns = [instance.get("attributes", {}).get("arn") for each in managed for instance in each.get("instances", [])]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return set()
    return {arn.split(":")[4] for arn in arns if isinstance(arn, str) and arn.count(":") >= 5 and arn.split(":")[4]}
