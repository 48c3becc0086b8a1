"""Proves the checks on known answers: every mistake fails exactly its checks with its messages, every variant passes.

Each case has a workspace of its own. One that changes what Terraform reads has a cloud of its own, too; the others of a
part share one deployment of the solution.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from urllib.parse import urlsplit

from checker.checks.result import CheckResult, PartResult
from checker.checks.session import Session
from checker.cloud_process import start_cloud, stop_cloud
from checker.curriculum.cases import EXPECTATION, TEXTS, Case, mistakes_of, solution_of, variants_of
from checker.curriculum.parts import Part, read_parts
from checker.curriculum.templates import difference, make_template
from checker.curriculum.workspace import Workspace, lay_over, new_workspace
from checker.deployment import Deployment
from checker.errors import LabError
from checker.fast.warm import WarmProvider
from checker.target import Target, local_target
from checker.terraform import Terraform
from checker.terraform_install import cli_config_file, ensure_terraform
from checker.verbs.teardown import SCRIPT as TEARDOWN

Say = Callable[[str], None]
NEXT_TO_TERRAFORM = "terraform/"


@dataclass(frozen=True)
class Outcome:
    """What became of a case: the differences from what it must be; none: proved."""

    case: Case
    differences: tuple[str, ...]
    seconds: float

    @property
    def proved(self) -> bool:
        return not self.differences


@dataclass(frozen=True)
class Proof:
    """The outcomes of all cases."""

    outcomes: tuple[Outcome, ...]

    @property
    def score(self) -> str:
        """The checker's own score."""
        caught, mistakes = self._count("mistake")
        accepted, variants = self._count("variant")
        return f"mistakes caught {caught} of {mistakes}, variants accepted {accepted} of {variants}"

    def _count(self, kind: str) -> tuple[int, int]:
        of_kind = [outcome for outcome in self.outcomes if outcome.case.kind == kind]
        return sum(outcome.proved for outcome in of_kind), len(of_kind)

    @property
    def problems(self) -> list[str]:
        """Every case that is not proved, with its differences."""
        return [
            f"{outcome.case.kind} {outcome.case.name} ({outcome.case.title}):\n"
            + "\n".join(f"    {line}" for text in outcome.differences for line in text.splitlines())
            for outcome in self.outcomes
            if not outcome.proved
        ]


def find_cases(
    parts: Iterable[Part], *, mistakes: bool = True, variants: bool = True, solutions: bool = False, name: str = ""
) -> list[Case]:
    """The cases of these parts whose name contains `name`."""
    found = [solution_of(part) for part in parts if solutions]
    found += [case for part in parts for case in (mistakes_of(part) if mistakes else [])]
    found += [case for part in parts for case in (variants_of(part) if variants else [])]
    return [case for case in found if name in case.name]


def prove(
    cases: Sequence[Case], *, jobs: int = 2, accept: bool = False, repeat: int = 1, say: Say = lambda _: None
) -> Proof:
    """Runs the cases, `jobs` at a time. `accept`: what mistakes say now is written into their expect.toml.

    `repeat`: each is checked so many times, in changing order; all results must be equal.
    """
    outcomes: dict[Path, Outcome] = {}
    with tempfile.TemporaryDirectory(prefix="lab-proof-") as temporary, ExitStack() as stack:
        provider = install_provider(Path(temporary) / "provider")
        free: SimpleQueue[Bench] = SimpleQueue()
        for number in range(jobs):
            free.put(stack.enter_context(closing(Bench(Path(temporary) / f"bench-{number}", provider, repeat))))

        def try_batch(batch: Sequence[Case]) -> list[Outcome]:
            bench = free.get()
            try:
                return bench.try_together(batch, accept, say)
            finally:
                free.put(bench)

        with ThreadPoolExecutor(jobs) as pool:
            for done in as_completed([pool.submit(try_batch, batch) for batch in batches(cases, jobs)]):
                outcomes |= {outcome.case.folder: outcome for outcome in done.result()}
    return Proof(tuple(outcomes[case.folder] for case in cases))


def install_provider(folder: Path) -> Path:
    """`terraform init` once, in a workspace of its own: the others link what it installs. Returns its Terraform folder."""
    workspace = new_workspace(folder, with_git=False)
    environment = dict(os.environ) | {"TF_CLI_CONFIG_FILE": str(cli_config_file(workspace.terraform))}
    Terraform(workspace.terraform, environment, ensure_terraform()).init()
    return workspace.terraform


