"""The physics of the house: outdoors, walls, rooms, air conditioners. No network, no clock: the same
seed and the same commands always give the same readings.

Heat flows from the hot outdoors through the walls into the rooms and, while it runs, into the coil of the
air conditioner. Left alone a room warms to about 38 °C; cooled it would fall to about 17 °C.
"""

from __future__ import annotations

import json
import random
import uuid
from dataclasses import dataclass, field

ROOMS_PER_ZONE = 2
ZONES_PER_HOUSE = 2
SECONDS_BETWEEN_READINGS = 5

OUTDOORS_CELSIUS = 38.0
START_CELSIUS = 27.5
COIL_CELSIUS = 9.0
# Shares of a temperature difference that are evened out in one second.
AIR_PER_S = 0.0034
ROOM_PER_S = 0.0030
WALL_PER_S = 0.0060
COIL_PER_S = 0.0115

NOISE_CELSIUS = 0.12
ARTEFACT_SHARE = 0.05
ARTEFACT_CELSIUS = (40.0, 50.0)
WARMEST_VALID_CELSIUS = 39.99


@dataclass(frozen=True)
class Reading:
    """One measurement of one sensor, `at_s` seconds after the house began."""

    at_s: float
    id: str
    temperature: float
    sensor_id: int
    zone_id: int

    @property
    def topic(self) -> str:
        return f"sensor/temperature/temp_{self.sensor_id}"

    @property
    def is_artefact(self) -> bool:
        return self.temperature >= ARTEFACT_CELSIUS[0]

    def payload(self) -> str:
        """The message that the sensor sends."""
        return json.dumps(
            {
                "id": self.id,
                "temperature": self.temperature,
                "sensor_id": self.sensor_id,
                "zone_id": self.zone_id,
            }
        )


@dataclass
class Room:
    """A room with its temperature sensor; the sun makes some rooms warmer than others."""

    sensor_id: int
    sun_celsius: float
    celsius: float


@dataclass
class Zone:
    """Two rooms behind the same walls, cooled by one air conditioner."""

    zone_id: int
    wall_celsius: float
    rooms: list[Room]
    ac_enabled: bool = field(default=False)

    def warm_up(self, seconds: int) -> None:
        """Moves the heat of so many seconds."""
        for _ in range(seconds):
            for room in self.rooms:
                outdoors = OUTDOORS_CELSIUS + room.sun_celsius
                flow = AIR_PER_S * (outdoors - room.celsius) + ROOM_PER_S * (self.wall_celsius - room.celsius)
                if self.ac_enabled:
                    flow += COIL_PER_S * (COIL_CELSIUS - room.celsius)
                room.celsius += flow
            inside = sum(room.celsius for room in self.rooms) / len(self.rooms)
            self.wall_celsius += WALL_PER_S * ((OUTDOORS_CELSIUS + inside) / 2 - self.wall_celsius)


class House:
    """A house of two zones; the house of number k has the zones 2k−1 and 2k and the sensors 4k−3 to 4k."""

    def __init__(self, seed: int = 0, number: int = 1) -> None:
        self.number = number
        self.at_s = 0
        self._random = random.Random(f"house {number} of seed {seed}")
        first = ZONES_PER_HOUSE * (number - 1) + 1
        self.zones = {zone_id: self._build_zone(zone_id) for zone_id in range(first, first + ZONES_PER_HOUSE)}

    def _build_zone(self, zone_id: int) -> Zone:
        first = ROOMS_PER_ZONE * (zone_id - 1) + 1
        rooms = [
            Room(
                sensor_id=sensor_id,
                sun_celsius=self._random.uniform(-0.6, 0.6),
                celsius=START_CELSIUS + self._random.uniform(-0.3, 0.3),
            )
            for sensor_id in range(first, first + ROOMS_PER_ZONE)
        ]
        return Zone(zone_id, wall_celsius=(OUTDOORS_CELSIUS + START_CELSIUS) / 2, rooms=rooms)

    def step(self, seconds: int = SECONDS_BETWEEN_READINGS) -> list[Reading]:
        """Lets whole seconds pass and returns what the sensors measured meanwhile, in order."""
        readings: list[Reading] = []
        for _ in range(seconds):
            for zone in self.zones.values():
                zone.warm_up(1)
            self.at_s += 1
            if self.at_s % SECONDS_BETWEEN_READINGS == 0:
                readings += [self._measure(zone, room) for zone in self.zones.values() for room in zone.rooms]
        return readings

    def switch(self, zone_id: int, enabled: bool) -> bool:
        """Switches the air conditioner of a zone; true if that changed anything."""
        zone = self.zones[zone_id]
        changed = zone.ac_enabled is not enabled
        zone.ac_enabled = enabled
        return changed

    def _measure(self, zone: Zone, room: Room) -> Reading:
        if self._random.random() < ARTEFACT_SHARE:
            temperature = self._random.uniform(*ARTEFACT_CELSIUS)
        else:
            temperature = min(room.celsius + self._random.gauss(0, NOISE_CELSIUS), WARMEST_VALID_CELSIUS)
        return Reading(
            at_s=self.at_s,
            id=str(uuid.UUID(int=self._random.getrandbits(128), version=4)),
            temperature=round(temperature, 2),
            sensor_id=room.sensor_id,
            zone_id=zone.zone_id,
        )


def parse_command(topic: str, payload: bytes) -> tuple[int, bool]:
    """The zone and the state that a message on AC/AC-<zone> asks for; ValueError says what is wrong with it."""
    name, _, number = topic.partition("AC/AC-")
    if name or not number.isdecimal():
        raise ValueError(f"{topic} is not the topic of an air conditioner")
    try:
        enabled = json.loads(payload)["state"]["enabled"]
    except (ValueError, KeyError, TypeError):
        enabled = None
    if not isinstance(enabled, bool):
        raise ValueError(f'{payload!r} on {topic} is not of the form {{"state": {{"enabled": true}}}}')
    return int(number), enabled
