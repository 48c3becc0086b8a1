"""Finds the submissions to compare: a folder with one folder for each, of which those that were graded are taken."""

from __future__ import annotations

from pathlib import Path

from checker.errors import UsageProblem
from checker.exports.read import read_grades
from checker.exports.similarity.compare import Files
from checker.exports.similarity.write import read_files


def read_submissions(grades: Path, submissions: Path | None) -> tuple[dict[str, Files], dict[str, str]]:
    """The files of each submission, and everybody's name."""
    if submissions is None or not submissions.is_dir():
        raise UsageProblem("Where are the submissions to compare?", next_step="add --submissions DIR")
    names = {grading.id: grading.shown_name for grading in read_grades(grades).gradings}
    files = {place.name: read_files(place) for place in sorted(submissions.iterdir()) if place.is_dir()}
    files = {name: found for name, found in files.items() if found}
    return files, {name: names.get(name, name) for name in files}
