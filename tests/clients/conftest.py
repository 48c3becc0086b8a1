"""One cloud for the programs that devices and people use, and a device whose certificate that cloud made."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.running import ACCOUNT, REGION, Lab, running_lab

HOST = "localhost"
HOUSE = f"arn:aws:iot:{REGION}:{ACCOUNT}"
HOUSE_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "iot:Connect", "Resource": f"{HOUSE}:client/*"},
        {
            "Effect": "Allow",
            "Action": ["iot:Publish", "iot:RetainPublish", "iot:Receive"],
            "Resource": [f"{HOUSE}:topic/house/*", f"{HOUSE}:topic/$aws/things/lamp/shadow/*"],
        },
        {
            "Effect": "Allow",
            "Action": "iot:Subscribe",
            "Resource": [f"{HOUSE}:topicfilter/house/*", f"{HOUSE}:topicfilter/$aws/things/lamp/shadow/*"],
        },
    ],
}
"""A house's devices use `house/…` and the lamp's shadow; all else is forbidden."""


@dataclass(frozen=True)
class Device:
    """What a device is given: where the cloud is, whom to trust, who it is."""

    port: int
    ca: Path
    certificate: Path
    key: Path


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with running_lab() as running:
        running.iot.create_policy(policyName="house", policyDocument=json.dumps(HOUSE_POLICY))
        yield running


@pytest.fixture(scope="module")
def device(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Device:
    folder = tmp_path_factory.mktemp("device")
    made = lab.iot.create_keys_and_certificate(setAsActive=True)
    lab.iot.attach_policy(policyName="house", target=made["certificateArn"])
    for name, text in (
        ("ca.pem", lab.cloud.authority.pem),
        ("certificate.pem", made["certificatePem"]),
        ("private.key", made["keyPair"]["PrivateKey"]),
    ):
        (folder / name).write_text(text)
    return Device(lab.cloud.mqtt.port, folder / "ca.pem", folder / "certificate.pem", folder / "private.key")


@pytest.fixture
def reason_of(lab: Lab) -> Callable[[str], list[str]]:
    """What the cloud's trace says about a client."""

    def read(client_id: str) -> list[str]:
        steps = [step["text"] for message in lab.cloud.trace.latest(limit=1000) for step in message["steps"]]
        return [text for text in steps if f"'{client_id}'" in text]

    return read
