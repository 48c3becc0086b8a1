"""course.toml: the rules of one course. Whatever is wrong in it is told at once, with keys and remedies."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from checker.checks.check import load_checks
from checker.curriculum.parts import Part, read_parts
from checker.errors import UsageProblem
from checker.grading.hidden import LEVELS, load_hidden, read_hidden, told_by_need
from checker.grading.result import Listed

KEYS: dict[str, tuple[str, ...]] = {
    "": ("title", "parts", "late", "attempts", "hints", "hidden"),
    "parts": ("weight", "bonus", "graded"),
    "late": ("deadline", "deadlines", "grace_minutes", "interpolation", "steps"),
    "late.steps": ("hours", "keep"),
    "attempts": ("counts", "free", "each_costs", "most"),
    "hints": ("costs",),
    "hidden": ("folder", "visibility", "levels"),
}
LEVELS_OF_HINTS = 3
COUNTS, INTERPOLATIONS = ("last", "best"), ("steps", "linear")


@dataclass(frozen=True)
class PartRules:
    """How a part counts: its points times `weight`; `bonus` None: as the part says itself."""

    weight: float = 1.0
    bonus: bool | None = None
    graded: bool = True


@dataclass(frozen=True)
class LateRules:
    """How much of the points is kept after the deadline: `steps` are (hours, share kept), in order."""

    deadline: datetime | None = None
    deadlines: Mapping[int, datetime] = field(default_factory=dict)
    grace: timedelta = timedelta()
    linear: bool = False
    steps: tuple[tuple[float, float], ...] = ()

    def deadline_of(self, part: int) -> datetime | None:
        return self.deadlines.get(part, self.deadline)


@dataclass(frozen=True)
class AttemptRules:
    """Which attempt counts, and what attempts beyond the free ones cost (a share of the points each)."""

    best: bool = False
    free: int = 0
    each_costs: float = 0.0
    most: int = 0
    """0: any number; later ones do not count."""


@dataclass(frozen=True)
class CourseRules:
    """Everything that course.toml says; without a file, everything as the parts say."""

    title: str = ""
    parts: Mapping[int, PartRules] = field(default_factory=dict)
    late: LateRules = LateRules()
    attempts: AttemptRules = AttemptRules()
    hint_costs: tuple[float, ...] = ()
    hidden_folder: Path | None = None
    visibility: str = "title"
    levels: Mapping[str, str] = field(default_factory=dict)

    def rules_of(self, part: int) -> PartRules:
        return self.parts.get(part, PartRules())

    def is_bonus(self, part: int, by_itself: bool) -> bool:
        bonus = self.rules_of(part).bonus
        return by_itself if bonus is None else bonus

    def level_of(self, check: Mapping[str, Any]) -> str:
        """What learners may see of a result's check: of a hidden one what is said now, whatever was said at its grading."""
        if self.hidden_folder is None or check["id"] in _ids_of_the_kit():
            return str(check.get("visibility", "everything"))
        return self.levels.get(check["id"], self.visibility)

    def hidden_sources(self) -> dict[str, str]:
        return read_hidden(self.hidden_folder)

    def listed(self, chosen: str | None = None) -> list[tuple[Part, list[Listed]]]:
        """The graded parts with the kit's checks and the hidden ones; `chosen`: only these, like `1,2`."""
        wanted = _chosen_parts(chosen)
        hidden = load_hidden(self.hidden_sources())
        found = []
        for part in read_parts():
            if part.number in wanted if wanted else self.rules_of(part.number).graded:
                own = [Listed(each) for each in load_checks(part.folder)]
                secret = [Listed(c, self.levels.get(c.id, self.visibility)) for c in hidden.get(part.number, [])]
                if pair := told_by_need([c.check for c in secret], {c.check.id: c.visibility for c in secret}):
                    raise UsageProblem(
                        f"hidden check {pair}: skipped for it, it would tell of it",
                        next_step="hide both alike, or drop the need",
                    )
                found.append((part, own + secret))
        known = {check.id for checks in hidden.values() for check in checks}
        if unknown := sorted(set(self.levels) - known):
            raise UsageProblem(
                f"hidden.levels names what is no hidden check: {', '.join(unknown)}",
                next_step=f"hidden checks are {', '.join(sorted(known)) or 'none'}: a level of another name protects nothing",
            )
        if not found:
            raise UsageProblem("course.toml leaves no part to be graded", next_step="remove a graded = false")
        return found


