"""A cloud, a sibling system deployed into it by real Terraform, and devices with the certificates that it made."""

from __future__ import annotations

import json
import shutil
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.motobase.terraform import Terraform
from tests.running import REGION, Lab, running_lab
from tests.support import wait_until
from tests.terraform_life import whole_life

FOLDER = Path(__file__).parent


@pytest.fixture
def lab() -> Iterator[Lab]:
    with running_lab() as running:
        yield running


@pytest.fixture
def live(lab: Lab, tmp_path: Path) -> Callable[..., None]:
    """`live("lake", chain)`: deployed, `chain(outputs)` driven, updated in place, destroyed."""

    def run(name: str, chain: Callable[[dict[str, Any]], None]) -> None:
        if shutil.which("terraform") is None:
            pytest.skip("Terraform is not installed")
        configuration = FOLDER / name
        terraform = Terraform(configuration, tmp_path, lab.cloud.endpoint_url, AWS_REGION=REGION)
        whole_life(terraform, configuration, deployed=lambda: chain(terraform.outputs()))

    return run


class Device:
    """A connected device: publishes with QoS 1 and waits for the broker's word."""

    def __init__(self, client: paho.Client) -> None:
        self.client = client

    def publish(self, topic: str, message: Any) -> None:
        body = message if isinstance(message, bytes) else json.dumps(message)
        self.client.publish(topic, body, qos=1).wait_for_publish(10)


@contextmanager
def device(
    lab: Lab, client_id: str, certificate_pem: str, private_key: str, *, within_s: float = 10
) -> Iterator[Device]:
    """Connects over mutual TLS with what Terraform or the API handed out."""
    connected = threading.Event()
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id, reconnect_on_failure=False)
    client.tls_set_context(_context(lab, certificate_pem, private_key))
    client.on_connect = lambda *told: None if told[3].is_failure else connected.set()
    client.connect("localhost", lab.cloud.mqtt_port)
    client.loop_start()
    try:
        assert connected.wait(within_s), f"{client_id} could not connect"
        yield Device(client)
    finally:
        client.disconnect()
        client.loop_stop()


def _context(lab: Lab, certificate_pem: str, private_key: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=lab.cloud.authority.pem)
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("certificate.pem", certificate_pem), ("private.key", private_key)):
            Path(folder, name).write_text(text)
        context.load_cert_chain(Path(folder, "certificate.pem"), Path(folder, "private.key"))
    return context


def pass_time(lab: Lab, seconds: float) -> None:
    """The lab clock goes on, and everything that waited for it is done."""
    assert lab.cloud.settle()
    lab.cloud.clock.advance(seconds)
    assert lab.cloud.settle()


def athena_rows(lab: Lab, sql: str, **asked: Any) -> list[list[str | None]]:
    """The rows of a query, without the names of the columns."""
    query_id = lab.athena.start_query_execution(QueryString=sql, **asked)["QueryExecutionId"]

    def ended() -> Any:
        status = lab.athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]["Status"]
        return status if status["State"] in ("SUCCEEDED", "FAILED") else None

    status = wait_until(ended, within_s=30, because="the query's end")
    assert status["State"] == "SUCCEEDED", status.get("StateChangeReason")
    rows = lab.athena.get_query_results(QueryExecutionId=query_id)["ResultSet"]["Rows"]
    return [[cell.get("VarCharValue") for cell in row["Data"]] for row in rows[1:]]


def timestream_rows(lab: Lab, sql: str) -> list[list[str | None]]:
    """The rows of a query."""
    rows = lab.timestream_query.query(QueryString=sql)["Rows"]
    return [[cell.get("ScalarValue") for cell in row["Data"]] for row in rows]


def messages_of(lab: Lab, queue_url: str) -> list[Any]:
    """What a topic has sent to a queue: the bodies of its notifications' messages."""
    received = lab.sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(json.loads(message["Body"])["Message"]) for message in received]
