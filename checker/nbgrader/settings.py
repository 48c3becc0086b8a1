"""What nbgrader_config.py calls: puts the kit's steps in the place of nbgrader's own where those trust a learner."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from checker.errors import UsageProblem

REMEMBERED = "lab-grades.txt"
"""In the course: where `lab nbgrader autograde` and `scores` last found the grades, so that formgrader finds them too."""


TEMPLATES = Path(__file__).with_name("templates")
"""In the place of nbgrader's: feedback that loads nothing from elsewhere."""


def formgraders_templates() -> Path:
    """nbgrader's own templates, which it leaves out once others are named."""
    import nbgrader

    return Path(nbgrader.__file__).parent / "server_extensions" / "formgrader" / "templates"


def remember_grades(course: Path, grades: Path) -> None:
    """Notes for nbgrader's own commands where the grades are."""
    (course / REMEMBERED).write_text(f"{grades.resolve()}\n", encoding="utf-8")


def remembered_grades(course: Path) -> Path | None:
    file = course / REMEMBERED
    return Path(file.read_text(encoding="utf-8").strip()) if file.is_file() else None


def configure(config: Any, *, grades: Path, isolation: str = "box", within_s: float = 120.0) -> None:
    """Sets up a course whose results are in `grades`, or where REMEMBERED beside it says; LAB_ISOLATION wins."""
    chosen = os.environ.get("LAB_ISOLATION") or isolation
    if chosen not in ("box", "none"):
        raise UsageProblem(
            f"isolation is {chosen!r}", next_step='write isolation="box", or "none" if you accept the risk'
        )
    from checker.nbgrader.hooks import autograde_steps, sanitize_steps

    config.BoxedExecute.grades = str(remembered_grades(grades.parent) or grades)
    config.BoxedExecute.isolation = chosen
    config.BoxedExecute.within_s = float(within_s)
    config.SaveCheckedGrades.grades = config.CheckedPenalties.grades = config.BoxedExecute.grades
    config.RestoreCells.course = str(grades.parent)
    config.Autograde.sanitize_preprocessors = sanitize_steps()
    config.Autograde.autograde_preprocessors = autograde_steps()
    config.HTMLExporter.extra_template_basedirs = [str(TEMPLATES), str(formgraders_templates())]
    config.HTMLExporter.sanitize_html = True
    config.HTMLExporter.filters = {"markdown2html": "checker.nbgrader.safe_html.safe_markdown"}
    config.ClearSolutions.text_stub = "YOUR ANSWER HERE"
