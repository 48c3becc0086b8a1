"""What a class's results say together: how scores are spread, which checks fail, who is stuck where. Pure."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from checker.checks.result import CheckResult
from checker.exports.model import Grading


@dataclass
class CheckStatistics:
    """How one check ended for the class."""

    id: str
    title: str
    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    """What was said of failures: the place to fix, which many failures share."""

    @property
    def graded(self) -> int:
        return sum(self.counts[status] for status in ("passed", "failed", "skipped"))

    @property
    def failure_rate(self) -> float:
        """The share of learners who did not pass it; what broke on our side does not count."""
        return 1 - self.counts["passed"] / self.graded if self.graded else 0.0


@dataclass(frozen=True)
class Spread:
    """The distribution of scores, in percent of what can be reached."""

    count: int
    mean: float
    median: float
    lower: float
    upper: float
    tenths: tuple[int, ...]
    """How many reached 0–9 %, 10–19 %, … 90–99 %, 100 % and more."""


def share_of(grading: Grading) -> float:
    """A score between 0 and 1 (above with bonus points)."""
    return grading.score / grading.max_score if grading.max_score else 0.0


def spread_of(gradings: Sequence[Grading]) -> Spread:
    """Mean, quartiles and tenths of the scores."""
    shares = sorted(100 * share_of(grading) for grading in gradings)
    tenths = Counter(max(0, min(10, int((share + 1e-9) // 10))) for share in shares)
    columns = tuple(tenths[tenth] for tenth in range(11))
    if not shares:
        return Spread(0, 0, 0, 0, 0, columns)
    quarters = statistics.quantiles(shares, n=4, method="inclusive") if len(shares) > 1 else shares * 3
    return Spread(len(shares), statistics.mean(shares), quarters[1], quarters[0], quarters[2], columns)


def check_statistics(gradings: Sequence[Grading]) -> list[CheckStatistics]:
    """How every check ended, in the order of the course."""
    found: dict[str, CheckStatistics] = {}
    for check in (check for grading in gradings for check in grading.checks):
        entry = found.setdefault(check.id, CheckStatistics(check.id, check.title))
        entry.counts[check.status] += 1
        if check.status == "failed":
            entry.reasons[check.fix or check.because or check.got] += 1
    return sorted(found.values(), key=lambda entry: sort_key(entry.id))


def sort_key(check_id: str) -> tuple[tuple[int, int, str], ...]:
    """Sorts 2.10 after 2.9, and ids of other forms among themselves."""
    return tuple(
        (0, int(piece), "") if piece.isascii() and piece.isdecimal() else (1, 0, piece) for piece in check_id.split(".")
    )


def stuck_at(grading: Grading) -> CheckResult | None:
    """The first check that a learner failed: whatever follows may only follow from it."""
    checks = sorted(grading.checks, key=lambda check: sort_key(check.id))
    failed = [check for check in checks if check.status == "failed"]
    return failed[0] if failed else next((check for check in checks if check.status == "skipped"), None)


def groups_of_stuck(gradings: Sequence[Grading]) -> list[tuple[CheckResult, list[Grading]]]:
    """Who is stuck at which check, the largest group first; a refused submission was not checked at all.

    Failed at a check and skipped from there on (Terraform refused the files) are two groups.
    """
    groups: dict[tuple[str, str], tuple[CheckResult, list[Grading]]] = {}
    for grading in gradings:
        if grading.status != "refused" and (check := stuck_at(grading)):
            groups.setdefault((check.id, check.status), (check, []))[1].append(grading)
    return sorted(groups.values(), key=lambda group: (-len(group[1]), sort_key(group[0].id)))
