"""A small class: one learner with full points, one with everything that can go wrong, one whose name is an attack."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from checker.exports.model import ClassGrades
from checker.exports.read import read_grades

ATTACK = "</dd><script>alert(1)</script><img src=x onerror=alert(2)>\"'&\x1b[31mred\u202etxt"


def check(check_id, status, points=2, **texts):
    told = {"expected": "", "got": "", "because": "", "fix": ""} | texts
    earned = points if status == "passed" else 0
    return {
        "id": check_id,
        "title": f"Check {check_id} holds",
        "status": status,
        "points": earned,
        "max_points": points,
        **told,
    }


def part(number, checks, bonus=False):
    earned, most = sum(c["points"] for c in checks), sum(c["max_points"] for c in checks)
    return {
        "part": number,
        "name": f"Part {number}",
        "points": 0 if bonus else earned,
        "max_points": 0 if bonus else most,
        "bonus": earned if bonus else 0,
        "bonus_part": bonus,
        "checks": checks,
    }


def put(folder: Path, learner: str, result: dict, version: int = 1) -> None:
    place = folder / "results" / learner
    place.mkdir(parents=True, exist_ok=True)
    sums = {key: sum(part[key] for part in result["parts"]) for key in ("points", "max_points", "bonus")}
    about = {"id": learner, "name": result.pop("name", ""), "email": result.pop("email", "")}
    handed_in = {"sha256": "ab12", "source": learner, "submitted_at": "", "hints": {}}
    whole = {
        "version": version,
        "learner": about,
        "submission": handed_in,
        "status": "graded",
        "problem": "",
        **sums,
        **result,
    }
    (place / f"{version:04d}.json").write_text(json.dumps(whole), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """GRADES as `lab grade` leaves it."""
    grades = tmp_path / "grades"
    passed = [
        part(1, [check("1.1", "passed"), check("1.2", "passed")]),
        part(6, [check("6.1", "passed", 3)], bonus=True),
    ]
    provenance = {"kit": "0.1.0", "checks": "abc", "workspace": "def", "target": "local"}
    put(
        grades,
        "ada",
        {"name": "Ada Lovelace", "email": "ada@example.org", "parts": passed, "provenance": provenance},
    )
    wrong = [
        check("1.1", "failed", expected="1 policy", got=ATTACK, because=f"```\n{ATTACK}", fix="=cmd|' /C calc'!A0"),
        check("1.2", "skipped", because="1.1 did not pass"),
        check("1.10", "broken", because="ours"),
    ]
    put(grades, "bob", {"name": "=HYPERLINK(1)", "parts": [part(1, wrong)], "provenance": provenance})
    almost = [part(1, [check("1.1", "passed"), check("1.2", "failed", got="0 items", fix="terraform/iot.tf")])]
    put(grades, "eve", {"name": ATTACK, "parts": almost, "provenance": provenance})
    return grades


@pytest.fixture
def grades(folder: Path) -> ClassGrades:
    return read_grades(folder)
