"""A workspace on a target: applied when files changed since the last time, its outputs, its certificate files."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from checker.curriculum.parts import STARTER, Part, read_parts
from checker.curriculum.workspace import Workspace
from checker.errors import LabError, LearnerProblem, UsageProblem
from checker.process import Runner, run_program
from checker.target import Target
from checker.terraform import Changes, Terraform, accounts_in_state, outputs_in_state
from checker.terraform_install import cli_config_file, ensure_terraform

NOTE = "applied.json"
CERTIFICATE_FILES = {"certificate_pem": "certificate.pem", "private_key": "private_key.pem", "iot_endpoint": "endpoint"}
SCRIPT_WITHIN_S = 120.0


def _quiet(_: str) -> None:
    """Says nothing."""


@dataclass
class Deployment:
    """Terraform, outputs and certificates of one workspace on one target. `say` hears the progress of long steps."""

    workspace: Workspace
    target: Target
    say: Callable[[str], None] = _quiet
    notices: list[str] = field(default_factory=list)
    """What went wrong beside Terraform and did not stop it."""
    run: Runner = run_program
    """How whatever a learner wrote is run."""
    _outputs: dict[str, Any] | None = field(default=None, repr=False)

    @property
    def terraform(self) -> Terraform:
        binary = ensure_terraform(say=self.say)
        return Terraform(self.workspace.terraform, self.environment(), binary, self.say, run=self.run)

    def environment(self) -> dict[str, str]:
        """The environment of every program that works in the workspace: Terraform, scripts, the house."""
        environment = self.target.environment()
        environment["TF_CLI_CONFIG_FILE"] = str(cli_config_file(self.workspace.terraform, os.environ))
        tools = [str(Path(sys.executable).parent), str(ensure_terraform(say=self.say).parent)]
        environment["PATH"] = os.pathsep.join([*tools, environment.get("PATH", os.defpath)])
        return environment

    @property
    def is_current(self) -> bool:
        """Were these very files, and the programs before them, applied to this very target, and is the state untouched?"""
        return self.workspace.read_note(NOTE).get(self.target.name) == self._fingerprint()

    def apply(self, before: Iterable[Part] = ()) -> Changes:
        """Applies the files, whether or not they changed; runs the parts' `before_apply` programs first."""
        self._refuse_foreign_state()
        self._forget()
        self._run_before_apply(before)
        self._outputs = None
        changes = self.terraform.apply()
        self._remember()
        self.write_certificates()
        return changes

    def ensure_applied(self, before: Iterable[Part] = ()) -> Changes | None:
        """Applies the files if they or the target changed since the last apply; None if there was nothing to do."""
        return None if self.is_current else self.apply(before)

    def destroy(self) -> Changes:
        """Removes what Terraform made here."""
        self._refuse_foreign_state()
        self._forget()
        changes = self.terraform.destroy()
        self._outputs = None
        return changes

    @property
    def outputs(self) -> dict[str, Any]:
        """The outputs of the last apply."""
        if self._outputs is None:
            place = (
                None if (self.workspace.terraform / ".terraform/terraform.tfstate").is_file() else self._state_place()
            )
            found = outputs_in_state(place.read_bytes()) if place and place.is_file() else None
            self._outputs = self.terraform.outputs() if found is None else found
        return self._outputs

    def write_certificates(self) -> None:
        """Writes the prescribed outputs into certs/, the private key readable by its owner only."""
        for output, name in CERTIFICATE_FILES.items():
            file = self.workspace.certs / name
            _clear(file)
            if not isinstance(self.outputs.get(output), str):
                continue
            if not self.workspace.certs.is_dir():
                _clear(self.workspace.certs)
                self.workspace.certs.mkdir()
            descriptor = os.open(
                file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if name == "private_key.pem" else 0o644
            )
            with os.fdopen(descriptor, "w") as opened:
                opened.write(self.outputs[output].rstrip("\n") + "\n")

    def _run_before_apply(self, parts: Iterable[Part]) -> None:
        """Runs what the learner has written of the parts' `before_apply` programs; a failure does not stop Terraform."""
        self.notices.clear()
        for program in (program for part in parts for program in part.before_apply):
            own, given = self.workspace.folder / program, STARTER / program
            if own.is_file() and not (given.is_file() and own.read_bytes() == given.read_bytes()):
                try:
                    self.run_script(program, prefix=written_prefix(self.workspace.terraform))
                except LearnerProblem as problem:
                    self.notices.append(problem.message)

    def run_script(self, program: str, within_s: float = SCRIPT_WITHIN_S, prefix: str | None = None) -> str:
        """Runs a program of the workspace against the target; returns what it said.

        `prefix`: what goes before the names, if not what was deployed.
        """
        file = self.workspace.folder / program
        if not file.is_file():
            raise LearnerProblem(
                f"{program} is missing in the workspace", next_step="lab reset brings the starter's file back"
            )
        command = [sys.executable, str(file)] if file.suffix == ".py" else ["bash", str(file)]
        if file.suffix != ".py" and not os.access(file, os.X_OK):
            raise LearnerProblem(f"{program} has no run bit", next_step=f"chmod +x {program}")
        if file.suffix != ".py" and b"\r\n" in file.read_bytes():
            raise LearnerProblem(
                f"{program} has the line ends of Windows (CRLF): a shell takes the CR for a part of the command",
                next_step=f"save {program} with LF at the ends of its lines; .gitattributes keeps them so",
            )
        self.say(f"{program} ...")
        environment = self.environment() | self._prefix(prefix)
        done = self.run(command, cwd=self.workspace.folder, env=environment, within_s=within_s)
        if not done.succeeded:
            ended = f"{program} ended with exit code {done.returncode}"
            what = f"{program} did not end within {within_s:.0f} s" if done.timed_out else ended
            said = ending_of(done.stdout + done.stderr)
            raise LearnerProblem(f"{what}:\n{said}", next_step=f"correct {program}")
        return done.stdout

    def _prefix(self, chosen: str | None = None) -> dict[str, str]:
        """The deployment's `prefix` as the scripts read it; what the caller set counts before the first apply."""
        prefix = chosen or (self.outputs.get("prefix") if self._state_hash() else None)
        return {"PREFIX": str(prefix), "TF_VAR_prefix": str(prefix)} if prefix else {}

    def _fingerprint(self) -> dict[str, str]:
        return {
            "target": self.target.identity,
            "files": self.workspace.hash_of(
                "terraform", *(program for part in read_parts() for program in part.before_apply)
            ),
            "state": self._state_hash(),
        }

    def _state_place(self) -> Path:
        """Where Terraform keeps the state of this target, unless the files say elsewhere (a backend)."""
        name = self.target.settings.get("TF_WORKSPACE")
        return self.workspace.terraform / (f"terraform.tfstate.d/{name}" if name else "") / "terraform.tfstate"

    def _refuse_foreign_state(self) -> None:
        """One state for two accounts: Terraform would take what it finds for gone, and lose the other account's."""
        place = self._state_place()
        owners = accounts_in_state(place.read_text(encoding="utf-8", errors="replace")) if place.is_file() else set()
        if owners and (own := self._account()) and own not in owners:
            raise UsageProblem(
                f"{place.relative_to(self.workspace.folder)} describes what is in account {', '.join(sorted(owners))}; "
                f"{self.target.name} is account {own}",
                next_step="use the profile of that account, or a workspace of its own for each account: lab new DIR",
            )

    def _account(self) -> str:
        """The target's account; empty if it does not say."""
        from checker.checks.expectation import NotAvailable
        from checker.verbs.aws import aws_answers

        try:
            with aws_answers():
                return self.target.account
        except (NotAvailable, LabError):
            return ""

    def _state_hash(self) -> str:
        place = self._state_place()
        return hashlib.sha256(place.read_bytes()).hexdigest() if place.is_file() else ""

    def _remember(self) -> None:
        self.workspace.write_note(NOTE, self.workspace.read_note(NOTE) | {self.target.name: self._fingerprint()})

    def _forget(self) -> None:
        note = self.workspace.read_note(NOTE)
        if note.pop(self.target.name, None):
            self.workspace.write_note(NOTE, note)


def _clear(place: Path) -> None:
    """Removes what stands in the place of a file of ours, whatever it is; where there is none, nothing."""
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            place.unlink()


def written_prefix(folder: Path) -> str | None:
    """The value of the variable `prefix` in a folder's files of variables: what the next apply will use."""
    files = [folder / "terraform.tfvars", *sorted(folder.glob("*.auto.tfvars"))]
    texts = [file.read_text(encoding="utf-8", errors="replace") for file in files if file.is_file()]
    found = [match for text in texts for match in re.findall(r'^[ \t]*prefix\s*=\s*"([^"]*)"', text, re.MULTILINE)]
    return found[-1] if found else None


def ending_of(output: str, lines: int = 15) -> str:
    """The last lines of what a program said, without colours."""
    said = re.sub(r"\x1b\[[0-9;]*m", "", output).strip().splitlines()
    if len(said) > lines:
        said = [f"(the last {lines} of {len(said)} lines)", *said[-lines:]]
    return "\n".join(said) or "(it said nothing)"
