"""A class's grades as exports see them: results of checks with what rules and instructors made of them. Pure data."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from checker.checks.result import CheckResult, PartResult, Report


@dataclass(frozen=True)
class House:
    """What the house did: readings as (second, zone, sensor, °C), commands as (second, zone, on)."""

    readings: tuple[tuple[float, str, str, float], ...] = ()
    commands: tuple[tuple[float, str, bool], ...] = ()


@dataclass(frozen=True)
class Grading:
    """One version of one learner's grade."""

    id: str
    report: Report
    score: float
    max_score: float
    name: str = ""
    email: str = ""
    version: int = 1
    part_scores: Mapping[int, float] = field(default_factory=dict)
    """What each part is worth after late rules and weights, where it differs from its points."""
    part_maxima: Mapping[int, float] = field(default_factory=dict)
    """What each part can be worth with its weight, where it differs from its points."""
    rules: tuple[str, ...] = ()
    """How the score came about, beyond the sum of the points: late rules, adjustments."""
    comment: str = ""
    problem: str = ""
    """Why the submission could not be graded, or not to its end."""
    status: str = "graded"
    """graded, stopped (by a limit), refused (it could not be read), broken (the kit's fault: it counts for nothing yet)."""
    house: House = House()
    shown: Report | None = None
    """What the learner may see of the report, where hidden checks make that less."""
    raw: Mapping[str, Any] = field(default_factory=dict)
    """The result file as the grader wrote it."""
    file: Path | None = None

    @property
    def shown_name(self) -> str:
        return self.name or self.id

    @property
    def participant(self) -> str:
        """The number that Moodle gave the learner in the assignment's download, or nothing."""
        found = re.search(r"_(\d+)_assignsubmission_", str(self.report.provenance.get("source", "")))
        return found[1] if found else ""

    @property
    def for_learner(self) -> Grading:
        """The grading as the learner may see it: without the secrets of hidden checks."""
        return self if self.shown is None else replace(self, report=self.shown, raw={})

    @property
    def checks(self) -> list[CheckResult]:
        return [check for part in self.report.parts for check in part.checks]

    @property
    def to_be_graded_again(self) -> bool:
        return self.status == "broken" or any(part.to_be_graded_again for part in self.report.parts)

    def score_of(self, part: PartResult) -> float:
        """A part's score after the rules of the course."""
        return self.part_scores.get(part.number, part.points + part.bonus)

    def most_of(self, part: PartResult) -> float:
        """What a part can be worth after the rules of the course."""
        return self.part_maxima.get(part.number, part.available)


@dataclass(frozen=True)
class ClassGrades:
    """The present grades of everybody, in the order of their names."""

    title: str
    gradings: tuple[Grading, ...]
    folder: Path
    course_file: Path | None = None
    """The rules that were applied, if there are any."""

    def find(self, wanted: str) -> Grading | None:
        return next((grading for grading in self.gradings if grading.id == wanted), None)


def number(value: float) -> str:
    """A score without needless digits: 12, 12.5, 12.33."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def file_name_of(submission: str) -> str:
    """A file name for any id: what is not plain is replaced, and a hash keeps different ids apart."""
    plain = unicodedata.normalize("NFKD", submission).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", plain).strip("-")[:60] or "learner"
    if plain == submission:
        return plain
    return f"{plain}-{hashlib.sha256(submission.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
