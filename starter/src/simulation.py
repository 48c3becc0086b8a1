#!/usr/bin/env python3
"""Runs the house: its sensors publish what they measure, its air conditioners obey what they receive."""

from __future__ import annotations

import argparse
import random
import signal
import sys
import time

from connection import HouseOnline, Refused, find_line, say
from house import SECONDS_BETWEEN_READINGS, House, Reading, parse_command

GOODBYE_WITHIN_S = 3
LONGEST_LAG_S = 2


class Street:
    """All houses of this run, at the pace of the chosen speed."""

    def __init__(self, houses: list[HouseOnline], speed: float) -> None:
        self.houses = houses
        self.speed = speed
        self.stopped = False
        self.readings = self.artefacts = self.switches = 0

    def live(self, minutes: float | None) -> None:
        """Measures every five seconds of house time until stopped or the minutes are over."""
        end_s = float("inf") if minutes is None else minutes * 60
        due = time.monotonic()
        at_s = 0
        while not self.stopped and at_s < end_s:
            # A computer that slept does not send what it missed in one burst.
            due = max(due, time.monotonic() - LONGEST_LAG_S) + SECONDS_BETWEEN_READINGS / self.speed
            self._wait_until(due)
            if self.stopped:
                return
            at_s += SECONDS_BETWEEN_READINGS
            for online in self.houses:
                for reading in online.house.step(SECONDS_BETWEEN_READINGS):
                    self._send(online, reading)

    def _wait_until(self, due: float) -> None:
        while not self.stopped:
            for online in self.houses:
                if online.problem:
                    raise Refused(online.problem)
                self._obey(online)
            remaining = due - time.monotonic()
            if remaining <= 0:
                return
            time.sleep(min(remaining, 0.05))

    def _send(self, online: HouseOnline, reading: Reading) -> None:
        online.publish(reading)
        self.readings += 1
        self.artefacts += reading.is_artefact
        say(f"ZONE {reading.zone_id} : SENSOR {reading.sensor_id} : {reading.temperature:.2f} °C")

    def _obey(self, online: HouseOnline) -> None:
        while not online.commands.empty():
            topic, payload = online.commands.get()
            try:
                zone_id, enabled = parse_command(topic, payload)
                changed = online.house.switch(zone_id, enabled)
            except (ValueError, KeyError) as error:
                say(f"COMMAND IGNORED : {error}")
                continue
            if changed:
                self.switches += 1
                say(f"ZONE {zone_id} : AC SWITCH TO {enabled}")

    def close(self) -> None:
        """Waits a moment for what is on the way, then closes every connection and sums up."""
        deadline = time.monotonic() + (0 if any(online.problem for online in self.houses) else GOODBYE_WITHIN_S)
        sent = self.readings - sum(online.lost for online in self.houses)
        while sum(o.acknowledged for o in self.houses) < sent and time.monotonic() < deadline:
            time.sleep(0.02)
        for online in self.houses:
            online.close()
        arrived = sum(online.acknowledged for online in self.houses)
        if self.readings == 0:
            return
        say(
            f"{self.readings} readings ({self.artefacts} artefacts), {arrived} acknowledged,"
            f" {self.switches} switches of the air conditioners"
        )


def positive(kind):
    """An argument type: a number above zero."""

    def parse(text: str):
        value = kind(text)
        if not 0 < value < float("inf"):
            raise ValueError
        return value

    parse.__name__ = "number above zero"
    return parse


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Runs the house against the cloud.")
    parser.add_argument("--speed", type=positive(float), default=1.0, help="house time per real time (default 1)")
    parser.add_argument("--seed", type=int, help="makes the same house again (default: a new one)")
    parser.add_argument("--houses", type=positive(int), default=1, help="how many houses (default 1)")
    parser.add_argument("--minutes", type=positive(float), help="stop after so many minutes of house time")
    parser.add_argument("--endpoint", help="the host to connect to (default: what `lab apply` wrote)")
    return parser.parse_args()


def main() -> None:
    """Connects all houses and lets them live until Ctrl-C, SIGTERM or the end of --minutes."""
    options = read_options()
    seed = random.SystemRandom().randrange(10_000) if options.seed is None else options.seed
    line = find_line(options.endpoint)
    houses = [HouseOnline(House(seed, number), line) for number in range(1, options.houses + 1)]
    street = Street(houses, options.speed)

    def stop(signum, frame) -> None:
        street.stopped = True

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    say(f"{options.houses} house(s) at speed {options.speed:g}, seed {seed}, {line.host}:{line.port}")
    try:
        for online in houses:
            if not street.stopped:
                online.connect()
        street.live(options.minutes)
    finally:
        street.close()


if __name__ == "__main__":
    try:
        main()
    except Refused as refusal:
        sys.exit(str(refusal))
