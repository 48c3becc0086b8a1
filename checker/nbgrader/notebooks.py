"""Makes a Jupyter notebook from a part's notebook.md: the text is the source, the .ipynb is generated. Pure.

In the text, `<!-- manual 1.q1 points=2 -->` begins a question that a person grades, `<!-- checks 1 -->` stands for one
cell for each check of the part.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from checker.checks.check import Check
from checker.errors import LabError

DIRECTIVE = re.compile(r"^<!--(.*?)-->[ \t]*$", re.MULTILINE)
MANUAL = re.compile(r"manual (\d+\.[a-z0-9]+) points=(\d+)")
CHECKS = re.compile(r"checks (\d+)")
ANSWER = "YOUR ANSWER HERE"
HELPER = "lab-results"

SHOW_CHECK = """\
# This cell finds what `lab check {part} --json result-{part}.json` saw and shows it below; it checks nothing itself.
import json, os, pathlib


def show_check(check_id):
    file = pathlib.Path(os.environ.get("LAB_RESULT", "result-{part}.json"))
    if not file.is_file():
        raise FileNotFoundError("run: lab check {part} --json " + str(file.resolve()))
    parts = json.loads(file.read_text(encoding="utf-8"))["parts"]
    check = next((c for part in parts for c in part["checks"] if c["id"] == check_id), None)
    if check is None:
        raise LookupError(f"{{file}} holds no result of check {{check_id}}")
    print(f"{{check['status']}}  {{check['id']}}  {{check['title']}}   {{check['points']}}/{{check['max_points']}}")
    for label in ("expected", "got", "because", "fix"):
        if check[label]:
            print(f"  {{label:<9}} {{check[label]}}")
    assert check["status"] == "passed", f"check {{check_id}}: {{check['status']}}"
"""


@dataclass(frozen=True)
class Question:
    """A question that a person grades: its id, its points (0: a prediction), its text."""

    id: str
    points: int
    text: str


def cell_of_check(check_id: str) -> str:
    """nbgrader's name of the cell of a check."""
    return "check-" + check_id.replace(".", "-")


def check_of_cell(grade_id: str) -> str | None:
    """The check of a cell, if it is one of ours."""
    found = re.fullmatch(r"check-(\d+)-([A-Za-z0-9_-]+)", grade_id)
    return f"{found[1]}.{found[2]}" if found else None


def read_notebook_text(text: str, file: str) -> list[str | Question | int]:
    """The pieces of a notebook.md: texts, questions, and the number of the part whose checks stand there."""
    pieces: list[str | Question | int] = []
    found = list(DIRECTIVE.finditer(text))
    if plain := text[: found[0].start() if found else len(text)].strip():
        pieces.append(plain)
    for at, directive in enumerate(found):
        end = found[at + 1].start() if at + 1 < len(found) else len(text)
        body = text[directive.end() : end].strip()
        words = directive[1].strip()
        line = text.count("\n", 0, directive.start()) + 1
        if manual := MANUAL.fullmatch(words):
            question, _, rest = _until_heading(body)
            if not question:
                raise LabError(f"{file}, line {line}: question {manual[1]} has no text")
            pieces.append(Question(manual[1], int(manual[2]), question))
        elif checks := CHECKS.fullmatch(words):
            pieces.append(int(checks[1]))
            rest = body
        else:
            raise LabError(
                f"{file}, line {line}: {words!r} is no directive",
                next_step="write <!-- manual 1.q1 points=2 --> or <!-- checks 1 -->",
            )
        if rest:
            pieces.append(rest)
    ids = [piece.id for piece in pieces if isinstance(piece, Question)]
    if twice := {each for each in ids if ids.count(each) > 1}:
        raise LabError(f"{file}: these questions are there twice: {', '.join(sorted(twice))}")
    return pieces


def _until_heading(body: str) -> tuple[str, str, str]:
    """A question ends where the next heading begins."""
    heading = re.search(r"^#{1,6} ", body, re.MULTILINE)
    return (body[: heading.start()].strip(), "", body[heading.start() :]) if heading else (body, "", "")


def make_notebook(text: str, file: str, part: int, checks: Sequence[Check]) -> dict[str, Any]:
    """The notebook of a part, in nbformat 4.5, with nbgrader's metadata (schema 3)."""
    cells: list[dict[str, Any]] = []
    for piece in read_notebook_text(text, file):
        if isinstance(piece, str):
            cells.append(_locked("text-" + str(len(cells)), piece))
        elif isinstance(piece, Question):
            name = piece.id.replace(".", "-")
            points = (
                f" ({piece.points} point{'s' * (piece.points != 1)})"
                if piece.points
                else " (a prediction, without points)"
            )
            cells.append(_locked(f"question-{name}", f"**{piece.id}**{points}\n\n{piece.text}"))
            cells.append(_cell("markdown", f"answer-{name}", ANSWER, grade=True, solution=True, points=piece.points))
        elif piece == part:
            cells.append(_cell("code", HELPER, SHOW_CHECK.format(part=part), locked=True))
            cells += [_check_cell(check) for check in checks]
        else:
            raise LabError(f"{file}: the checks of part {piece} do not belong into part {part}")
    return {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _check_cell(check: Check) -> dict[str, Any]:
    points = "1 point" if check.points == 1 else f"{check.points} points"
    source = f'# {check.id} ({points}): {check.title}\nshow_check("{check.id}")'
    return _cell("code", cell_of_check(check.id), source, grade=True, locked=True, points=check.points)


def _locked(name: str, text: str) -> dict[str, Any]:
    return _cell("markdown", name, text, locked=True)


def _cell(kind: str, name: str, source: str, **settings: Any) -> dict[str, Any]:
    flags = {"grade": False, "solution": False, "locked": False, "task": False} | settings
    nbgrader = {**flags, "grade_id": name, "schema_version": 3, "cell_type": kind}
    cell: dict[str, Any] = {"id": name, "cell_type": kind, "metadata": {"nbgrader": nbgrader}, "source": source}
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})
