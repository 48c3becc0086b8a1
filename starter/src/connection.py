"""One house's line to the cloud: where it leads, the keys, and what to say when it does not hold.

The keys are in certs/ (certificate.pem, private_key.pem), the host in certs/endpoint, LAB_MQTT_ENDPOINT or
--endpoint. LAB_MQTT_PORT is 8883 and LAB_MQTT_CA the public roots unless they say otherwise.
"""

from __future__ import annotations

import os
import queue
import socket
import ssl
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path

from house import House, Reading

try:
    import paho.mqtt.client as mqtt
except ImportError:
    sys.exit("the house needs paho-mqtt: pip install -r src/requirements.txt")

WORKSPACE = Path(__file__).resolve().parent.parent
CONNECT_WITHIN_S = 10
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


def say(line: str) -> None:
    """Writes a line of the log at once, also into a pipe; a closed pipe is no error."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
