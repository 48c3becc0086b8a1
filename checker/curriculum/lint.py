"""Proves the curriculum as far as it can be read: ids, points, hints, pages, TODOs, valid files of every part."""

from __future__ import annotations

import compileall
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from checker.checks.check import load_checks
from checker.curriculum.hints import problems_of_hints
from checker.curriculum.parts import SOLUTIONS, STARTER, Part, read_parts
from checker.curriculum.workspace import Workspace, lay_over, new_workspace
from checker.diagnostics import errors_of
from checker.errors import LabError
from checker.language.upkeep import problems_of_languages

ALLOWED = {"part.toml", "README.md", "hints.md", "checks.py", "notebook.md", "design.md", "mistakes", "__pycache__"}
REQUIRED = ("part.toml", "README.md", "hints.md", "checks.py", "notebook.md", "design.md")
TODO = re.compile(r"TODO (\d+\.\d+)")
PYTHON = {"ac_control_lambda", "src", "bin"}


def lint_curriculum(*, with_terraform: bool = True, say: Callable[[str], None] = lambda _: None) -> list[str]:
    """Every problem of the curriculum as one line."""
    parts = read_parts()
    problems = [problem for part in parts for problem in _problems_of_part(part)]
    problems += [*_problems_of_order(parts), *_problems_of_todos(parts), *problems_of_languages()]
    problems += [
        f"{file.relative_to(SOLUTIONS.parent)}: a TODO is left"
        for file in _texts(SOLUTIONS)
        if "TODO" in _read(file) and not _keeps_later_todos(file, parts)
    ]
    if with_terraform:
        problems += _problems_of_states(parts, say)
    return problems


def _problems_of_part(part: Part) -> Iterator[str]:
    names = {entry.name for entry in part.folder.iterdir()}
    yield from (f"{part.id}/{name}: not one of the files of a part" for name in sorted(names - ALLOWED))
    missing = [name for name in REQUIRED if name not in names]
    yield from (f"{part.id}/{name}: missing" for name in missing)
    if missing:
        return
    checks = load_checks(part.folder)
    if [check.id for check in checks] != [step.id for step in part.steps]:
        yield f"{part.id}/checks.py: has the checks {[c.id for c in checks]}, part.toml the steps {[s.id for s in part.steps]}"
    if (total := sum(check.points for check in checks)) != part.points:
        yield f"{part.id}: the checks have {total} points, part.toml says {part.points}"
    yield from (f"{part.id}/{problem}" for problem in problems_of_hints(part))
    page = _read(part.folder / "README.md")
    yield from (f"{part.id}/README.md: no heading ### {s.id}" for s in part.steps if f"\n### {s.id} " not in page)
    yield from (
        f"{part.id}/part.toml: files names {name}, which neither starter nor solution has"
        for name in part.files
        if not (STARTER / name).is_file() and not (part.solution / name).is_file()
    )


def _problems_of_order(parts: Sequence[Part]) -> Iterator[str]:
    known: set[str] = set()
    for position, part in enumerate(parts, 1):
        if part.number != position:
            yield f"{part.id}: number is {part.number}, expected {position}"
        yield from (
            f"{part.id}: requires {name}, which is no earlier part" for name in part.requires if name not in known
        )
        known.add(part.id)


def _problems_of_todos(parts: Sequence[Part]) -> Iterator[str]:
    """Each step with files to edit has its TODO in the starter; each TODO is a step's."""
    found = {(match, str(f.relative_to(STARTER))) for f in _texts(STARTER) for match in TODO.findall(_read(f))}
    steps = {step.id: step for part in parts for step in part.steps}
    yield from (f"starter/{name}: TODO {step} is no step" for step, name in sorted(found) if step not in steps)
    for step in steps.values():
        if step.edits and not any(step.id == number for number, _ in found):
            yield f"starter: no TODO {step.id}"


def _keeps_later_todos(file: Path, parts: Sequence[Part]) -> bool:
    """A solution may keep the TODOs of later parts: they are still to be done."""
    part = next(part for part in parts if part.id == file.relative_to(SOLUTIONS).parts[0])
    return all(int(number.split(".")[0]) > part.number for number in TODO.findall(_read(file)))


def _problems_of_states(parts: Sequence[Part], say: Callable[[str], None]) -> list[str]:
    """The starter, and it with the solutions up to each part, is valid Terraform and Python."""
    problems = []
    with tempfile.TemporaryDirectory(prefix="lab-lint-") as temporary:
        workspace = new_workspace(Path(temporary) / "workspace", with_git=False)
        for part in (None, *parts):
            if part is not None:
                lay_over(workspace, [part])
            name = part.id if part else "starter"
            say(f"terraform validate: {name} ...")
            problems += [f"{name}: {problem}" for problem in _problems_of_state(workspace)]
    return problems


def _problems_of_state(workspace: Workspace) -> Iterator[str]:
    import os

    from checker.terraform import Terraform
    from checker.terraform_install import cli_config_file, ensure_terraform

    environment = dict(os.environ) | {
        "TF_CLI_CONFIG_FILE": str(cli_config_file(workspace.terraform)),
        "AWS_REGION": "eu-west-1",
    }
    try:
        for diagnostic in errors_of(Terraform(workspace.terraform, environment, ensure_terraform()).validate()):
            yield diagnostic.render()
    except LabError as error:
        yield error.message
    for name in sorted(PYTHON):
        if not compileall.compile_dir(workspace.folder / name, quiet=2, force=True):
            yield f"{name}/: does not compile"


def _texts(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.rglob("*")):
        if (
            file.is_file()
            and file.suffix in (".tf", ".py", ".sh", ".yml", ".json", ".md")
            and "__pycache__" not in file.parts
        ):
            yield file


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8")
