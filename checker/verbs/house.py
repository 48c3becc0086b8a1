"""The kit's own house on the wire: one step of its physics, one command for its air conditioner."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from checker.verbs.device import Device
from checker.verbs.readings import kit_house

COMMAND_WITHIN_S = 5.0
ZONE = 1
SEED = 1
"""The same house in every check."""


@dataclass
class HouseOnline:
    """What the house could do: `problem` says what was refused."""

    problem: str = ""
    received_command: bool = False
    switched: bool = False

    def try_out(self, device: Device, send: Callable[[str, bytes], Any]) -> None:
        """Publishes the readings of five seconds and obeys a command that `send` sends; raises DeviceRefused."""
        physics = kit_house()
        house = physics.House(seed=SEED)
        topic = f"AC/AC-{ZONE}"
        device.subscribe(topic)
        for reading in house.step(physics.SECONDS_BETWEEN_READINGS):
            device.publish(reading.topic, reading.payload().encode())
        send(topic, json.dumps({"state": {"enabled": True}}).encode())
        for message in device.wait_for(lambda message: message.topic == topic, COMMAND_WITHIN_S):
            zone, enabled = physics.parse_command(message.topic, message.payload)
            self.received_command, self.switched = True, house.switch(zone, enabled)
