"""`only` and `except`, GitLab's older way to say when a job runs, as the `rules` that mean the same. Pure.

Source: GitLab docs, "Deprecated keywords", `only` / `except`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checker.pipeline.model import Rule

KEYWORDS = {
    "branches": "$CI_COMMIT_BRANCH",
    "tags": "$CI_COMMIT_TAG",
    "pushes": '$CI_PIPELINE_SOURCE == "push"',
    "web": '$CI_PIPELINE_SOURCE == "web"',
    "api": '$CI_PIPELINE_SOURCE == "api"',
    "schedules": '$CI_PIPELINE_SOURCE == "schedule"',
    "triggers": '$CI_PIPELINE_SOURCE == "trigger"',
    "merge_requests": '$CI_PIPELINE_SOURCE == "merge_request_event"',
}


def rules_of(body: Mapping[str, Any]) -> list[dict[str, str]] | None:
    """The job's `only` and `except` as entries of `rules`; None if it has neither. Raises ValueError on what is not served."""
    if not {"only", "except"} & set(body):
        return None
    if "rules" in body:
        raise ValueError("rules and only or except cannot stand in one job")
    rules = [{"if": condition, "when": "never"} for condition in _conditions(body.get("except", []), "except")]
    return rules + [{"if": condition} for condition in _conditions(body.get("only", ["branches", "tags"]), "only")]


def _conditions(value: Any, keyword: str) -> list[str]:
    if isinstance(value, Mapping):
        if set(value) != {"refs"}:
            raise ValueError(f"this machine's runner does not do {keyword}: {', '.join(sorted(set(value) - {'refs'}))}")
        value = value["refs"]
    return [_condition(str(entry)) for entry in ([value] if isinstance(value, str) else value)]


def _condition(entry: str) -> str:
    if entry in KEYWORDS:
        return KEYWORDS[entry]
    if entry.startswith("/"):
        return f"$CI_COMMIT_REF_NAME =~ {entry}"
    return f'$CI_COMMIT_REF_NAME == "{entry}"'


def as_rules(body: Mapping[str, Any]) -> tuple[Rule, ...] | None:
    """The same as Rule objects."""
    found = rules_of(body)
    return None if found is None else tuple(Rule(r["if"], (), r.get("when"), None, {}) for r in found)  # type: ignore[arg-type]
