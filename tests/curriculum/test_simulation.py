"""The house as a program, against a real broker with mutual TLS on this machine."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from labcloud.clock import ManualClock
from labcloud.mqtt import Broker, Origin, Principal, Refusal
from labcloud.shell.mqtt import MqttServer
from tests.mqtt.peer import AllowAll, Ears
from tests.mqtt.pki import Authority, Credentials
from tests.support import free_port, wait_until

from .conftest import KIT

ACCOUNT, REGION = "123456789012", "eu-west-1"


class KnownCertificates:
    """Lets in the certificates whose ids it knows."""

    def __init__(self) -> None:
        self.ids: set[str] = set()

    def principal_of(self, der: bytes) -> Principal | Refusal:
        import hashlib

        name = hashlib.sha256(der).hexdigest()
        if name not in self.ids:
            return Refusal("unknown certificate")
        return Principal(id=name, arn=f"arn:aws:iot:{REGION}:{ACCOUNT}:cert/{name}", account_id=ACCOUNT, region=REGION)


class Cloud:
    """A broker on a port, with a certificate that it knows and one that it does not."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder)
        self.certificates, self.policies, self.ears = KnownCertificates(), AllowAll(), Ears()
        self.house: Credentials = self.authority.issue("house")
        self.stranger: Credentials = self.authority.issue("stranger")
        self.certificates.ids.add(self.house.id)
        self.port = 0
        self.start()

    def start(self) -> None:
        broker = Broker(
            principals=self.certificates,
            policies=self.policies,
            now=ManualClock().now,
            listener=self.ears,
            reserved=self.ears,
            trace=self.ears,
        )
        self.server = MqttServer(broker, self.authority.server_context())
        self.port = self.server.start_in_thread(port=self.port)

    def stop(self) -> None:
        self.server.stop_thread()

    def readings(self) -> list[dict]:
        return [json.loads(m.payload) for m in list(self.ears.heard) if m.topic.startswith("sensor/temperature/temp_")]

    def command(self, zone_id: int, payload: str) -> None:
        origin = Origin(account_id=ACCOUNT, region=REGION)
        self.server.publish_threadsafe(origin, f"AC/AC-{zone_id}", payload.encode(), qos=1).result(5)


