"""What of the kit has a say in a grade, as one hash: when it changes, results are graded anew.

Pages, tables, hints and the learner's own commands have none: an edit there leaves grades as they are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

WITHOUT_A_SAY = ("cli", "exports", "nbgrader", "report", "watch")
"""Packages of the checker that only show, or that only a learner's machine runs."""
GRADERS_OWN = (
    "adjustments",
    "cluster",
    "course",
    "difference",
    "earlier",
    "final",
    "merge",
    "notices",
    "progress",
    "shards",
    "store",
    "table",
)
"""Modules of checker/grading that come after a result: rules are applied to results, not kept in them."""


def kit_hash(root: Path) -> str:
    """A hash of all code that has a say in a result."""
    digest = hashlib.sha256()
    for file in sorted(files_with_a_say(root)):
        digest.update(f"{file.relative_to(root)}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def files_with_a_say(root: Path) -> Iterator[Path]:
    """The cloud, the checks and what they are made of, the tests of the function, the judge."""
    yield from (root / "labcloud").rglob("*.py")
    yield from root.glob("parts/*/checks.py")
    yield from root.glob("parts/*/part.toml")
    yield from root.glob("starter/ac_control_lambda/**/*.py")
    for file in (root / "checker").rglob("*.py"):
        package, *_ = file.relative_to(root / "checker").parts
        is_graders_own = package == "grading" and file.stem in GRADERS_OWN
        if package not in WITHOUT_A_SAY and not is_graders_own:
            yield file
