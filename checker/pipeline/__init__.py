"""Runs a GitLab CI pipeline on this machine: its own runner for the keywords that a course needs; refuses the others.

`doc/decisions` says why no ready runner serves. What is read here: the .gitlab-ci.yml of an untrusted workspace.
"""

from checker.pipeline.model import JobResult, PipelineResult, Problem
from checker.pipeline.read import validate
from checker.pipeline.run import run_pipeline

__all__ = ["JobResult", "PipelineResult", "Problem", "run_pipeline", "validate"]
