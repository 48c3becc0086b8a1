"""Lets the kit's house live against a graded submission, for the picture on the learner's page; no check depends on it.

Twenty minutes of the lab clock in about a second: readings go the learner's way through the cloud, the learner's schedule
fires, and the house obeys what the learner's function commands. The same seed for everybody.
"""

from __future__ import annotations

from typing import Any

from checker.checks.expectation import NotAsExpected, NotReady
from checker.errors import LabError
from checker.verbs.device import Device, DeviceRefused
from checker.verbs.readings import kit_house

HOUSE_SEED = 1
MINUTES = 20
SENDS_EVERY_S = 20
TOPICS = ("AC/AC-1", "AC/AC-2")


class HouseLife:
    """A house on the wire of a Lab. `readings` are second, zone, sensor, °C; `commands` are second, zone, on."""

    def __init__(self, lab: Any) -> None:
        self._lab, self._physics = lab, kit_house()
        self._house = self._physics.House(seed=HOUSE_SEED)
        self._seen = 0
        self.readings: list[tuple[int, int, int, float]] = []
        self.commands: list[tuple[int, int, bool]] = []

    def live(self, minutes: int = MINUTES) -> None:
        """Lives until the minutes are over, or until something of the learner's refuses it: then that was its life."""
        device: Device | None = None
        try:
            device = self._lab.connect()
            for topic in TOPICS:
                device.subscribe(topic)
            for second in range(SENDS_EVERY_S, minutes * 60 + 1, SENDS_EVERY_S):
                self._live_until(second, device)
        except (DeviceRefused, NotAsExpected, NotReady, LabError, OSError):
            return
        finally:
            if device is not None:
                device.close()

    def _live_until(self, second: int, device: Device) -> None:
        readings = self._house.step(SENDS_EVERY_S)[-4:]
        for reading in readings:
            device.publish(reading.topic, reading.payload().encode())
            self.readings.append((second, reading.zone_id, reading.sensor_id, reading.temperature))
        self._lab.target.clock.advance(SENDS_EVERY_S)
        self._lab.settle()
        self._obey(second, device)

    def _obey(self, second: int, device: Device) -> None:
        """Does what arrived; a command that is none changes nothing."""
        new, self._seen = device.received[self._seen :], len(device.received)
        for message in new:
            try:
                zone, enabled = self._physics.parse_command(message.topic, message.payload)
                changed = self._house.switch(zone, enabled)
            except (ValueError, KeyError):
                continue
            if changed:
                self.commands.append((second, zone, enabled))
