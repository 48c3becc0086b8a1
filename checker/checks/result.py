"""What became of checks: the one model that every report is written from. Pure data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["passed", "failed", "skipped", "broken"]


@dataclass(frozen=True)
class CheckResult:
    """One check's outcome in the learner's words."""

    id: str
    title: str
    status: Status
    max_points: int
    expected: str = ""
    got: str = ""
    because: str = ""
    fix: str = ""
    blameless: bool = False
    """A skip through nobody's fault: the target lacks what the check needs."""
    seconds: float = 0.0

    @property
    def points(self) -> int:
        return self.max_points if self.status == "passed" else 0

    def as_dict(self) -> dict[str, Any]:
        """The check as the command contract's JSON has it."""
        return {
            "id": self.id,
            "title": self.title,
            "status": self.status,
            "points": self.points,
            "max_points": self.max_points,
            "expected": self.expected,
            "got": self.got,
            "because": self.because,
            "fix": self.fix,
        }


@dataclass(frozen=True)
class PartResult:
    """A part's checks. A bonus part's points are outside `max_points`."""

    number: int
    name: str
    bonus_part: bool
    checks: tuple[CheckResult, ...]

    @property
    def points(self) -> int:
        return 0 if self.bonus_part else self._earned

    @property
    def max_points(self) -> int:
        return 0 if self.bonus_part else self.available

    @property
    def bonus(self) -> int:
        return self._earned if self.bonus_part else 0

    @property
    def available(self) -> int:
        """All points of the part, bonus or not."""
        return sum(check.max_points for check in self.checks)

    @property
    def _earned(self) -> int:
        return sum(check.points for check in self.checks)

    @property
    def to_be_graded_again(self) -> bool:
        return any(check.status == "broken" for check in self.checks)

    @property
    def passed(self) -> bool:
        return all(check.status == "passed" for check in self.checks)

    def as_dict(self) -> dict[str, Any]:
        return {
            "part": self.number,
            "name": self.name,
            "points": self.points,
            "max_points": self.max_points,
            "bonus": self.bonus,
            "checks": [check.as_dict() for check in self.checks],
        }


@dataclass(frozen=True)
class Report:
    """The results of one run, and what was checked with what (provenance)."""

    parts: tuple[PartResult, ...]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    """What the reader must know besides: Terraform failed, a file was altered."""

    @property
    def points(self) -> int:
        return sum(part.points for part in self.parts)

    @property
    def max_points(self) -> int:
        return sum(part.max_points for part in self.parts)

    @property
    def bonus(self) -> int:
        return sum(part.bonus for part in self.parts)

    @property
    def exit_code(self) -> int:
        """3 if anything is broken, else 1 if anything failed or could not be checked by the learner's fault, else 0."""
        checks = [check for part in self.parts for check in part.checks]
        if any(check.status == "broken" for check in checks):
            return 3
        return int(any(c.status == "failed" or (c.status == "skipped" and not c.blameless) for c in checks))

    def as_dict(self) -> dict[str, Any]:
        """The object of `--json`."""
        return {"parts": [part.as_dict() for part in self.parts], "provenance": dict(self.provenance)}


def count(results: Iterable[CheckResult], status: Status) -> int:
    """How many results have this status."""
    return sum(result.status == status for result in results)
