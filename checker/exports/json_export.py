"""Grades as JSON for other programs; the schema beside this file says what is in it and is tested against it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from checker.exports.model import ClassGrades, Grading

SCHEMA = Path(__file__).with_name("schema.json")
FORMAT = 1


def grading_as_dict(grading: Grading) -> dict[str, Any]:
    """One grading; `parts` are those of the command contract."""
    return {
        "id": grading.id,
        "name": grading.name,
        "email": grading.email,
        "version": grading.version,
        "score": grading.score,
        "max_score": grading.max_score,
        "bonus": grading.report.bonus,
        "rules": list(grading.rules),
        "comment": grading.comment,
        "problem": grading.problem,
        "to_be_graded_again": grading.to_be_graded_again,
        "part_scores": {str(part.number): grading.score_of(part) for part in grading.report.parts},
        "parts": [part.as_dict() for part in grading.report.parts],
        "provenance": dict(grading.report.provenance),
    }


def render_json(grades: ClassGrades) -> str:
    """The whole class as one object."""
    whole = {
        "format": FORMAT,
        "title": grades.title,
        "gradings": [grading_as_dict(grading) for grading in grades.gradings],
    }
    text = json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace").decode() + "\n"
