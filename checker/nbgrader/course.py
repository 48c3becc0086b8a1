"""Makes an nbgrader course: a configuration, and a source notebook for each part. What exists is kept unless it is ours."""

from __future__ import annotations

import json
import re
from pathlib import Path

from checker.checks.check import load_checks
from checker.curriculum.parts import Part, read_parts
from checker.errors import UsageProblem
from checker.nbgrader.notebooks import make_notebook

CONFIG = '''\
"""nbgrader's settings of this course. `lab nbgrader` wrote this file; change it as you like."""

from pathlib import Path

from checker.nbgrader.settings import configure

COURSE = Path(__file__).resolve().parent

c = get_config()  # noqa: F821 (nbgrader defines it)
c.CourseDirectory.course_id = {name!r}
c.CourseDirectory.root = str(COURSE)
c.Exchange.root = str(COURSE / "exchange")

# Where `lab grade` leaves its results, how a learner's notebook runs ("box", or "none" if you accept the risk), and how long.
configure(c, grades=COURSE / "grades", isolation="box", within_s=120)
'''


def init_course(folder: Path) -> list[str]:
    """Makes or renews a course; says what was done, a line each."""
    if folder.exists() and not folder.is_dir():
        raise UsageProblem(f"{folder} is no folder", next_step="choose another name for the course")
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "nbgrader_config.py"
    if any(folder.iterdir()) and not config.is_file():
        raise UsageProblem(f"{folder} is not empty and no course", next_step="choose a new folder")
    told = []
    if not config.exists():
        config.write_text(CONFIG.format(name=course_name(folder)), encoding="utf-8")
        told.append(f"{config}: the course's settings")
    for part in read_parts():
        told.append(_write_notebook(part, folder / "source" / part.id / f"{part.id}.ipynb"))
    return told


def course_name(folder: Path) -> str:
    """A course id that is plain text."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", folder.resolve().name).strip("-") or "course"


def notebook_of(part: Part) -> str:
    """A part's source notebook as the text of an .ipynb file."""
    source = part.folder / "notebook.md"
    made = make_notebook(source.read_text(encoding="utf-8"), str(source), part.number, load_checks(part.folder))
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def _write_notebook(part: Part, file: Path) -> str:
    text = notebook_of(part)
    if file.is_file() and file.read_text(encoding="utf-8") == text:
        return f"{file}: up to date"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return f"{file}: written"


def require_course(folder: Path) -> Path:
    """The course's folder; raises UsageProblem."""
    if not (folder / "nbgrader_config.py").is_file():
        raise UsageProblem(f"{folder} is no nbgrader course", next_step=f"lab nbgrader init {folder}")
    return folder.resolve()