@pytest.fixture
def cloud(tmp_path) -> Iterator[Cloud]:
    made = Cloud(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def workspace(tmp_path, cloud) -> Path:
    """A learner's folder with the house and the keys of part 1."""
    folder = tmp_path / "workspace"
    shutil.copytree(KIT / "starter/src", folder / "src")
    (folder / "certs").mkdir()
    shutil.copy(cloud.house.certificate, folder / "certs/certificate.pem")
    shutil.copy(cloud.house.key, folder / "certs/private_key.pem")
    (folder / "certs/endpoint").write_text("localhost\n")
    return folder


@pytest.fixture
def environment(cloud) -> dict[str, str]:
    return os.environ | {"LAB_MQTT_PORT": str(cloud.port), "LAB_MQTT_CA": cloud.authority.ca, "LAB_MQTT_ENDPOINT": ""}


@pytest.fixture
def simulate(workspace, environment) -> Callable[..., subprocess.CompletedProcess]:
    """Runs the house to its end."""

    def run(*arguments: str, **changes: str) -> subprocess.CompletedProcess:
        command = [sys.executable, str(workspace / "src/simulation.py"), "--seed", "1", *arguments]
        return subprocess.run(command, env=environment | changes, capture_output=True, text=True, timeout=30)

    return run


@pytest.fixture
def house(workspace, environment, tmp_path) -> Iterator[subprocess.Popen]:
    """The house, running; its log is in `house.log`."""
    log = tmp_path / "house.log"
    command = [sys.executable, str(workspace / "src/simulation.py"), "--seed", "1", "--speed", "50"]
    with log.open("w") as opened:
        process = subprocess.Popen(command, env=environment, stdout=opened, stderr=opened)
    process.log = log.read_text
    yield process
    process.kill()
    process.wait(5)


def test_a_minute_of_house_time_gives_48_readings_of_the_right_form(simulate, cloud):
    done = simulate("--speed", "600", "--minutes", "1")

    assert done.returncode == 0, done.stderr
    assert len(cloud.readings()) == 48
    assert set(cloud.readings()[0]) == {"id", "temperature", "sensor_id", "zone_id"}
    assert done.stdout.splitlines()[-1].startswith("48 readings (")
    assert ", 48 acknowledged, 0 switches" in done.stdout


def test_the_same_seed_sends_the_same_messages(simulate, cloud):
    simulate("--speed", "600", "--minutes", "1")
    simulate("--speed", "600", "--minutes", "1")

    assert cloud.readings()[:48] == cloud.readings()[48:]


def test_a_fleet_has_zones_of_its_own(simulate, cloud):
    simulate("--speed", "600", "--minutes", "0.5", "--houses", "3")

    assert {reading["zone_id"] for reading in cloud.readings()} == {1, 2, 3, 4, 5, 6}


def test_a_command_switches_an_air_conditioner_and_a_strange_one_is_named(house, cloud):
    wait_until(lambda: "ZONE 1 : SENSOR 1" in house.log(), because="the first reading")
    cloud.command(1, '{"state": {"enabled": true}}')
    cloud.command(1, '{"state": {"enabled": true}}')
    cloud.command(2, "on!")
    wait_until(lambda: "COMMAND IGNORED" in house.log(), because="the strange command")

    assert house.log().count("ZONE 1 : AC SWITCH TO True") == 1
    assert "b'on!' on AC/AC-2 is not of the form" in house.log()


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_a_summary_and_exit_code_0(house, signum):
    wait_until(lambda: "ZONE 1 : SENSOR 1" in house.log(), because="the first reading")
    house.send_signal(signum)

    assert house.wait(10) == 0
    assert "switches of the air conditioners" in house.log().splitlines()[-1]
    assert "Traceback" not in house.log()


def test_it_connects_again_after_the_cloud_was_away(house, cloud):
    wait_until(lambda: len(cloud.readings()) > 8, because="readings")
    cloud.stop()
    wait_until(lambda: "CONNECTION LOST" in house.log(), because="the loss")
    before = len(cloud.readings())
    cloud.start()
    wait_until(lambda: len(cloud.readings()) > before + 40, within_s=15, because="readings after the return")

    assert "HOUSE 1 : CONNECTED AGAIN" in house.log()


def refusal(done: subprocess.CompletedProcess) -> str:
    """The one message of a house that could not begin."""
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr.strip()


def test_a_missing_certificate_is_named_with_the_step_that_makes_it(simulate, workspace):
    (workspace / "certs/certificate.pem").unlink()

    message = refusal(simulate())

    assert message.endswith(
        "certificate.pem is missing: run `lab apply` (outputs certificate_pem and private_key, step 1.1)"
    )


def test_a_key_of_another_certificate_is_named(simulate, workspace, cloud):
    shutil.copy(cloud.stranger.key, workspace / "certs/private_key.pem")

    assert "are not a pair of certificate and key" in refusal(simulate())


def test_no_endpoint_names_the_output_that_is_missing(simulate, workspace):
    (workspace / "certs/endpoint").unlink()

    assert refusal(simulate()).startswith("no endpoint: run `lab apply` (output iot_endpoint, step 1.2)")


def test_an_endpoint_that_does_not_exist_is_named(simulate):
    assert "there is no host no-such-host.invalid" in refusal(simulate("--endpoint", "no-such-host.invalid"))


def test_a_port_where_nobody_listens_is_named(simulate):
    port = str(free_port())

    assert refusal(simulate(LAB_MQTT_PORT=port)).startswith(f"nobody listens on localhost:{port}: is the cloud up")


def test_a_cloud_whose_certificate_nobody_vouches_for_is_not_trusted(simulate, workspace):
    message = refusal(simulate(LAB_MQTT_CA=str(workspace / "certs/certificate.pem")))

    assert "is not who it says it is" in message


def test_a_certificate_that_the_cloud_does_not_know_is_refused_in_one_message(simulate, workspace, cloud):
    shutil.copy(cloud.stranger.certificate, workspace / "certs/certificate.pem")
    shutil.copy(cloud.stranger.key, workspace / "certs/private_key.pem")

    assert "the certificate is unknown or not active" in refusal(simulate())


def test_a_policy_without_connect_is_refused_in_one_message(simulate, cloud, monkeypatch):
    monkeypatch.setattr(cloud.policies, "decide", deny("iot:Connect", cloud.policies.decide))

    assert "iot:Connect" in refusal(simulate())


def test_a_policy_without_publish_is_refused_in_one_message(simulate, cloud, monkeypatch):
    monkeypatch.setattr(cloud.policies, "decide", deny("iot:Publish", cloud.policies.decide))

    assert "must allow iot:Publish on sensor/temperature/*" in refusal(simulate("--speed", "600"))


def deny(action: str, decide):
    """A policy that decides as before, but denies one action."""
    from labcloud.mqtt import Decision

    def decide_stricter(principal, asked, resource_arn, context):
        return Decision(False, "denied here") if asked == action else decide(principal, asked, resource_arn, context)

    return decide_stricter


@pytest.mark.parametrize("arguments", [("--speed", "0"), ("--houses", "-1"), ("--minutes", "soon")])
def test_a_number_that_makes_no_sense_is_refused_by_its_option(simulate, arguments):
    done = simulate(*arguments)

    assert done.returncode == 2
    assert f"argument {arguments[0]}: invalid number above zero value: '{arguments[1]}'" in done.stderr
