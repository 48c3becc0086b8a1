"""MQTT.js under Node.js: over mutual TLS, by ALPN, and over WebSocket with a signed URL, as web pages do."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.clients.conftest import HOST, Device
from tests.running import REGION
from tests.support import wait_until

PACKAGE = "mqtt@5.16.0"
SCRIPT = Path(__file__).with_name("house.js")
Event = dict[str, Any]

pytestmark = pytest.mark.skipif(
    not (shutil.which("node") and shutil.which("npm")), reason="Node.js with npm is not installed"
)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """MQTT.js is installed for these tests only."""
    folder = tmp_path_factory.mktemp("mqtt_js")
    shutil.copy(SCRIPT, folder)
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline", "--fetch-retries=1"]
    try:
        done = subprocess.run(
            ["npm", "install", *options, PACKAGE], cwd=folder, capture_output=True, text=True, timeout=180
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not install {PACKAGE} within three minutes")
    if done.returncode:
        pytest.skip(f"npm could not install {PACKAGE}: {done.stderr.strip()[-300:]}")
    return ["node", str(folder / SCRIPT.name)]


@pytest.fixture
def start(program: list[str], device: Device) -> Callable[..., Any]:
    """`with start("talk", topic=…) as process`: a device of its own process."""

    @contextmanager
    def begin(scenario: str, **settings: Any) -> Iterator[subprocess.Popen[str]]:
        files = {"certificate": str(device.certificate), "key": str(device.key), "ca": str(device.ca)}
        given = {
            "url": f"mqtts://{HOST}:{device.port}",
            "clientId": f"js-{scenario}",
            "version": 4,
            **files,
            **settings,
        }
        with subprocess.Popen([*program, scenario, json.dumps(given)], stdout=subprocess.PIPE, text=True) as process:
            try:
                yield process
            finally:
                process.kill()

    return begin


@pytest.fixture
def run(start: Callable[..., Any]) -> Callable[..., list[Event]]:
    """Runs a scenario to its end; the events that it told."""

    def do(scenario: str, **settings: Any) -> list[Event]:
        with start(scenario, **settings) as process:
            told, _ = process.communicate(timeout=30)
        assert process.returncode == 0, told
        return [json.loads(line) for line in told.splitlines()]

    return do


def signed_url(port: int) -> str:
    """What AWS's documentation makes in the browser: a presigned URL of the service iotdevicegateway."""
    request = AWSRequest("GET", f"wss://{HOST}:{port}/mqtt", headers={"Host": f"{HOST}:{port}"})
    SigV4QueryAuth(Credentials("AKIAEXAMPLE", "secret"), "iotdevicegateway", REGION).add_auth(request)
    return str(request.url)


@pytest.mark.parametrize("version", [4, 5], ids=["mqtt3", "mqtt5"])
@pytest.mark.parametrize("qos", [0, 1])
def test_mqtt_js_publishes_and_receives_over_mutual_tls(run, version, qos):
    connected, granted, message = run("talk", version=version, qos=qos, topic="house/kitchen", size=100_000)
    assert connected.get("maximumQoS") == (1 if version == 5 else None)
    assert granted["qos"] == 1
    assert message == {"event": "message", "topic": "house/kitchen", "size": 100_000, "qos": qos, "retain": False}


@pytest.mark.parametrize("protocol", ["x-amzn-mqtt-ca", "mqtt"])
def test_mqtt_js_asks_for_mqtt_by_alpn_as_on_port_443(run, protocol):
    assert run("talk", alpn=[protocol], topic="house/kitchen", qos=1, size=1)[-1]["event"] == "message"


@pytest.mark.parametrize("version", [4, 5], ids=["mqtt3", "mqtt5"])
def test_mqtt_js_comes_by_websocket_with_a_signed_url(run, device, version):
    unknown = {"certificate": None, "key": None}
    told = run("talk", url=signed_url(device.port), version=version, topic="house/page", qos=1, size=70_000, **unknown)
    assert (told[-1]["event"], told[-1]["size"]) == ("message", 70_000)


def test_mqtt_js_gets_a_retained_message(run):
    run("retain", topic="house/mode")
    [message] = [told for told in run("listen", topic="house/mode") if told["event"] == "message"]
    assert message["retain"] is True


def test_the_will_of_mqtt_js_is_published_when_it_vanishes(run, start):
    with start("listen", topic="house/gone", clientId="js-display") as display:
        told = iter(display.stdout)
        assert [json.loads(next(told))["event"] for _ in range(2)] == ["connected", "listening"]
        run("vanish", will={"topic": "house/gone", "payload": "sensor", "qos": 1})
        assert json.loads(next(told))["size"] == len("sensor")


@pytest.mark.parametrize(
    ("version", "expected"),
    [(4, [{"event": "closed"}]), (5, [{"event": "disconnect", "code": 135}, {"event": "closed"}])],
    ids=["mqtt3", "mqtt5"],
)
def test_an_unauthorised_publish_closes_the_connection_of_mqtt_js(run, reason_of, version, expected):
    client_id = f"js-intruder-{version}"
    assert run("intrude", topic="garden/gate", clientId=client_id, version=version)[1:] == expected
    wait_until(lambda: any("iot:Publish to 'garden/gate' refused" in text for text in reason_of(client_id)))
