"""A device of the house on MQTT with mutual TLS: connects, publishes, subscribes, and says clearly why it cannot."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import ssl
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

CONNECT_WITHIN_S = 10.0
ACKNOWLEDGE_WITHIN_S = 10.0


ENDPOINT = "the output iot_endpoint in terraform/outputs.tf: endpoint_address of aws_iot_endpoint with iot:Data-ATS"
PAIR = "the outputs certificate_pem and private_key in terraform/outputs.tf: both of one aws_iot_certificate"
POLICY = "aws_iot_policy from terraform/files/iot_policy.json, and its attachment, in terraform/iot.tf"


class DeviceRefused(Exception):
    """The cloud did not let the device do what it wanted; the text says what and why, `fix` where to look."""

    def __init__(self, text: str, fix: str = POLICY) -> None:
        super().__init__(text)
        self.fix = fix


@dataclass(frozen=True)
class Refusal:
    """Why a device was refused, and where to look; false: it was not."""

    text: str = ""
    fix: str = ""

    def __bool__(self) -> bool:
        return bool(self.text)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Received:
    """A message that arrived at a device."""

    topic: str
    payload: bytes
    at: float

    @property
    def content(self) -> Any:
        """The payload as JSON, or as text if it is none."""
        try:
            return json.loads(self.payload)
        except (ValueError, RecursionError):
            return self.payload.decode(errors="replace")


@dataclass(frozen=True)
class Identity:
    """A certificate and its key, as files; none: a device without a certificate."""

    certificate: Path | None = None
    private_key: Path | None = None


def tls_context(ca_file: str | None, identity: Identity) -> ssl.SSLContext:
    """TLS towards the broker: the target's CA, or the public roots."""
    context = ssl.create_default_context(cafile=ca_file)
    if identity.certificate and identity.private_key:
        try:
            # an encrypted key must not make OpenSSL ask for its passphrase on the terminal
            context.load_cert_chain(identity.certificate, identity.private_key, password="")
        except (OSError, ssl.SSLError) as error:
            raise DeviceRefused(explain_pair(identity.certificate, identity.private_key), PAIR) from error
    return context


def explain_pair(certificate: Path, private_key: Path) -> str:
    """Why a certificate and a key cannot be used together."""
    for output, file, kind in (
        ("certificate_pem", certificate, "CERTIFICATE"),
        ("private_key", private_key, "PRIVATE KEY"),
    ):
        text = file.read_text(errors="replace").strip()
        if not re.match(rf"-----BEGIN [A-Z ]*{kind}-----", text):
            return f"the output {output} holds no {kind.lower()}: it begins with {text[:40].partition(chr(10))[0]!r}"
    return "the outputs certificate_pem and private_key are not a pair: the key belongs to another certificate"


