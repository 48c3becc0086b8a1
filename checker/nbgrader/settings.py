"""What nbgrader_config.py calls: puts the kit's steps in the place of nbgrader's own where those trust a learner."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from checker.errors import UsageProblem


def configure(config: Any, *, grades: Path, isolation: str = "box", within_s: float = 120.0) -> None:
    """Sets up a course. LAB_GRADES and LAB_ISOLATION, which `lab nbgrader autograde` sets, win."""
    chosen = os.environ.get("LAB_ISOLATION") or isolation
    if chosen not in ("box", "none"):
        raise UsageProblem(
            f"isolation is {chosen!r}", next_step='write isolation="box", or "none" if you accept the risk'
        )
    from checker.nbgrader.hooks import autograde_steps, sanitize_steps

    config.BoxedExecute.grades = str(os.environ.get("LAB_GRADES") or grades)
    config.BoxedExecute.isolation = chosen
    config.BoxedExecute.within_s = float(within_s)
    config.SaveCheckedGrades.grades = config.BoxedExecute.grades
    config.Autograde.sanitize_preprocessors = sanitize_steps()
    config.Autograde.autograde_preprocessors = autograde_steps()
    config.OverwriteCells.add_missing_cells = True
    config.HTMLExporter.sanitize_html = True
    config.HTMLExporter.filters = {"markdown2html": "checker.nbgrader.hooks.safe_markdown"}
    config.ClearSolutions.text_stub = "YOUR ANSWER HERE"
