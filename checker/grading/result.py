"""Makes a result file's content from what a judge told. Pure; a judge's word counts for statuses and texts, nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from checker.checks.check import Check
from checker.curriculum.parts import Part
from checker.grading.texts import harmless

SCHEMA = "iot-lab-kit/result/1"
STATUSES = ("passed", "failed", "skipped", "broken")
RESULT_STATUSES = ("graded", "stopped", "refused", "broken")
TEXTS = ("expected", "got", "because", "fix")
MOST_NOTICES = 20
MOST_READINGS = 20_000


@dataclass(frozen=True)
class Listed:
    """A check as the instructor's kit knows it, and what learners may see of it."""

    check: Check
    visibility: str = "everything"


Course = Sequence[tuple[Part, Sequence[Listed]]]


@dataclass
class Told:
    """What a judge said until it ended, and why it ended if not by itself."""

    events: list[Mapping[str, Any]] = field(default_factory=list)
    stopped: str = ""
    crashed: str = ""

    def of(self, name: str) -> Iterable[Mapping[str, Any]]:
        return (event for event in self.events if event.get("event") == name)

    @property
    def complete(self) -> bool:
        return any(True for _ in self.of("end"))


def graded(course: Course, told: Told) -> dict[str, Any]:
    """`status`, `problem`, points and parts of a submission that was judged, wholly or in part."""
    broken = next((harmless(event.get("text", "")) for event in told.of("broken")), "") or told.crashed
    answers = {str(event.get("id")): event for event in told.of("check")}
    parts = [_part(part, listed, answers, told.stopped, broken) for part, listed in course]
    checks = [check for part in parts for check in part["checks"]]
    status = "graded"
    if told.stopped:
        status = "stopped"
    elif broken or any(check["status"] == "broken" for check in checks):
        status = "broken"
    return {
        "status": status,
        "problem": told.stopped or broken,
        "points": sum(part["points"] for part in parts),
        "max_points": sum(part["max_points"] for part in parts),
        "bonus": sum(part["bonus"] for part in parts),
        "parts": parts,
        "house": _house(told),
        "notices": [harmless(event.get("text", "")) for event in told.of("notice")][:MOST_NOTICES],
    }


def _house(told: Told) -> dict[str, Any]:
    """What the house did: finite numbers only, whatever the judge says."""
    event = next(iter(told.of("house")), {})
    try:
        readings = [[float(s), int(zone), int(sensor), float(c)] for s, zone, sensor, c in event.get("readings", ())]
        commands = [[float(s), int(zone), bool(on)] for s, zone, on in event.get("commands", ())]
    except (TypeError, ValueError):
        return {"readings": [], "commands": []}
    finite = [each for each in readings if all(map(math.isfinite, each))][:MOST_READINGS]
    return {"readings": finite, "commands": commands[:MOST_READINGS]}


def refused(course: Course, why: str) -> dict[str, Any]:
    """A submission that could not be read: every check is skipped, nothing is earned."""
    because = f"the submission was refused: {harmless(why)}"
    return {**graded(course, Told(stopped=because)), "status": "refused", "problem": harmless(why)}


def what_is_wrong_with(found: Any, learner: str, version: int) -> str:
    """Why a file's content is not this version of this learner's result, or nothing; judged is what a grade is made of."""
    if not isinstance(found, Mapping):
        return "it is no JSON object"
    if found.get("schema", SCHEMA) != SCHEMA:
        return f"its form is {harmless(found['schema'], 100)}, this kit writes and reads {SCHEMA}"
    try:
        if (found["learner"]["id"], found["version"]) != (learner, version):
            return f"it says of itself that it is version {found['version']} of {harmless(found['learner']['id'], 100)}"
        if found["status"] not in RESULT_STATUSES or not isinstance(found["problem"], str):
            return f"its status is {found['status']!r}"
        if time := found["submission"]["submitted_at"]:
            datetime.fromisoformat(time).astimezone()
        str(found["submission"]["sha256"]), bool([part["bonus_part"] for part in found["parts"]])
        checks = [check for part in found["parts"] if isinstance(part["part"], int) for check in part["checks"]]
        wrong = next((check["id"] for check in checks if not _is_possible(check)), "")
    except KeyError as missing:
        return f"it lacks {missing}"
    except (TypeError, ValueError, AttributeError) as error:
        return str(error)
    return f"check {wrong} has a status and points that do not go together" if wrong else ""


def _is_possible(check: Mapping[str, Any]) -> bool:
    """All points for what passed, none for anything else: whoever changes points by hand uses adjustments.toml."""
    return check["status"] in STATUSES and check["points"] == (
        check["max_points"] if check["status"] == "passed" else 0
    )


def why_of(result: Mapping[str, Any]) -> str:
    """What an instructor should know of a result beside its points, in a line; empty if all went well."""
    if result["problem"]:
        return str(result["problem"]).splitlines()[0]
    broken = [check for part in result["parts"] for check in part["checks"] if check["status"] == "broken"]
    if not broken:
        return ""
    what = f"{', '.join(check['id'] for check in broken)} broke"
    because = broken[0].get("because", "").splitlines()
    return f"{what}: {because[0]}" if because else what


def _part(
    part: Part, listed: Sequence[Listed], answers: Mapping[str, Mapping[str, Any]], stopped: str, broken: str
) -> dict[str, Any]:
    checks = [_check(each, answers.get(each.check.id), stopped, broken) for each in listed]
    earned = sum(check["points"] for check in checks)
    available = sum(check["max_points"] for check in checks)
    return {
        "part": part.number,
        "name": part.title,
        "points": 0 if part.bonus else earned,
        "max_points": 0 if part.bonus else available,
        "bonus": earned if part.bonus else 0,
        "bonus_part": part.bonus,
        "checks": checks,
    }


def _check(listed: Listed, answer: Mapping[str, Any] | None, stopped: str, broken: str) -> dict[str, Any]:
    each = listed.check
    status = answer.get("status") if answer else ("skipped" if stopped else "broken")
    if status not in STATUSES:
        status = "broken"
    texts = {name: harmless((answer or {}).get(name, "")) for name in TEXTS}
    if answer is None:
        texts["because"] = stopped or broken or "the judge ended before it"
    return {
        "id": each.id,
        "title": each.title,
        "status": status,
        "points": each.points if status == "passed" else 0,
        "max_points": each.points,
        **texts,
        "blameless": bool((answer or {}).get("blameless", False)),
        "seconds": _seconds(answer),
        "visibility": listed.visibility,
    }


def _seconds(answer: Mapping[str, Any] | None) -> float:
    value = (answer or {}).get("seconds", 0.0)
    return float(value) if isinstance(value, int | float) else 0.0
