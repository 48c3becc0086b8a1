"""Whether an alarm's metric is over its threshold. Pure.

Source: Amazon CloudWatch User Guide, "Alarm evaluation" and "Configuring how CloudWatch alarms treat missing data".
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass

OK, ALARM, INSUFFICIENT = "OK", "ALARM", "INSUFFICIENT_DATA"
COMPARISONS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
MISSING = ("missing", "ignore", "breaching", "notBreaching")


@dataclass(frozen=True)
class Watched:
    """What an alarm looks at."""

    comparison: str
    threshold: float
    periods: int
    datapoints_to_alarm: int
    missing: str = "missing"


def judge(watched: Watched, values: Sequence[float | None], state: str) -> tuple[str, str]:
    """The alarm's new state and the reason, from the latest periods' values (oldest first, None: no data)."""
    known = [value for value in values if value is not None]
    gaps = len(values) - len(known)
    if not known and watched.missing == "missing":
        return INSUFFICIENT, f"Insufficient Data: {gaps} datapoints were unknown."
    if not known and watched.missing == "ignore":
        return state, ""
    compare, words = COMPARISONS[watched.comparison]
    breaching = [value for value in known if compare(value, watched.threshold)]
    missing_breach = gaps if watched.missing == "breaching" else 0
    over = len(breaching) + missing_breach >= watched.datapoints_to_alarm
    if over:
        return ALARM, _reason(breaching or known, watched, words, "")
    fine = [value for value in known if value not in breaching] or known
    return OK, _reason(fine, watched, words, "not ")


def _reason(values: Sequence[float], watched: Watched, words: str, negation: str) -> str:
    shown = ", ".join(f"{value:g}" for value in values) or "missing data"
    verb = "was" if len(values) == 1 else "were"
    plural = "datapoint" if len(values) == 1 else "datapoints"
    return (
        f"Threshold Crossed: {len(values)} {plural} [{shown}] {verb} {negation}{words} the threshold "
        f"({watched.threshold:g})."
    )