def batches(cases: Sequence[Case], jobs: int) -> list[list[Case]]:
    """The cases that may share a deployment, in at most `jobs` batches a part; the others, each alone. Long ones first."""
    sharing: dict[str, list[Case]] = {}
    alone = []
    for case in cases:
        if needs_own_deployment(case):
            alone.append([case])
        else:
            sharing.setdefault(case.part.id, []).append(case)
    shares = [batch[job::jobs] for batch in sharing.values() for job in range(min(jobs, len(batch)))]
    return [*shares, *sorted(alone, key=lambda batch: -batch[0].part.number)]


def needs_own_deployment(case: Case) -> bool:
    """Does the case change what is deployed before the checks, or do the part's checks remove it?"""
    before = {program for part in read_parts() for program in part.before_apply}
    changes = any(path.startswith(NEXT_TO_TERRAFORM) or path in before for path in case.touched())
    return changes or TEARDOWN in case.part.files


class Bench:
    """Where cases are tried one after the other: always the same folder and ports, so that the provider stays warm."""

    def __init__(self, folder: Path, provider: Path, repeat: int = 1) -> None:
        self._folder, self._provider, self._repeat = folder, provider, repeat
        self._workspace = Workspace(folder / "workspace")
        self._warm = WarmProvider(self._workspace.terraform)
        self._ports = (0, 0)

    def close(self) -> None:
        """Ends the provider."""
        self._warm.close()

    def try_together(self, batch: Sequence[Case], accept: bool, say: Say) -> list[Outcome]:
        """The outcomes of cases that share one deployment, or of one case."""
        outcomes = []
        with self._cloud() as target:
            solved = None if needs_own_deployment(batch[0]) else self._deploy_solution(batch[0].part, target)
            for case in batch:
                begun = time.monotonic()
                try:
                    found = self._try(case, solved, target)
                    if accept and case.kind == "mistake":
                        write_expectation(case, *found)
                    differences = (*differences_of(case, *found), *self._repeated(case, target, found[0]))
                except LabError as error:
                    differences = (str(error),)
                outcomes.append(Outcome(case, differences, time.monotonic() - begun))
                verdict = "DIFFERS" if differences else "as expected"
                say(f"{case.kind} {case.name}: {verdict} ({outcomes[-1].seconds:.1f} s)")
        return outcomes

    def _try(self, case: Case, solved: Path | None, target: Target) -> tuple[PartResult, str]:
        """The results of the case's part, and what was told about the deployment."""
        if solved is None:
            self._lay_solutions(case.part)
        else:
            self._become(solved)
        case.lay_over(self._workspace)
        with Session(Deployment(self._workspace, target, run=self._warm)) as session:
            session.deploy()
            result = session.check_part(case.part)
            return result, "\n".join(session.report([result]).notices)

    def _repeated(self, case: Case, target: Target, first: PartResult) -> Iterator[str]:
        """In what later runs of the same checks differ from the first, each in an order of its own."""
        for number in range(2, self._repeat + 1):
            with Session(Deployment(self._workspace, target, run=self._warm)) as session:
                session.deploy()
                again = session.check_part(case.part, shuffle=number)
            lines = difference(make_template(describe(first)), describe(again), f"run {number} of {self._repeat}")
            if lines:
                yield "\n".join(lines)

    def _deploy_solution(self, part: Part, target: Target) -> Path:
        """Deploys the solutions up to and with `part`; returns a copy of the workspace as it is then."""
        self._lay_solutions(part)
        Deployment(self._workspace, target, run=self._warm).apply(read_parts())
        solved = self._folder / "solved"
        shutil.rmtree(solved, ignore_errors=True)
        shutil.copytree(self._workspace.folder, solved, symlinks=True)
        return solved

    def _lay_solutions(self, part: Part) -> None:
        """A new workspace with the solutions up to and with `part`, and the provider installed."""
        with tempfile.TemporaryDirectory(dir=self._folder) as temporary:
            workspace = new_workspace(Path(temporary) / "workspace")
            lay_over(workspace, [each for each in read_parts() if each.number <= part.number])
            installed = workspace.terraform / ".terraform"
            installed.mkdir()
            (installed / "providers").symlink_to(self._provider / ".terraform" / "providers")
            shutil.copy(self._provider / ".terraform.lock.hcl", workspace.terraform)
            self._become(workspace.folder)

    def _become(self, other: Path) -> None:
        """The workspace gets another's content; its Terraform folder, in which the provider runs, stays the same one."""
        self._workspace.terraform.mkdir(parents=True, exist_ok=True)
        for place in (self._workspace.terraform, self._workspace.folder):
            for entry in place.iterdir():
                if entry.is_dir() and not entry.is_symlink() and entry != self._workspace.terraform:
                    shutil.rmtree(entry)
                elif entry != self._workspace.terraform:
                    entry.unlink()
        shutil.copytree(other, self._workspace.folder, symlinks=True, dirs_exist_ok=True)

    @contextmanager
    def _cloud(self) -> Iterator[Target]:
        """A new cloud while the block runs, on the ports of the one before where they are still free."""
        home = Workspace(self._folder / "cloud")
        shutil.rmtree(home.folder, ignore_errors=True)
        try:
            try:
                cloud = start_cloud(home, port=self._ports[0], mqtt_port=self._ports[1], attached=True)
            except LabError:
                cloud = start_cloud(home, attached=True)
            self._ports = (urlsplit(cloud["endpoint_url"]).port or 0, int(cloud["mqtt_port"]))
            yield local_target(cloud)
        finally:
            stop_cloud(home)


