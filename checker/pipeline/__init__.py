"""Runs a GitLab CI pipeline on this machine: its own runner for the keywords that a course needs; refuses the others.

`doc/decisions` says why no ready runner serves. What is read here: the .gitlab-ci.yml of an untrusted workspace.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from checker.pipeline.model import JobResult, PipelineResult, Problem
    from checker.pipeline.read import validate
    from checker.pipeline.run import run_pipeline

__all__ = ["JobResult", "PipelineResult", "Problem", "run_pipeline", "validate"]

_PLACES = {
    "JobResult": "model",
    "PipelineResult": "model",
    "Problem": "model",
    "run_pipeline": "run",
    "validate": "read",
}


def __getattr__(name: str) -> Any:
    """Loads what is asked for: every `pip` of a job imports this package, and needs none of it."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