class Device:
    """One MQTT connection. Everything waits for the broker's answer and has a deadline."""

    def __init__(self, host: str, port: int, ca_file: str | None, identity: Identity, client_id: str = "") -> None:
        self.client_id = client_id or f"lab-check-{uuid.uuid4().hex[:12]}"
        self._place, self._host, self._port = f"{host}:{port}", host, port
        self._changed = threading.Condition()
        self._connack: Any = None
        self._lost: str | None = None
        self._acknowledged: set[int] = set()
        self._granted: dict[int, Any] = {}
        self.received: list[Received] = []
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=self.client_id, reconnect_on_failure=False)
        self._client.tls_set_context(tls_context(ca_file, identity))
        self._client.connect_timeout = CONNECT_WITHIN_S
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_publish = lambda _c, _u, mid, *_: self._note(lambda: self._acknowledged.add(mid))
        self._client.on_subscribe = lambda _c, _u, mid, codes, _p: self._note(
            lambda: self._granted.__setitem__(mid, codes)
        )
        self._client.on_message = lambda _c, _u, message: self._note(
            lambda: self.received.append(Received(message.topic, bytes(message.payload), time.time()))
        )

    @property
    def is_connected(self) -> bool:
        return self._connack is not None and self._lost is None

    def connect(self, within_s: float = CONNECT_WITHIN_S) -> Device:
        """Connects; raises DeviceRefused with the reason."""
        try:
            self._client.connect(self._host, self._port, keepalive=30)
        except (OSError, ValueError) as error:
            raise DeviceRefused(explain_connection_error(error, self._place), ENDPOINT) from error
        self._client.loop_start()
        if not self._wait(lambda: self._connack is not None or self._lost is not None, within_s):
            self.close()
            raise DeviceRefused(f"{self._place} did not answer the CONNECT within {within_s:.0f} s", ENDPOINT)
        if self._connack is not None and self._connack.is_failure:
            self.close()
            raise DeviceRefused(explain_connack(str(self._connack), self._place))
        if self._lost is not None:
            self.close()
            raise DeviceRefused(
                f"{self._place} closed the connection before it was open: it knows no such active certificate, "
                "or the certificate's policy does not allow iot:Connect"
            )
        return self

    def publish(self, topic: str, payload: bytes, within_s: float = ACKNOWLEDGE_WITHIN_S) -> None:
        """Publishes with QoS 1 and waits until the broker has taken the message."""
        mid = self._client.publish(topic, payload, qos=1).mid
        if not self._wait(lambda: mid in self._acknowledged or self._lost is not None, within_s):
            raise DeviceRefused(f"the message to {topic} was not acknowledged within {within_s:.0f} s")
        if mid not in self._acknowledged:
            raise DeviceRefused(
                f"the cloud closed the connection on publishing to {topic}: the policy does not allow iot:Publish there"
            )

    def subscribe(self, topic: str, within_s: float = ACKNOWLEDGE_WITHIN_S) -> None:
        """Subscribes with QoS 1 and waits for the grant."""
        _, mid = self._client.subscribe(topic, qos=1)
        answered = self._wait(lambda: mid in self._granted or self._lost is not None, within_s)
        codes = self._granted.get(mid or 0)
        if codes is None or any(code.is_failure for code in codes):
            why = "the policy does not allow iot:Subscribe there" if answered else f"no answer within {within_s:.0f} s"
            raise DeviceRefused(f"the subscription to {topic} was refused: {why}")

    def wait_for(self, wanted: Any, within_s: float) -> list[Received]:
        """What arrived so far, once a message of which `wanted` holds is among it or the deadline is over."""
        self._wait(lambda: any(wanted(message) for message in self.received), within_s)
        with self._changed:
            return list(self.received)

    def close(self) -> None:
        """Disconnects and ends the connection's thread."""
        with contextlib.suppress(OSError, ValueError):
            self._client.disconnect()
        self._client.loop_stop()

    def _wait(self, condition: Any, within_s: float) -> bool:
        with self._changed:
            return bool(self._changed.wait_for(condition, within_s))

    def _note(self, change: Any) -> None:
        with self._changed:
            change()
            self._changed.notify_all()

    def _on_connect(self, _client: Any, _userdata: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._note(lambda: setattr(self, "_connack", reason))

    def _on_disconnect(self, _client: Any, _userdata: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._note(lambda: setattr(self, "_lost", str(reason)))


def explain_connack(reason: str, place: str) -> str:
    """One sentence about a CONNECT that was refused.

    AWS IoT answers a certificate that may not connect with return code 7, for which MQTT 3.1.1 has no name; paho calls
    what it has no name for an unspecified error.
    """
    if reason in ("Unspecified error", "Not authorized"):
        return (
            f"{place} knows the certificate and does not let it connect: no policy is attached to it, "
            "or none allows iot:Connect for the device's client id"
        )
    return f"{place} refused the connection: {reason}"


def explain_connection_error(error: Exception, place: str) -> str:
    """One sentence about a connection that could not be opened."""
    if isinstance(error, socket.gaierror):
        return (
            f"there is no host of this name: {place}; iot_endpoint must be the bare host of the endpoint iot:Data-ATS"
        )
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{place} shows a certificate that is not trusted: {error.verify_message}"
    if isinstance(error, ConnectionRefusedError):
        return f"nobody listens on {place}"
    if isinstance(error, TimeoutError):
        return f"{place} does not answer"
    if isinstance(error, ssl.SSLError | ConnectionError):
        return f"{place} refused the TLS connection: {error}"
    return f"{place} cannot be reached: {error}"
