"""`python -m labcloud --state-dir …` as a process that can be killed and started again on the same ports."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import paho.mqtt.client as paho
from botocore.config import Config
from paho.mqtt.enums import CallbackAPIVersion

from tests.support import free_port, wait_until

REGION = "eu-west-1"
ROOT = Path(__file__).parents[2]


class CloudProcess:
    """One state folder, two ports, one process after the other."""

    def __init__(self, state_dir: Path, *options: str) -> None:
        self.state_dir, self.options = state_dir, options
        self.port, self.mqtt_port = free_port(), free_port()
        self.log = state_dir.with_suffix(".log")
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> CloudProcess:
        """Returns when the cloud says that it runs."""
        self._process = self.spawn()
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the cloud did not start: {self.log.read_text()[-3000:]}"
        assert json.loads(line)["status"] == "running"
        return self

    def spawn(self) -> subprocess.Popen[str]:
        """The process, at once."""
        command = [sys.executable, "-m", "labcloud", "--state-dir", str(self.state_dir), "--port", str(self.port)]
        return subprocess.Popen(
            [*command, "--mqtt-port", str(self.mqtt_port), *self.options],
            cwd=ROOT,
            env={key: value for key, value in os.environ.items() if key != "AWS_CA_BUNDLE"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.log.open("a"),
            text=True,
        )

    def kill(self) -> CloudProcess:
        """`kill -9`."""
        return self._end(signal.SIGKILL)

    def stop(self) -> CloudProcess:
        """As `lab down` does."""
        return self._end(signal.SIGTERM)

    def kill_and_start(self) -> CloudProcess:
        return self.kill().start()

    def _end(self, number: signal.Signals) -> CloudProcess:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(timeout=20)
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process = None
        return self

    def client(self, service: str) -> Any:
        """A boto3 client without retries, so that a failure is one."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=20),
        )

    def lab(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """The control surface."""
        import urllib.request

        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self.url}/_lab/{path}", data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)


class Device:
    """A certificate with a policy that allows everything, and paho clients that use it."""

    def __init__(self, cloud: CloudProcess, folder: Path, policy: str = "everything") -> None:
        self._cloud = cloud
        iot = cloud.client("iot")
        made = iot.create_keys_and_certificate(setAsActive=True)
        self.certificate_arn, self.certificate_id = made["certificateArn"], made["certificateId"]
        document = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}],
        }
        iot.create_policy(policyName=policy, policyDocument=json.dumps(document))
        iot.attach_policy(policyName=policy, target=self.certificate_arn)
        self._certificate, self._key = folder / "device.pem", folder / "device.key"
        self._certificate.write_text(made["certificatePem"])
        self._key.write_text(made["keyPair"]["PrivateKey"])

    def connect(self, client_id: str, *, clean: bool = True) -> Client:
        return Client(self._cloud, client_id, clean, self._certificate, self._key)


class Client:
    """A connected paho client that collects what it gets."""

    def __init__(self, cloud: CloudProcess, client_id: str, clean: bool, certificate: Path, key: Path) -> None:
        self.received: list[tuple[str, bytes]] = []
        self.paho = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=clean)
        self.paho.tls_set(str(cloud.state_dir / "ca" / "ca.pem"), str(certificate), str(key))
        self.paho.on_message = lambda client, data, message: self.received.append((message.topic, message.payload))
        self.connected: list[Any] = []
        self.granted: list[int] = []
        self.paho.on_connect = lambda client, data, flags, reason, properties: self.connected.append((flags, reason))
        self.paho.on_subscribe = lambda client, data, number, reasons, properties: self.granted.append(number)
        self.paho.max_inflight_messages_set(100)
        self.paho.connect("localhost", cloud.mqtt_port)
        self.paho.loop_start()
        wait_until(lambda: self.connected, because=f"{client_id} connects")

    def subscribe(self, topic: str) -> None:
        _, number = self.paho.subscribe(topic, 1)
        wait_until(lambda: number in self.granted, because=f"SUBACK for {topic}")

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """QoS 1; returns when it was acknowledged."""
        self.paho.publish(topic, payload, qos=1, retain=retain).wait_for_publish(5)

    def close(self, *, politely: bool = True) -> None:
        if politely:
            self.paho.disconnect()
        self.paho.loop_stop()
