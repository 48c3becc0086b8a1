"""What earlier results mean for files that are handed in again: nothing is to do, or only what is said of them has changed.

Points come from files and checks; who handed in, when, and with which hints are facts beside them. If these change (a time is
corrected in submissions.csv, a learner goes back to older files), the earlier judgement becomes a new version. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from checker.grading.final import is_unread, moment_of, present_attempts

Result = Mapping[str, Any]


def stands(earlier: Result, results: Sequence[Result], facts: Mapping[str, Any]) -> bool:
    """Whether `earlier` is the one of the results that counts for its files, and tells of them what is known now."""
    if is_unread(earlier):
        return True
    told, known = earlier["submission"], facts["submission"]
    if earlier["learner"] != facts["learner"] or told.get("hints", {}) != known["hints"]:
        return False
    attempts = present_attempts(results)
    untimed = [each for each in attempts if not each["submission"]["submitted_at"]]
    is_last = bool(known["submitted_at"]) or not untimed or untimed[-1] is earlier
    return moment_of(told) == moment_of(known) and is_last and any(each is earlier for each in attempts)


def renewed(earlier: Result, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The earlier judgement with what is known now of who handed in and when."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {**earlier, **facts, "provenance": {**earlier["provenance"], "renewed_at": now}}


def corrected_times(results: Sequence[Result], sha256: str, present: Collection[str]) -> list[str]:
    """The times at which these files were once said to be handed in, and are no longer."""
    moments = {moment_of({"submitted_at": time}) for time in present}
    told = [each["submission"] for each in results if each["submission"]["sha256"] == sha256]
    return sorted({each["submitted_at"] for each in told if moment_of(each) not in moments})