def differences_of(case: Case, result: PartResult, told: str) -> list[str]:
    """In what the results differ from what the case must give, as texts."""
    found = []
    failing = {check.id for check in result.checks if check.status == "failed"}
    stopped = {check.id for check in result.checks if check.status == "skipped"}
    for check in result.checks:
        if check.status == "failed" and check.id not in case.failing:
            found.append(f"{check.id} failed, but must not:\n{_shown(check)}")
        elif check.status in ("passed", "skipped") and check.id in case.failing:
            found.append(f"{check.id} must fail, but {check.status}:\n{_shown(check)}")
        elif check.status == "broken" or (
            check.status == "skipped" and not _may_be_skipped(check, case, failing | stopped)
        ):
            found.append(f"{check.id} is {check.status}:\n{_shown(check)}")
        elif check.status == "failed":
            found += _text_differences(case, check)
    found += ["\n".join(lines)] if (lines := difference(case.told, told, "what is told about the deployment")) else []
    if case.kind == "mistake" and not case.failing and not case.told:
        found.append(f"{EXPECTATION} says neither which check fails nor what Terraform says")
    return found


def describe(result: PartResult) -> str:
    """Everything that a part's results say, as a text to compare."""
    return "\n".join(
        f"{check.id} {check.status} {check.points}/{check.max_points}\n{_shown(check)}" for check in result.checks
    )


def _may_be_skipped(check: CheckResult, case: Case, unpassed: set[str]) -> bool:
    """Because another check failed, or because Terraform refused the files, as the case says."""
    if check.because.startswith("terraform did not deploy"):
        return bool(case.told)
    return any(check.fix == f"{each} first" for each in unpassed)


def _text_differences(case: Case, check: CheckResult) -> list[str]:
    pairs = ((name, case.failing[check.id][name], getattr(check, name)) for name in TEXTS)
    return [
        "\n".join(lines) for name, wanted, text in pairs if (lines := difference(wanted, text, f"{check.id} {name}"))
    ]


def _shown(check: CheckResult) -> str:
    return "\n".join(f"  {name}: {getattr(check, name)}" for name in TEXTS if getattr(check, name))


def write_expectation(case: Case, result: PartResult, told: str) -> None:
    """Writes what the checks say now into the case's expect.toml, behind its title and changes."""
    file = case.folder / EXPECTATION
    kept = file.read_text(encoding="utf-8").split("\n# what must be said\n")[0].rstrip("\n")
    lines = [kept, "", "# what must be said"]
    lines += ["[deployment]", f"told = {_toml(make_template(told))}", ""] if told else []
    for check in result.checks:
        if check.status == "failed":
            lines += ["[[check]]", f'id = "{check.id}"']
            lines += [
                f"{name} = {_toml(make_template(getattr(check, name)))}" for name in TEXTS if getattr(check, name)
            ]
            lines += [""]
    file.write_text("\n".join(lines).rstrip("\n") + "\n", encoding="utf-8")


def _toml(text: str) -> str:
    """A TOML string that reads well."""
    if "\n" not in text and '"' not in text and "\\" not in text:
        return f'"{text}"'
    if "\n" not in text and "'" not in text:
        return f"'{text}'"
    if "'''" not in text and not text.endswith("'"):
        return "'''" + ("\n" if "\n" in text else "") + text + "'''"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"""' + ("\n" if "\n" in text else "") + escaped + '"""'
