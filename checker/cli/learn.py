"""`lab status`, `lab next`, `lab hint`, `lab solution`: the learner's way through the parts."""

from __future__ import annotations

import difflib
from pathlib import Path

import click

from checker.cli.options import echo, open_workspace, say, workspace_option
from checker.curriculum.hints import read_hints
from checker.curriculum.next_step import next_step, todo_places
from checker.curriculum.parts import PARTS, ROOT, find_part, read_parts
from checker.curriculum.progress import has_passed, hints_taken, minutes_spent, results, take_hint
from checker.errors import LearnerProblem, UsageProblem
from checker.language import tr


@click.command()
@workspace_option
def status(folder: str | None) -> None:
    """Show the points and checks of all parts, as of the last `lab check` of each."""
    workspace = open_workspace(folder)
    known, hints, minutes = results(workspace), hints_taken(workspace), minutes_spent(workspace)
    total = 0
    for part in read_parts():
        last = known.get(str(part.number))
        points = last["points"] if last else 0
        total += points if not part.bonus else 0
        passed = sum(state == "passed" for state in last["checks"].values()) if last else 0
        state = f"{passed} of {len(part.steps)} checks passed" if last else "not checked yet"
        bonus = " bonus" if part.bonus else ""
        taken = sum(step in hints for step in (step.id for step in part.steps))
        levels = sum(hints.get(step.id, 0) for step in part.steps)
        facts = [f"{points} of {part.points}{bonus} points", state]
        facts += [f"hints taken: {levels}"] if taken else []
        spent = minutes.get(str(part.number), 0)
        facts += [f"{spent} of about {part.minutes} minutes" if spent else f"about {part.minutes} minutes"]
        echo(f"{part.number}  {tr(part.title)}\n     {', '.join(facts)}")
    echo(f"{total} of {sum(part.points for part in read_parts() if not part.bonus)} points.  next  lab next")


@click.command("next")
@workspace_option
def next_(folder: str | None) -> None:
    """Say what to do next: the first step that has not passed."""
    workspace = open_workspace(folder)
    found = next_step(workspace)
    if found is None:
        echo("Every part has passed.")
        return
    part, step = found
    echo(f"Part {part.number}: {part.title}")
    echo(f"  step   {step.id}  {step.title}")
    for place in todo_places(workspace, step.id):
        echo(f"  edit   {place}")
    echo(f"  read   {_shown(PARTS / part.id / 'README.md')}")
    echo(f"  check  lab check {part.number}")
    echo(f"  stuck  lab hint {step.id}")


next = next_


@click.command()
@click.argument("step_id", metavar="STEP")
@workspace_option
@click.option("--level", type=click.IntRange(1, 3), help="Show this level again.")
def hint(step_id: str, folder: str | None, level: int | None) -> None:
    """Show a hint for STEP, for example 2.3; each call goes one level further."""
    workspace = open_workspace(folder)
    part = find_part(step_id)
    if part.step(step_id) is None:
        steps = ", ".join(step.id for step in part.steps)
        raise UsageProblem(f"{step_id} is no step", next_step=f"lab hint with one of {steps}")
    hints = read_hints(part).get(step_id, ())
    taken = hints_taken(workspace).get(step_id, 0)
    level = level or min(taken + 1, len(hints))
    if not hints or level > len(hints):
        raise UsageProblem(
            f"There is no hint {level} for step {step_id}", next_step=f"read {_shown(PARTS / part.id / 'README.md')}"
        )
    shown = hints[level - 1]
    echo(f"{step_id}  {shown.title} (hint {level} of {len(hints)})")
    click.echo(f"\n{shown.text}")
    take_hint(workspace, step_id, max(taken, level))
    if level < len(hints):
        echo(f"\n  more  lab hint {step_id}")


@click.command()
@click.argument("wanted", metavar="PART")
@workspace_option
@click.option("--force", is_flag=True, help="Show it although the part has not passed yet.")
def solution(wanted: str, folder: str | None, force: bool) -> None:
    """Show how your files differ from the solution of PART; after it has passed."""
    part, workspace = find_part(wanted), open_workspace(folder)
    if not has_passed(workspace, part.number) and not force:
        raise LearnerProblem(
            f"Part {part.number} has not passed yet: its solution is shown for comparison afterwards",
            next_step=f"lab check {part.number}; lab solution {part.number} --force shows it all the same",
        )
    same = True
    for file in sorted(file for file in part.solution.rglob("*") if file.is_file()):
        name = file.relative_to(part.solution)
        difference = _difference(workspace.folder / name, file, str(name))
        same = same and not difference
        click.echo(difference or tr(f"{name}: the same"), nl=not difference)
    say(f"The solution is in {_shown(part.solution)}" if not same else "Your files are the solution's.")


def _difference(own: Path, given: Path, name: str) -> str:
    return "".join(difflib.unified_diff(_lines(own), _lines(given), f"yours/{name}", f"solution/{name}"))


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8", errors="replace").splitlines(True) if file.is_file() else []


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) and Path.cwd() == ROOT else str(path)
