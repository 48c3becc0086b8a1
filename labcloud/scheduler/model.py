"""A schedule and a schedule group as plain data, and when a schedule is due. Pure.

Source: EventBridge Scheduler User Guide, "Schedule types" and "Configuring flexible time windows".
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from labcloud.api import Scope
from labcloud.schedule import RateSchedule, Schedule, parse_schedule

SHOWN = (
    *("Description", "ScheduleExpression", "ScheduleExpressionTimezone", "FlexibleTimeWindow", "Target", "State"),
    *("StartDate", "EndDate", "ActionAfterCompletion"),
)


@dataclass(frozen=True)
class StoredSchedule:
    """`settings` are the members of CreateSchedule with their defaults; dates are epoch seconds."""

    scope: Scope
    group: str
    name: str
    settings: Mapping[str, Any]
    created_s: float
    modified_s: float

    @property
    def arn(self) -> str:
        return self.scope.arn("scheduler", f"schedule/{self.group}/{self.name}")

    @property
    def group_arn(self) -> str:
        return self.scope.arn("scheduler", f"schedule-group/{self.group}")

    @property
    def target(self) -> Mapping[str, Any]:
        target: Mapping[str, Any] = self.settings["Target"]
        return target

    @property
    def enabled(self) -> bool:
        return bool(self.settings["State"] == "ENABLED")

    def next_after(self, epoch_s: float) -> float | None:
        """When it is due next, between its start and its end. A rate counts from its start, and is due at it."""
        start, end = self.settings.get("StartDate"), self.settings.get("EndDate")
        due = self._timetable().next_after(epoch_s if start is None else max(epoch_s, start - 0.001))
        return None if due is None or (end is not None and due > end) else due

    def invoked_at(self, due_s: float) -> float:
        """When the target is invoked: at the due time, or at some time within the flexible window, always the same."""
        window = self.settings["FlexibleTimeWindow"]
        if window["Mode"] == "OFF":
            return due_s
        part = int.from_bytes(hashlib.sha256(f"{self.arn}@{due_s}".encode()).digest()[:4], "big") / 2**32
        return due_s + part * 60 * int(window["MaximumWindowInMinutes"])

    def _timetable(self) -> Schedule:
        start = self.settings.get("StartDate")
        anchor = self.modified_s if start is None else float(start)
        zone = self.settings["ScheduleExpressionTimezone"]
        timetable = parse_schedule(self.settings["ScheduleExpression"], zone, start_s=anchor, service="scheduler")
        if isinstance(timetable, RateSchedule):
            return replace(timetable, start_s=anchor - timetable.interval_s)
        return timetable

    def described(self) -> dict[str, Any]:
        """What GetSchedule answers."""
        shown = {name: self.settings[name] for name in SHOWN if self.settings.get(name) is not None}
        for name in ("StartDate", "EndDate"):
            if name in shown:
                shown[name] = moment(shown[name])
        return {**self._identity(), **shown}

    def summary(self) -> dict[str, Any]:
        """What ListSchedules answers for it."""
        return {**self._identity(), "State": self.settings["State"], "Target": {"Arn": self.target["Arn"]}}

    def _identity(self) -> dict[str, Any]:
        return {
            "Arn": self.arn,
            "Name": self.name,
            "GroupName": self.group,
            "CreationDate": moment(self.created_s),
            "LastModificationDate": moment(self.modified_s),
        }


@dataclass(frozen=True)
class Group:
    """A schedule group."""

    scope: Scope
    name: str
    created_s: float

    @property
    def arn(self) -> str:
        return self.scope.arn("scheduler", f"schedule-group/{self.name}")

    def described(self) -> dict[str, Any]:
        """What GetScheduleGroup answers."""
        when = moment(self.created_s)
        return {
            "Arn": self.arn,
            "Name": self.name,
            "State": "ACTIVE",
            "CreationDate": when,
            "LastModificationDate": when,
        }


def moment(epoch_s: float) -> datetime:
    """Epoch seconds as the API's timestamps."""
    return datetime.fromtimestamp(epoch_s, UTC)
