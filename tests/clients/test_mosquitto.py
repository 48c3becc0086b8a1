"""mosquitto's tools with a certificate that the cloud made."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.clients.conftest import HOST, Device
from tests.running import ACCOUNT, REGION, Lab
from tests.support import wait_until

pytestmark = pytest.mark.skipif(
    not shutil.which("mosquitto_pub"), reason="mosquitto_pub is not installed (Debian: mosquitto-clients)"
)
VERSIONS = pytest.mark.parametrize("version", ["311", "5"], ids=["mqtt3", "mqtt5"])


@pytest.fixture
def common(device: Device) -> list[str]:
    files = ["--cafile", str(device.ca), "--cert", str(device.certificate), "--key", str(device.key)]
    return ["-h", HOST, "-p", str(device.port), *files]


@pytest.fixture
def publish(common: list[str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(topic: str, *options: str) -> subprocess.CompletedProcess[str]:
        command = ["mosquitto_pub", *common, "-t", topic, *options]
        return subprocess.run(command, capture_output=True, text=True, timeout=20)

    return run


@pytest.fixture
def subscriber(lab: Lab, common: list[str]) -> Callable[..., object]:
    """`with subscriber("house/x")`: mosquitto_sub, which ends after one message; subscribed when the block begins."""

    @contextmanager
    def begin(topic: str, *options: str) -> Iterator[subprocess.Popen[str]]:
        command = ["mosquitto_sub", *common, "-t", topic, "-C", "1", "-W", "20", "-F", "%t %q %r %p", *options]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            tree = lab.cloud.broker.space(ACCOUNT, REGION).tree
            wait_until(lambda: tree.match(topic)[0] or process.poll() is not None, within_s=10, because="a subscriber")
            try:
                yield process
            finally:
                process.kill()

    return begin


@VERSIONS
@pytest.mark.parametrize("qos", ["0", "1"])
def test_mosquittos_tools_publish_and_subscribe(publish, subscriber, version, qos):
    with subscriber("house/kitchen", "-V", version, "-q", qos) as display:
        assert publish("house/kitchen", "-V", version, "-q", qos, "-m", "21.5").returncode == 0
        assert display.communicate(timeout=20)[0] == f"house/kitchen {qos} 0 21.5\n"


def test_mosquitto_sub_gets_a_retained_message(publish, subscriber):
    assert publish("house/mode", "-q", "1", "-r", "-m", "night").returncode == 0
    with subscriber("house/mode", "-q", "1") as late:
        assert late.communicate(timeout=20)[0] == "house/mode 1 1 night\n"


def test_the_will_of_mosquitto_sub_is_published_when_it_is_killed(subscriber):
    with subscriber("house/gone", "-q", "1") as display:
        will = ["--will-topic", "house/gone", "--will-payload", "sensor", "--will-qos", "1"]
        with subscriber("house/kitchen", *will) as sensor:
            sensor.kill()
        assert display.communicate(timeout=20)[0] == "house/gone 1 0 sensor\n"


def test_mosquitto_pub_asks_for_mqtt_by_alpn_as_on_port_443(publish):
    assert publish("house/kitchen", "-q", "1", "-m", "x", "--tls-alpn", "x-amzn-mqtt-ca").returncode == 0


def test_an_unauthorised_publish_closes_the_connection_of_mosquitto_pub(publish, reason_of):
    done = publish("garden/gate", "-q", "1", "-m", "open", "-i", "intruder", "-V", "5")
    assert (done.returncode, "Not authorized" in done.stderr) != (0, False)
    assert any("iot:Publish to 'garden/gate' refused" in text for text in reason_of("intruder"))


def test_an_unauthorised_subscription_closes_the_connection_of_mosquitto_sub(common, reason_of):
    command = ["mosquitto_sub", *common, "-t", "garden/#", "-C", "1", "-W", "1", "-i", "eavesdropper"]
    assert subprocess.run(command, capture_output=True, timeout=20).returncode != 0
    assert any("iot:Subscribe to 'garden/#' refused" in text for text in reason_of("eavesdropper"))
