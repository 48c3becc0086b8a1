"""Real Terraform builds every served action with its targets; a message then reaches all of them."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import zipfile
from pathlib import Path

import pytest

from tests.motobase.terraform import Terraform
from tests.support import wait_until
from tests.terraform_life import whole_life

pytestmark = [
    pytest.mark.terraform,
    pytest.mark.skipif(shutil.which("terraform") is None, reason="Terraform is not installed"),
    pytest.mark.skipif(not os.environ.get("LAB_SLOW_TESTS"), reason="two minutes of waiting; set LAB_SLOW_TESTS=1"),
]


def test_what_terraform_builds_carries_a_message_everywhere(lab, tls_receiver, tmp_path):
    url = tls_receiver.url + "/in"
    with zipfile.ZipFile(tmp_path / "watcher.zip", "w") as archive:
        archive.writestr("watcher.py", "def handle(event, context):\n    print('told')\n")
    configuration = Path(__file__).parent / "terraform"

    def deployed() -> None:
        _confirm(lab, tls_receiver)
        _see_one_message_everywhere(lab, tls_receiver)

    terraform = Terraform(configuration, tmp_path, lab.cloud.endpoint_url)
    whole_life(terraform, configuration, deployed=deployed, receiver_url=url)


def _confirm(lab, tls_receiver):
    token = json.loads(wait_until(lambda: tls_receiver.received and tls_receiver.received[0]).body)["confirmationToken"]
    lab.iot.confirm_topic_rule_destination(confirmationToken=token)


def _see_one_message_everywhere(lab, tls_receiver):
    steps = lab.publish("terraform/a", {"a": 1})
    assert [step for step in steps if "refused" in step or "failed" in step] == []
    assert tls_receiver.received[-1].body == b'{"a":1}'
    bodies = sorted(
        message["Body"]
        for message in lab.sqs.receive_message(
            QueueUrl=lab.sqs.get_queue_url(QueueName="news")["QueueUrl"], MaxNumberOfMessages=10
        )["Messages"]
    )
    assert bodies == ["eyJhIjoxfQ==", '{"a":1}']
    assert '{"a":1}' in lab.lines_of("devices")
    lab.cloud.clock.advance(61)
    found = lab.objects_in("terraform-lake")
    assert sorted(key.rsplit(".", 1)[-1] for key in found) == ["gz", "json"]
    [packed] = [body for key, body in found.items() if key.endswith(".gz")]
    assert gzip.decompress(packed) == b'{"a":1}\n\n'