@lru_cache(maxsize=1)
def _ids_of_the_kit() -> frozenset[str]:
    return frozenset(check.id for part in read_parts() for check in load_checks(part.folder))


def _chosen_parts(chosen: str | None) -> set[int]:
    known = {part.number for part in read_parts()}
    try:
        wanted = {int(number) for number in chosen.split(",")} if chosen else set()
    except ValueError as error:
        raise UsageProblem(f"--parts {chosen}: numbers with commas, like 1,2") from error
    if unknown := wanted - known:
        raise UsageProblem(
            f"There is no part {min(unknown)}", next_step=f"parts are {', '.join(map(str, sorted(known)))}"
        )
    return wanted


def read_course(file: Path, *, must_exist: bool = False) -> CourseRules:
    """The rules of a file, or the parts' own if there is none; raises UsageProblem with all that is wrong."""
    if not file.is_file():
        if must_exist:
            raise UsageProblem(f"{file} does not exist", next_step="correct --course")
        return CourseRules()
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageProblem(f"{file} cannot be read: {error.strerror}", next_step="look at its permissions") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageProblem(f"{file} is no TOML: {error}", next_step="correct that line") from error
    reader = _Reader(file.parent)
    course = reader.course(raw)
    if reader.problems:
        raise UsageProblem(
            f"{file} is not right:\n  " + "\n  ".join(reader.problems), next_step="doc/grading.md lists the keys"
        )
    return course


def _shown(value: Any) -> str:
    """A value as TOML writes it, as far as that matters."""
    return str(value) if isinstance(value, datetime | date) else repr(value)


