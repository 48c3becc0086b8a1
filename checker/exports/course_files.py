"""course.toml and its hidden checks as files that go together into a package, wherever the hidden checks lie at home."""

from __future__ import annotations

import json
import re
from pathlib import Path

from checker.grading.course import read_course
from checker.grading.hidden import read_hidden

FOLDER = re.compile(r"(?m)(?<![\w.-])folder(\s*)=(\s*)(\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*')")
INSIDE = "hidden"


def course_files(file: Path) -> dict[str, bytes]:
    """`course.toml`, and `hidden/NN_part/checks.py` if it names hidden checks; its `folder` then says `hidden`."""
    course = read_course(file, must_exist=True)
    text = file.read_text(encoding="utf-8")
    if course.hidden_folder is None:
        return {"course.toml": text.encode()}
    read_hidden(course.hidden_folder)
    moved = FOLDER.sub(lambda found: f"folder{found[1]}={found[2]}{json.dumps(INSIDE)}", text)
    hidden = sorted(course.hidden_folder.glob("*/checks.py"))
    sources = {f"{INSIDE}/{each.parent.name}/checks.py": each.read_bytes() for each in hidden}
    return {"course.toml": moved.encode(), **sources}
