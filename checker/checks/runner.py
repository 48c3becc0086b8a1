"""Runs checks one after the other: each ends as passed, failed, skipped or broken, and none runs for ever."""

from __future__ import annotations

import random
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from checker.checks.check import Check
from checker.checks.expectation import NotAsExpected, NotAvailable, NotReady
from checker.checks.result import CheckResult
from checker.errors import LabError, LearnerProblem


def run_checks(
    checks: Sequence[Check],
    lab: Any,
    *,
    trace_folder: Path,
    begin: Callable[[Check], None] = lambda _: None,
    done: Callable[[CheckResult], None] = lambda _: None,
    earlier: Mapping[str, CheckResult] | None = None,
    amend: Callable[[Check, CheckResult], CheckResult] = lambda _, result: result,
) -> list[CheckResult]:
    """The results of `checks`, in order. `earlier` holds results of checks that these may need.

    `amend` may add to a result what is known of the whole run.
    """
    results: dict[str, CheckResult] = dict(earlier or {})
    for each in checks:
        begin(each)
        results[each.id] = result = skipped_by_need(each, results) or amend(each, run_check(each, lab, trace_folder))
        done(result)
    return [results[each.id] for each in checks]


def shuffled(checks: Sequence[Check], seed: int) -> list[Check]:
    """The checks in another order, in which each still stands behind those that it needs."""
    left, ordered = list(checks), list[Check]()
    chance = random.Random(seed)
    while left:
        waiting = {each.id for each in left}
        chosen = chance.choice([each for each in left if not waiting & set(each.needs)])
        left.remove(chosen)
        ordered.append(chosen)
    return ordered


def with_needs(wanted: Iterable[str], checks: Sequence[Check]) -> list[Check]:
    """The checks with the ids `wanted` and all that they need, in the order of `checks`."""
    by_id = {each.id: each for each in checks}
    chosen: set[str] = set()
    open_ids = list(wanted)
    while open_ids:
        current = open_ids.pop()
        if current not in chosen:
            chosen.add(current)
            open_ids += by_id[current].needs
    return [each for each in checks if each.id in chosen]


def skipped_by_need(each: Check, results: Mapping[str, CheckResult]) -> CheckResult | None:
    """The result of a check that cannot run because one it needs did not pass, or None."""
    for need in each.needs:
        result = results.get(need)
        if result is None or result.status == "passed":
            continue
        if result.status == "broken":
            return _result(each, "broken", because=f"{need} is broken, and this builds on it", fix=result.fix)
        if result.blameless:
            return CheckResult(each.id, each.title, "skipped", each.points, because=result.because, blameless=True)
        return CheckResult(
            each.id, each.title, "skipped", each.points,
            because=f"{need} did not pass ({result.title.rstrip('.')})", fix=f"{need} first",
        )  # fmt: skip
    return None


def run_check(each: Check, lab: Any, trace_folder: Path) -> CheckResult:
    """Runs one check in a thread, so that one which hangs is given up after its deadline."""
    outcome: list[CheckResult] = []
    begun = time.monotonic()
    thread = threading.Thread(target=lambda: outcome.append(_run(each, lab, trace_folder)), name=each.id, daemon=True)
    thread.start()
    thread.join(each.within_s)
    if not outcome:
        return _result(each, "broken", because=f"the check did not end within {each.within_s:.0f} s")
    result = outcome[0]
    return CheckResult(**{**vars(result), "seconds": round(time.monotonic() - begun, 3)})


def _run(each: Check, lab: Any, trace_folder: Path) -> CheckResult:
    try:
        each.function(lab)
    except NotAsExpected as failure:
        return _result(each, "failed", failure.expected, failure.got, failure.because, failure.fix)
    except NotReady as missing:
        return _result(each, "skipped", because=missing.because, fix=missing.fix)
    except NotAvailable as missing:
        return CheckResult(each.id, each.title, "skipped", each.points, because=missing.because, blameless=True)
    except LearnerProblem as problem:
        return _result(each, "skipped", because=problem.message, fix=problem.next_step)
    except LabError as error:
        return _result(each, "broken", because=error.message, fix=error.next_step)
    except BaseException as error:
        place = _write_trace(each, trace_folder)
        return _result(
            each, "broken", because=f"{type(error).__name__}: {error}", fix=f"nothing of yours; the trace is in {place}"
        )
    return _result(each, "passed")


def _result(
    each: Check, status: Any, expected: str = "", got: str = "", because: str = "", fix: str = ""
) -> CheckResult:
    return CheckResult(each.id, each.title, status, each.points, expected, got, because, fix)


def _write_trace(each: Check, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{each.id}.txt"
    file.write_text(traceback.format_exc(), encoding="utf-8")
    return file
