#!/usr/bin/env python3
"""The house on the wire: its sensors publish over MQTT, its air conditioners obey what they receive.

The keys are in certs/ (certificate.pem, private_key.pem), the host in certs/endpoint, LAB_MQTT_ENDPOINT or
--endpoint. LAB_MQTT_PORT is 8883 and LAB_MQTT_CA the public roots unless they say otherwise.
"""

from __future__ import annotations

import argparse
import os
import queue
import random
import signal
import socket
import ssl
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from house import SECONDS_BETWEEN_READINGS, House, Reading, parse_command

try:
    import paho.mqtt.client as mqtt
except ImportError:
    sys.exit("the house needs paho-mqtt: pip install -r src/requirements.txt")

WORKSPACE = Path(__file__).resolve().parent.parent
CONNECT_WITHIN_S = 10
GOODBYE_WITHIN_S = 3
LONGEST_PAUSE_S = 30
REFUSED_IN_A_ROW = 2
QUEUED_READINGS = 1000


class Refused(Exception):
    """The house cannot go on; the text says why and what to do."""


@dataclass(frozen=True)
class Line:
    """Where the house connects to and with which keys."""

    host: str
    port: int
    tls: ssl.SSLContext


def find_line(endpoint: str | None) -> Line:
    """Reads host, port and keys from where the kit and Terraform leave them."""
    certs = WORKSPACE / "certs"
    written = certs / "endpoint"
    host = endpoint or os.environ.get("LAB_MQTT_ENDPOINT") or (written.read_text().strip() if written.exists() else "")
    if not host:
        raise Refused("no endpoint: run `lab apply` (output iot_endpoint, step 1.2), or give --endpoint HOST")
    port = os.environ.get("LAB_MQTT_PORT") or "8883"
    if not port.isdecimal():
        raise Refused(f"LAB_MQTT_PORT is {port!r}, which is not a port number")
    return Line(host, int(port), open_keys(certs / "certificate.pem", certs / "private_key.pem"))


def open_keys(certificate: Path, private_key: Path) -> ssl.SSLContext:
    """The TLS settings with the identity of the house."""
    for path in (certificate, private_key):
        if not path.is_file():
            raise Refused(f"{path} is missing: run `lab apply` (outputs certificate_pem and private_key, step 1.1)")
    authority = os.environ.get("LAB_MQTT_CA") or None
    try:
        tls = ssl.create_default_context(cafile=authority)
    except (OSError, ssl.SSLError) as error:
        raise Refused(f"LAB_MQTT_CA={authority} cannot be read as certificates: {error}") from None
    try:
        tls.load_cert_chain(certificate, private_key)
    except (OSError, ssl.SSLError) as error:
        raise Refused(f"{certificate} and {private_key} are not a pair of certificate and key: {error}") from None
    return tls


def explain_failure(error: Exception, line: Line) -> str:
    """One sentence about a connection that could not be opened."""
    place = f"{line.host}:{line.port}"
    if isinstance(error, socket.gaierror):
        return f"there is no host {line.host}: compare it with the output iot_endpoint (bare host, without https://)"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{place} is not who it says it is ({error.verify_message}): wrong endpoint, or wrong LAB_MQTT_CA"
    if isinstance(error, ConnectionRefusedError):
        return f"nobody listens on {place}: is the cloud up (`lab up`), is LAB_MQTT_PORT right?"
    if isinstance(error, TimeoutError):
        return f"{place} does not answer: wrong endpoint, or a firewall in between"
    if isinstance(error, (ssl.SSLError, ConnectionError)):
        return f"{place} refuses this certificate ({error}): is it the one of this cloud, and active?"
    return f"{place} cannot be reached: {error}"


