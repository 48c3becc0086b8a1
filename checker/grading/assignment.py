"""One submission to be judged, and the machine that judges it: this one, or (cluster.py) another with the same kit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from checker.grading.attendant import Attendant, Ending, Quota
from checker.grading.station import Station


@dataclass(frozen=True)
class Assignment:
    """What is to be checked. Nothing in it belongs to one machine."""

    parts: tuple[int, ...]
    hidden: Mapping[str, str]
    quota: Quota
    house_minutes: int
    kit: str
    """The hash of the kit that is to judge."""


class Judges(Protocol):
    """Has a submission judged: `archive` is its normalised tar."""

    def judge(self, slot: int, assignment: Assignment, archive: Path) -> Ending:
        """What the judge's process said and how it ended."""

    def end_all(self) -> None:
        """Ends all that is being judged."""


class HereJudges:
    """Judges on this machine."""

    def __init__(self, station: Station, attendant: Attendant) -> None:
        self._station, self._attendant = station, attendant

    def judge(self, slot: int, assignment: Assignment, archive: Path) -> Ending:
        station = self._station
        request: dict[str, Any] = {
            "place": str(station.place(slot)),
            "parts": list(assignment.parts),
            "hidden": dict(assignment.hidden),
            "bwrap": station.bwrap,
            "house_minutes": assignment.house_minutes,
            "program_s": assignment.quota.program_s,
            "tools": [str(tool) for tool in station.tools],
            "prepared": asdict(station.prepared) if station.bwrap and station.prepared else None,
            "terraform_config": station.terraform_config() if station.bwrap else "",
        }
        try:
            with open(archive, "rb") as stream:
                sent = json.dumps(request).encode()
                return self._attendant.attend(slot, "checker.grading.judge", [], stream, sent, assignment.quota)
        finally:
            station.leave(slot)

    def end_all(self) -> None:
        self._attendant.end_all()
