"""Patterns of files, as `artifacts: paths` and `rules: exists` write them, looked for in a project folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

MOST_STARS = 3
"""Each `**` means a walk through all folders for each folder that the one before it found."""


def problem_of(pattern: str) -> str:
    """Why a pattern is not looked for; empty if it is."""
    return f"{pattern} has ** more than {MOST_STARS} times" if pattern.count("**") > MOST_STARS else ""


def matching(project: Path, pattern: str) -> Iterator[Path]:
    """What matches in the project; a pattern that leads out of it matches nothing. Raises OSError.

    `**` beside other characters is a `*`, as for GitLab.
    """
    parts = [part if part == "**" else part.replace("**", "*") for part in pattern.split("/")]
    plain = "/".join(parts).strip("/")
    if not plain.strip("./") or ".." in parts or problem_of(pattern):
        return iter(())
    return project.glob(plain)