class HouseOnline:
    """One house with its own connection; commands arrive in a queue and are obeyed by the main loop."""

    def __init__(self, house: House, line: Line) -> None:
        self.house = house
        self.line = line
        self.commands: queue.SimpleQueue = queue.SimpleQueue()
        self.problem: str | None = None
        self.connected_once = False
        self.acknowledged = 0
        self.failures_in_a_row = 0
        self.lost = 0
        self.client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, client_id=f"house-{house.number}-{uuid.uuid4().hex[:8]}"
        )
        self.client.tls_set_context(line.tls)
        self.client.connect_timeout = CONNECT_WITHIN_S
        self.client.reconnect_delay_set(1, LONGEST_PAUSE_S)
        self.client.max_queued_messages_set(QUEUED_READINGS)
        self.client.on_connect = self._on_connect
        self.client.on_disconnect = self._on_disconnect
        self.client.on_subscribe = self._on_subscribe
        self.client.on_publish = self._on_publish
        self.client.on_message = lambda client, userdata, message: self.commands.put((message.topic, message.payload))

    def connect(self) -> None:
        """Opens the connection; from then on paho keeps it open, with growing pauses."""
        try:
            self.client.connect(self.line.host, self.line.port, keepalive=30)
        except (OSError, ValueError) as error:
            raise Refused(explain_failure(error, self.line)) from None
        self.client.loop_start()

    def publish(self, reading: Reading) -> None:
        """Sends a reading; while the line is down it waits in a bounded queue."""
        if self.client.publish(reading.topic, reading.payload(), qos=1).rc == mqtt.MQTT_ERR_QUEUE_SIZE:
            self.lost += 1

    def close(self) -> None:
        """Says goodbye and ends the thread of the connection."""
        self.client.disconnect()
        self.client.loop_stop()

    def _on_connect(self, client, userdata, flags, reason, properties) -> None:
        if reason.is_failure:
            self.problem = f"the cloud refuses the connection ({reason}): does the policy allow iot:Connect?"
            return
        if self.connected_once:
            say(f"HOUSE {self.house.number} : CONNECTED AGAIN")
        self.connected_once = True
        client.subscribe([(f"AC/AC-{zone_id}", 1) for zone_id in self.house.zones])

    def _on_disconnect(self, client, userdata, flags, reason, properties) -> None:
        self.failures_in_a_row += 1
        if not reason.is_failure or self.failures_in_a_row < REFUSED_IN_A_ROW:
            if reason.is_failure and self.connected_once:
                say(f"HOUSE {self.house.number} : CONNECTION LOST ({reason})")
            return
        if not self.connected_once:
            self.problem = (
                f"{self.line.host} closes every connection before it is open: the certificate is unknown or not"
                " active, or its policy does not allow iot:Connect (step 1.1)"
            )
        elif not self.acknowledged:
            self.problem = (
                "the cloud closes the connection as soon as the house uses it: the policy must allow iot:Publish"
                " on sensor/temperature/* and iot:Subscribe and iot:Receive on AC/* (terraform/files/iot_policy.json)"
            )

    def _on_subscribe(self, client, userdata, mid, reasons, properties) -> None:
        if any(reason.is_failure for reason in reasons):
            self.problem = "the house may not subscribe to AC/AC-<zone>: the policy must allow iot:Subscribe on it"

    def _on_publish(self, client, userdata, mid, reason, properties) -> None:
        self.acknowledged += 1
        self.failures_in_a_row = 0


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
            due += SECONDS_BETWEEN_READINGS / self.speed
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
        deadline = time.monotonic() + GOODBYE_WITHIN_S
        sent = self.readings - sum(online.lost for online in self.houses)
        while sum(o.acknowledged for o in self.houses) < sent and time.monotonic() < deadline:
            time.sleep(0.02)
        for online in self.houses:
            online.close()
        arrived = sum(online.acknowledged for online in self.houses)
        say(
            f"{self.readings} readings ({self.artefacts} artefacts), {arrived} acknowledged,"
            f" {self.switches} switches of the air conditioners"
        )


def say(line: str) -> None:
    """Writes a line of the log at once, also into a pipe; a closed pipe is no error."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
