"""What a learner does next: the first step whose check has not passed, and where in the files it stands."""

from __future__ import annotations

from checker.curriculum.parts import Part, Step, find_part, read_parts
from checker.curriculum.progress import begun_at, results
from checker.curriculum.workspace import Workspace


def next_step(workspace: Workspace) -> tuple[Part, Step] | None:
    """The first step whose check has not passed, or None; parts before the one that was begun with are not asked for."""
    begun = begun_at(workspace)
    for part in (part for part in read_parts() if part.number >= begun):
        checks = results(workspace).get(str(part.number), {}).get("checks", {})
        for step in part.steps:
            if checks.get(step.id) != "passed":
                return part, step
    return None


def todo_places(workspace: Workspace, step_id: str) -> list[str]:
    """`file line N` of the TODOs that carry a step's number; the step's files where they are gone."""
    step = find_part(step_id).step(step_id)
    places = []
    for name in step.edits if step else ():
        file = workspace.folder / name
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.is_file() else []
        numbers = [number for number, line in enumerate(lines, 1) if f"TODO {step_id}" in line]
        places.append(f"{name} line {numbers[0]}" if numbers else name)
    return places
