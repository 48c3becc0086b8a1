"""Errors of states: their names, and which Retry and Catch clauses they meet. Pure.

Source: Step Functions Developer Guide, "Handling errors in Step Functions workflows" (error names, Retry's fields and
their defaults, what States.ALL and States.TaskFailed do not match).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

ALL = "States.ALL"
BRANCH_FAILED = "States.BranchFailed"
DATA_LIMIT = "States.DataLimitExceeded"
NO_CHOICE = "States.NoChoiceMatched"
RESULT_PATH = "States.ResultPathMatchFailure"
RUNTIME = "States.Runtime"
TASK_FAILED = "States.TaskFailed"
TIMEOUT = "States.Timeout"

NAMES = (
    *(ALL, BRANCH_FAILED, DATA_LIMIT, NO_CHOICE, RESULT_PATH, RUNTIME, TASK_FAILED, TIMEOUT),
    *("States.ExceedToleratedFailureThreshold", "States.HeartbeatTimeout", "States.Http.Socket"),
    *("States.IntrinsicFailure", "States.ItemReaderFailed", "States.ParameterPathFailure", "States.Permissions"),
    *("States.QueryEvaluationError", "States.ResultWriterFailed"),
)
"""The names that begin with States. which a clause may have."""

TOO_LARGE = "returned a result with a size exceeding the maximum number of bytes service limit."
LONGEST_DELAY_S = 31_622_400


class StateFailed(Exception):
    """A state ends with an error; `cause` says why, None: nothing more is known."""

    def __init__(self, error: str | None, cause: str | None) -> None:
        super().__init__(cause)
        self.error = error
        self.cause = cause


def clause_for(clauses: Sequence[Mapping[str, Any]], error: str | None, *, of_branch: bool = False) -> int | None:
    """The number of the first clause that the error meets. `of_branch`: the state failed since a branch of it did."""
    for number, clause in enumerate(clauses):
        if any(_meets(error, wanted, of_branch) for wanted in clause["ErrorEquals"]):
            return number
    return None


def _meets(error: str | None, wanted: str, of_branch: bool) -> bool:
    if error == RUNTIME:
        return False
    if wanted == error or (of_branch and wanted == BRANCH_FAILED):
        return True
    if wanted == ALL:
        return error != DATA_LIMIT
    return wanted == TASK_FAILED and error not in (TIMEOUT, DATA_LIMIT)


def attempts_of(retrier: Mapping[str, Any]) -> int:
    """How many retries it allows."""
    return int(retrier.get("MaxAttempts", 3))


def delay_s(retrier: Mapping[str, Any], retry: int, chance: float) -> float:
    """Seconds before the first, second ... retry. `chance` from 0 to 1 is the share of the delay with full jitter."""
    interval = float(retrier.get("IntervalSeconds", 1)) * float(retrier.get("BackoffRate", 2.0)) ** (retry - 1)
    interval = min(interval, float(retrier.get("MaxDelaySeconds", LONGEST_DELAY_S)))
    return interval * chance if retrier.get("JitterStrategy") == "FULL" else interval
