"""Gradescope's results.json; https://gradescope-autograders.readthedocs.io/en/latest/specs/"""

from __future__ import annotations

import json
from typing import Any

from checker.checks.result import CheckResult
from checker.exports.markup import visible
from checker.exports.model import Grading, number
from checker.report.terminal import LABELS


def results_of(grading: Grading) -> dict[str, Any]:
    """One grading as the object of results.json; texts are plain text, never HTML."""
    told = [grading.problem, *grading.report.notices, grading.comment, *grading.rules]
    if grading.to_be_graded_again:
        told.insert(0, "Something of ours broke; no points are lost, it will be graded again.")
    return {
        "score": round(float(grading.score), 2),
        **_seconds(grading),
        "output": visible("\n".join(text for text in told if text)),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [_test(check) for check in grading.checks],
        "extra_data": {"submission": visible(grading.id), "version": grading.version},
    }


def _seconds(grading: Grading) -> dict[str, int]:
    seconds = grading.report.provenance.get("seconds")
    return {"execution_time": round(seconds)} if isinstance(seconds, int | float) else {}


def render_gradescope(grading: Grading) -> str:
    return json.dumps(results_of(grading), indent=1, ensure_ascii=False) + "\n"


def _test(check: CheckResult) -> dict[str, Any]:
    told = [f"{label:<9} {text}" for label in LABELS if (text := getattr(check, label))]
    if check.status in ("skipped", "broken"):
        told.insert(0, f"{check.status}: {number(check.points)} points")
    return {
        "number": check.id,
        "name": visible(check.title),
        "score": float(check.points),
        "max_score": float(check.max_points),
        "status": "passed" if check.status == "passed" else "failed",
        "output": visible("\n".join(told)),
        "visibility": "visible",
    }
