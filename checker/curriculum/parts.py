"""Reads parts/*/part.toml. Whatever is wrong in a file is one message that names every key."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from checker.errors import LabError, UsageProblem

ROOT = Path(__file__).resolve().parents[2]
PARTS, STARTER, SOLUTIONS = ROOT / "parts", ROOT / "starter", ROOT / "solutions"


@dataclass(frozen=True)
class Step:
    """One thing to do, `2.3`, and the files that carry its TODO."""

    id: str
    title: str
    edits: tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """One chapter of the course."""

    folder: Path
    id: str
    number: int
    title: str
    minutes: int
    points: int
    bonus: bool
    requires: tuple[str, ...]
    files: tuple[str, ...]
    services: tuple[str, ...]
    steps: tuple[Step, ...]
    before_apply: tuple[str, ...] = ()

    @property
    def solution(self) -> Path:
        """The folder of the files that this part's solution changes."""
        return SOLUTIONS / self.id

    def step(self, step_id: str) -> Step | None:
        return next((step for step in self.steps if step.id == step_id), None)


def _is(kind: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, str) for entry in value)


KEYS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "id": (_is(str), "a text, the folder's name"),
    "number": (_is(int), "a whole number"),
    "title": (_is(str), "a text"),
    "minutes": (_is(int), "a whole number"),
    "points": (_is(int), "a whole number"),
    "bonus": (_is(bool), "true or false"),
    "requires": (_is_texts, "a list of part ids"),
    "files": (_is_texts, "a list of paths in the workspace"),
    "services": (_is_texts, "a list of AWS services"),
}
OPTIONAL: dict[str, tuple[Callable[[Any], bool], str]] = {
    "before_apply": (_is_texts, "a list of programs in the workspace"),
}
STEP_KEYS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "id": (_is(str), "a text like 2.3"),
    "title": (_is(str), "a text"),
    "edits": (_is_texts, "a list of paths in the workspace"),
}


def problems_of(raw: dict[str, Any], folder_name: str) -> list[str]:
    """Everything that is wrong with the content of a part.toml, each naming its key."""
    problems = [f"{key}: missing, expected {kind}" for key, (_, kind) in KEYS.items() if key not in raw]
    problems += [
        f"{key}: is {raw[key]!r}, expected {kind}"
        for key, (fits, kind) in (KEYS | OPTIONAL).items()
        if key in raw and not fits(raw[key])
    ]
    problems += [f"{key}: unknown key" for key in raw if key not in KEYS | OPTIONAL | {"steps": 0}]
    if isinstance(raw.get("id"), str) and raw["id"] != folder_name:
        problems.append(f"id: is {raw['id']!r}, expected the folder's name {folder_name!r}")
    steps = raw.get("steps")
    if not isinstance(steps, list) or not steps:
        return [*problems, "steps: missing, expected at least one [[steps]]"]
    for position, step in enumerate(steps, 1):
        wrong = [k for k, (fits, _) in STEP_KEYS.items() if k not in step or not fits(step[k])]
        problems += [f"steps[{position}].{key}: expected {STEP_KEYS[key][1]}" for key in wrong]
        if not wrong and step["id"] != f"{raw.get('number')}.{position}":
            problems.append(f"steps[{position}].id: is {step['id']!r}, expected '{raw.get('number')}.{position}'")
    return problems


def read_part(folder: Path) -> Part:
    """The part that a folder describes."""
    file = folder / "part.toml"
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise LabError(f"{file} cannot be read: {error}") from error
    if problems := problems_of(raw, folder.name):
        raise LabError(f"{file} is not right:\n  " + "\n  ".join(problems))
    steps = tuple(Step(s["id"], s["title"], tuple(s["edits"])) for s in raw.pop("steps"))
    lists = {key: tuple(value) for key, value in raw.items() if isinstance(value, list)}
    return Part(**{**raw, **lists, "folder": folder, "steps": steps})


@lru_cache(maxsize=1)
def read_parts() -> tuple[Part, ...]:
    """All parts in order."""
    found = sorted((read_part(file.parent) for file in PARTS.glob("*/part.toml")), key=lambda part: part.number)
    if not found:
        raise LabError(f"{PARTS} holds no part", next_step="use a complete copy of the kit")
    return tuple(found)


def find_part(wanted: str | int) -> Part:
    """A part by its number (`2`), the id of one of its steps (`2.3`) or its folder's name."""
    parts = read_parts()
    key = str(wanted).strip().rstrip("/").split("/")[-1]
    for part in parts:
        if key in (str(part.number), part.id) or part.step(key):
            return part
    for part in parts:
        if key.split(".")[0] == str(part.number):
            steps = ", ".join(step.id for step in part.steps)
            raise UsageProblem(f"Part {part.number} has no step {key}", next_step=f"choose one of {steps}")
    known = ", ".join(f"{part.number} ({part.id})" for part in parts)
    raise UsageProblem(f"There is no part {wanted!r}", next_step=f"choose one of {known}")


def services_below(part: Part) -> frozenset[str]:
    """The AWS services that a part builds on: its own and those of the parts that it requires."""
    required = (each for each in read_parts() if each.id in part.requires)
    return frozenset(part.services).union(*map(services_below, required))


def parts_named(wanted: str | None) -> tuple[Part, ...]:
    """The part that is meant, every part for `all`, none for None."""
    if wanted is None:
        return ()
    return read_parts() if wanted == "all" else (find_part(wanted),)
