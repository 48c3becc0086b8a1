"""Parts of the cloud are made when they are first needed, once, and a start that needs none loads none."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from labcloud import wiring
from labcloud.cloud import Cloud
from labcloud.later import Later, made
from tests.support import wait_until

ROOT = Path(__file__).parent.parent
NOT_AT_THE_START = {
    *("labcloud.athena", "labcloud.awslambda", "labcloud.destinations", "labcloud.events", "labcloud.firehose"),
    *("labcloud.iotsql", "labcloud.outlets", "labcloud.quicksight", "labcloud.rules", "labcloud.scheduler"),
    *("labcloud.stacks", "labcloud.timestream", "duckdb", "sqlglot", "moto.awslambda", "moto.dynamodb", "moto.s3"),
}
FIRST_ANSWER = """
import json, sys, urllib.request
from pathlib import Path
from labcloud.cloud import Cloud, Settings
cloud = Cloud(Settings(state_dir=Path(sys.argv[1])))
cloud.start()
key = "AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/sts/aws4_request, SignedHeaders=host, Signature=0"
body = b"Action=GetCallerIdentity&Version=2011-06-15"
with urllib.request.urlopen(urllib.request.Request(cloud.endpoint_url, body, {"Authorization": key})) as answer:
    assert b"GetCallerIdentityResult" in answer.read()
print(json.dumps(list(sys.modules)))
cloud.stop()
"""

counted: list[object] = []


def make(owner: object) -> object:
    """What `Later` finds in this module."""
    counted.append(owner)
    threading.Event().wait(0.05)  # long enough for a second thread to come in between
    return object()


class Owner:
    thing: Later[object] = Later("tests.test_later:make")


def test_an_attribute_is_made_at_its_first_read_and_only_then():
    owner = Owner()
    counted.clear()
    assert made(owner, "thing") is None
    assert counted == []
    first = owner.thing
    assert owner.thing is first is made(owner, "thing")
    assert counted == [owner]


def test_threads_that_read_it_at_once_get_the_same():
    owner, found = Owner(), []
    counted.clear()
    threads = [threading.Thread(target=lambda: found.append(owner.thing)) for _ in range(4)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(found) == 4)
    assert len(set(found)) == len(counted) == 1


def test_the_first_answer_needs_no_service_but_the_one_that_is_asked(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FIRST_ANSWER, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert NOT_AT_THE_START.intersection(json.loads(done.stdout)) == set()


@pytest.fixture
def unstarted():
    cloud = Cloud()
    yield cloud
    cloud.abandon()


@pytest.mark.parametrize("service", sorted(wiring.ROOMS))
def test_every_room_serves_the_services_that_lead_to_it(unstarted, service):
    served = unstarted.front.ours(service)
    assert served.operations or served.checks or served.changed
    assert unstarted.front.ours(service) is served


@pytest.mark.parametrize("name", sorted(name for name, value in vars(Cloud).items() if isinstance(value, Later)))
def test_every_part_can_be_the_first_that_is_made(unstarted, name):
    part = getattr(unstarted, name)
    assert part is not None
    assert getattr(unstarted, name) is part
