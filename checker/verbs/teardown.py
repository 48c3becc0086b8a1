"""Part 7: deploys everything, plants resources of somebody else, runs bin/teardown.sh, and lists what is left."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from checker.checks.expectation import NotReady
from checker.curriculum.parts import Part
from checker.deployment import Deployment, ending_of
from checker.errors import LearnerProblem
from checker.verbs.bystanders import Bystanders
from checker.verbs.inventory import Resource, is_named, list_resources, named_in_state

SCRIPT = "bin/teardown.sh"
SCRIPT_WITHIN_S = 300.0
KEY_FILES = ("certs/certificate.pem", "certs/private_key.pem")
STATE_BACKUP = "terraform/terraform.tfstate.backup"


@dataclass(frozen=True)
class Aftermath:
    """What is left after the script: of what Terraform made, of what it did not, of somebody else's what is gone."""

    script_problem: str = ""
    remedy: str = ""
    """What ends the script's problem, where it is no mistake in the script's text."""
    said: str = ""
    """The last lines of a script that ended without an error."""
    left_of_terraform: tuple[Resource, ...] = ()
    left_besides: tuple[Resource, ...] = ()
    left_files: tuple[str, ...] = ()
    harmed: tuple[Resource, ...] = ()
    made: int = 0

    @property
    def story(self) -> str:
        """What is still there after a problem; else what the script said, which thought that all was well."""
        if self.script_problem:
            return f"still listed: {', '.join(map(str, self.left_of_terraform)) or 'nothing'}"
        return f"{SCRIPT} ended without an error; it said:\n{self.said}"

    @property
    def place_to_fix(self) -> str:
        """Where to look."""
        return self.remedy or "terraform destroy in bin/teardown.sh"


@dataclass
class TeardownVerbs:
    """Runs the teardown once; `invoke_function` lets the function write its log first."""

    deployment: Deployment
    parts: tuple[Part, ...]
    invoke_function: Callable[[], object]
    known_names: frozenset[tuple[str, str]]
    """Names of what the course makes beside Terraform."""
    _aftermath: Aftermath | None = field(default=None, repr=False)

    def run(self) -> Aftermath:
        """What the script left; the script runs only once."""
        if self._aftermath is None:
            self._aftermath = self._run()
        return self._aftermath

    def _run(self) -> Aftermath:
        target = self.deployment.target
        self.deployment.ensure_applied(self.parts)
        self.invoke_function()
        state = self.deployment.terraform.show()
        names, bystanders = named_in_state(state), Bystanders(target)
        try:
            bystanders.plant()
            before = list_resources(target)
            own = {
                resource
                for resource in before
                if is_named(resource, names | self.known_names) or _feeds_a_data_set(resource, json.dumps(state))
            }
            if not own:
                raise NotReady(
                    "nothing is deployed, so there is nothing to remove", fix="lab apply, when parts 1 to 6 are written"
                )
            ended = self._run_script()
            after = list_resources(target)
            harmed = tuple(bystanders.missing_from(after))
        finally:
            bystanders.remove()
        left = sorted(after & own)
        besides = tuple(resource for resource in left if not is_named(resource, names))
        of_terraform = tuple(resource for resource in left if resource not in besides)
        return replace(
            ended,
            left_of_terraform=of_terraform,
            left_besides=besides,
            left_files=self._left_files(),
            harmed=harmed,
            made=len(own),
        )

    def _run_script(self) -> Aftermath:
        try:
            return Aftermath(said=ending_of(self.deployment.run_script(SCRIPT, within_s=SCRIPT_WITHIN_S)))
        except LearnerProblem as problem:
            in_its_text = problem.next_step == f"correct {SCRIPT}"
            return Aftermath(problem.message, remedy="" if in_its_text else problem.next_step)

    def _left_files(self) -> tuple[str, ...]:
        folder = self.deployment.workspace.folder
        files = [name for name in KEY_FILES if (folder / name).exists()]
        backup = folder / STATE_BACKUP
        if backup.is_file() and "PRIVATE KEY" in backup.read_text(encoding="utf-8", errors="replace"):
            files.append(STATE_BACKUP)
        return tuple(files)


def _feeds_a_data_set(resource: Resource, state: str) -> bool:
    """A QuickSight source that a data set of the state reads, whatever its name."""
    return resource.kind == "QuickSight data source" and bool(resource.arn) and f'"{resource.arn}"' in state