class _Reader:
    """Reads tables and collects what is wrong with them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.problems: list[str] = []

    def course(self, raw: Mapping[str, Any]) -> CourseRules:
        self._known(raw, "", KEYS[""])
        hints, hidden = self._table(raw, "hints"), self._table(raw, "hidden")
        costs = self._get(hints, "hints", "costs", list, [])
        levels = self._get(hidden, "hidden", "levels", dict, {})
        for check, level in levels.items():
            self._one_of(level, f"hidden.levels.{check}", LEVELS)
        if len(costs) > LEVELS_OF_HINTS:
            self.problems.append(f"hints.costs: has {len(costs)} numbers, a step has {LEVELS_OF_HINTS} levels of hints")
        folder = self._get(hidden, "hidden", "folder", str, "")
        visibility = self._get(hidden, "hidden", "visibility", str, "title")
        return CourseRules(
            title=self._get(raw, "", "title", str, ""),
            parts=self._parts(raw.get("parts", {})),
            late=self._late(self._table(raw, "late")),
            attempts=self._attempts(self._table(raw, "attempts")),
            hint_costs=tuple(self._number(cost, f"hints.costs[{n}]", 0, 1000) for n, cost in enumerate(costs, 1)),
            hidden_folder=(self._folder / folder) if folder else None,
            visibility=self._one_of(visibility, "hidden.visibility", LEVELS),
            levels=levels,
        )

    def _parts(self, raw: Any) -> dict[int, PartRules]:
        known = {str(part.number) for part in read_parts()}
        found = {}
        if not isinstance(raw, dict):
            self.problems.append(f"parts: is {_shown(raw)}, expected tables such as [parts.2]")
            return {}
        for name, table in raw.items():
            key = f"parts.{name}"
            if name not in known or not isinstance(table, dict):
                self.problems.append(f"{key}: expected a table of a part, one of {', '.join(sorted(known))}")
                continue
            self._known(table, key, KEYS["parts"])
            weight = self._number(table.get("weight", 1.0), f"{key}.weight", 0, 1000)
            bonus = self._get(table, key, "bonus", bool, None)
            found[int(name)] = PartRules(weight, bonus, self._get(table, key, "graded", bool, True))
        return found

    def _late(self, raw: Mapping[str, Any]) -> LateRules:
        deadlines = {
            int(part): self._moment(when, f"late.deadlines.{part}")
            for part, when in self._get(raw, "late", "deadlines", dict, {}).items()
            if self._is_part(part, "late.deadlines")
        }
        steps = []
        for number, step in enumerate(self._get(raw, "late", "steps", list, []), 1):
            key = f"late.steps[{number}]"
            if not isinstance(step, dict) or set(step) != {"hours", "keep"}:
                self.problems.append(f"{key}: expected {{ hours = 24, keep = 0.8 }}")
                continue
            steps.append(
                (
                    self._number(step["hours"], f"{key}.hours", 0, 10_000),
                    self._number(step["keep"], f"{key}.keep", 0, 1),
                )
            )
        if [hours for hours, _ in steps] != sorted({hours for hours, _ in steps}):
            self.problems.append("late.steps: the hours must grow from step to step")
        is_right = not any(problem.startswith("late.steps") for problem in self.problems)
        if is_right and [keep for _, keep in steps] != sorted((keep for _, keep in steps), reverse=True):
            self.problems.append("late.steps: what is kept must not grow from step to step")
        if steps and "deadline" not in raw and not deadlines:
            self.problems.append("late: steps without a deadline; add deadline = 2026-05-01T23:59:00+02:00")
        way = self._one_of(self._get(raw, "late", "interpolation", str, "steps"), "late.interpolation", INTERPOLATIONS)
        return LateRules(
            self._moment(raw["deadline"], "late.deadline") if "deadline" in raw else None, deadlines,
            timedelta(minutes=self._number(raw.get("grace_minutes", 0), "late.grace_minutes", 0, 100_000)),
            way == "linear", tuple(steps),
        )  # fmt: skip

    def _attempts(self, raw: Mapping[str, Any]) -> AttemptRules:
        counts = self._one_of(self._get(raw, "attempts", "counts", str, "last"), "attempts.counts", COUNTS)
        free = self._whole(raw.get("free", 0), "attempts.free")
        each = self._number(raw.get("each_costs", 0.0), "attempts.each_costs", 0, 1)
        return AttemptRules(counts == "best", free, each, self._whole(raw.get("most", 0), "attempts.most"))

    def _table(self, raw: Mapping[str, Any], key: str) -> dict[str, Any]:
        table = self._get(raw, "", key, dict, {})
        self._known(table, key, KEYS[key])
        return dict(table)

    def _known(self, table: Mapping[str, Any], where: str, keys: tuple[str, ...]) -> None:
        for key in table:
            if key not in keys:
                meant = difflib.get_close_matches(key, keys, n=1)
                hint = f"; did you mean {meant[0]}?" if meant else f"; known are {', '.join(keys)}"
                self.problems.append(f"{where + '.' if where else ''}{key}: unknown key{hint}")

    def _get(self, table: Mapping[str, Any], where: str, key: str, kind: type, default: Any) -> Any:
        value = table.get(key, default)
        if key in table and not isinstance(value, kind):
            names = {str: "a text", bool: "true or false", list: "a list", dict: "a table"}
            self.problems.append(f"{where + '.' if where else ''}{key}: is {value!r}, expected {names[kind]}")
            return default
        return value

    def _number(self, value: Any, key: str, least: float, most: float) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            self.problems.append(f"{key}: is {value!r}, expected a number from {least:g} to {most:g}")
            return least
        return float(value)

    def _whole(self, value: Any, key: str) -> int:
        number = self._number(value, key, 0, 1000)
        if number != int(number):
            self.problems.append(f"{key}: is {_shown(value)}, expected a whole number")
        return int(number)

    def _one_of(self, value: str, key: str, choices: tuple[str, ...]) -> str:
        if value not in choices:
            self.problems.append(f"{key}: is {value!r}, expected one of {', '.join(choices)}")
            return choices[0]
        return value

    def _moment(self, value: Any, key: str) -> datetime | None:
        if not isinstance(value, datetime) or value.tzinfo is None:
            self.problems.append(f"{key}: is {_shown(value)}, expected a time with its zone: 2026-05-01T23:59:00+02:00")
            return None
        return value

    def _is_part(self, name: str, where: str) -> bool:
        known = {str(part.number) for part in read_parts()}
        if name not in known:
            self.problems.append(f"{where}.{name}: expected a part, one of {', '.join(sorted(known))}")
        return name in known
