"""`@check` and the loading of a part's checks.py."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checker.errors import LabError

CheckFunction = Callable[[Any], None]
Need = str | CheckFunction


@dataclass(frozen=True)
class Check:
    """One behaviour: its title is the function's docstring."""

    id: str
    title: str
    points: int
    needs: tuple[str, ...]
    function: CheckFunction
    within_s: float = 180.0
    """After so many real seconds the check itself is taken to be broken; verbs have shorter deadlines of their own."""
    reads_files_only: bool = False
    """It looks at the workspace's files: it is judged whatever became of the deployment."""


def check(
    check_id: str,
    *,
    points: int,
    needs: Need | Iterable[Need] = (),
    within_s: float = 180.0,
    reads_files_only: bool = False,
) -> Callable[[CheckFunction], CheckFunction]:
    """Marks a function as check `check_id`. `needs`: the checks that must pass first, as functions or ids."""

    def mark(function: CheckFunction) -> CheckFunction:
        title = " ".join((inspect.getdoc(function) or "").split())
        if not title:
            raise LabError(f"check {check_id} has no docstring: it is the check's title")
        needed = (needs,) if isinstance(needs, str) or callable(needs) else tuple(needs)
        ids = tuple(map(_id_of, needed))
        function.check = Check(check_id, title, points, ids, function, within_s, reads_files_only)  # type: ignore[attr-defined]
        return function

    return mark


def _id_of(need: Need) -> str:
    return need if isinstance(need, str) else need.check.id  # type: ignore[attr-defined]


def checks_of(module: Any) -> list[Check]:
    """The checks of a module in the order in which they are written."""
    return [
        value.check
        for value in vars(module).values()
        if callable(value) and isinstance(getattr(value, "check", None), Check)
    ]


def load_checks(folder: Path) -> list[Check]:
    """The checks of a part's folder."""
    file = folder / "checks.py"
    name = f"lab_part_{folder.name}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None or not file.is_file():
        raise LabError(f"{file} is missing", next_step="use a complete copy of the kit")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    found = checks_of(module)
    ids = [each.id for each in found]
    for position, each in enumerate(found):
        for missing in set(each.needs) - set(ids[:position]):
            raise LabError(f"{file}: check {each.id} needs {missing}, which does not stand before it")
    if duplicates := {each for each in ids if ids.count(each) > 1}:
        raise LabError(f"{file}: these ids are used twice: {', '.join(sorted(duplicates))}")
    return found
