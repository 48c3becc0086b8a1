"""Readings as a sensor of the house sends them, and what the house itself would send. Pure."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

from checker.curriculum.parts import STARTER
from checker.errors import LabError

TOLERANCE_MS = 1_000
TOPIC = "sensor/temperature/temp_{sensor}"


@dataclass(frozen=True)
class Reading:
    """One published reading; `id` is unique, times are milliseconds of the target's clock around the publish."""

    temperature: float
    sensor_id: int
    zone_id: int
    topic: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    client_id: str | None = None
    sent_after_ms: int = 0
    sent_before_ms: int = 0

    @property
    def content(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "temperature": self.temperature,
            "sensor_id": self.sensor_id,
            "zone_id": self.zone_id,
        }

    @property
    def payload(self) -> bytes:
        return json.dumps(self.content).encode()

    def is_stored_as(self, items: Sequence[Mapping[str, Any]]) -> bool:
        """Is it exactly one item with the reading's four columns? A number may be stored as its text."""
        return len(items) == 1 and all(str(items[0].get(name)) == str(value) for name, value in self.content.items())

    def is_shown_as(self, texts: Collection[str]) -> bool:
        """Are these temperatures, as texts, all the reading's?"""
        return bool(texts) and all(
            re.fullmatch(r"-?[\d.]+(E-?\d+)?", t) and float(t) == self.temperature for t in texts
        )

    def is_in(self, row: Mapping[str, Any]) -> bool:
        """Is this a row of the reading's sensor and time?"""
        place = {"zone_id": str(self.zone_id), "sensor_id": str(self.sensor_id)}
        return place.items() <= row.items() and bool(row.get("time")) and self.was_sent_at([str(row["time"])])

    def was_sent_at(self, times: Sequence[str]) -> bool:
        """Is there exactly one time, and is it, to a second, that of the publish?"""
        if len(times) != 1:
            return False
        return self.sent_after_ms - TOLERANCE_MS <= milliseconds(times[0]) <= self.sent_before_ms + TOLERANCE_MS

    @property
    def sent_at(self) -> str:
        """When it was published, on the target's clock."""
        return datetime.fromtimestamp(self.sent_after_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]

    def __str__(self) -> str:
        return f"the reading {self.temperature} on {self.topic}"


def new_reading(temperature: float, sensor: int = 1, zone: int | None = None, topic: str | None = None) -> Reading:
    """A reading of `sensor`, which stands in its own zone unless told otherwise."""
    return Reading(temperature, sensor, zone or (sensor + 1) // 2, topic or TOPIC.format(sensor=sensor))


def kit_house() -> ModuleType:
    """The kit's own house physics (starter/src/house.py), never a workspace's."""
    name = "lab_house"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, STARTER / "src" / "house.py")
        if spec is None or spec.loader is None:
            raise LabError("starter/src/house.py is missing", next_step="use a complete copy of the kit")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


def milliseconds(text: str) -> int:
    """A Timestream time, `2026-11-21 08:00:00.123000000`, in milliseconds since 1970."""
    whole, _, fraction = text.partition(".")
    seconds = datetime.strptime(whole, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()
    return int(seconds) * 1000 + int((fraction + "000")[:3])
