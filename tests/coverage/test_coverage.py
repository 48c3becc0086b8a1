"""`lab cloud coverage` is read from the code that decides."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def coverage():
    done = subprocess.run(
        [sys.executable, "-m", "labcloud", "coverage", "--json"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_our_own_operations_are_told_apart_from_motos(coverage):
    services = {service["service"]: service for service in coverage["services"]}
    assert "Publish" in services["iot-data"]["own"]
    assert services["timestream-query"]["moto"] == []
    assert "PutItem" in services["dynamodb"]["moto"] + services["dynamodb"]["own"]


def test_what_is_refused_by_name_is_not_counted_as_served(coverage):
    from labcloud.gateway.refused import NEVER_DONE

    services = {service["service"]: service for service in coverage["services"]}
    served = {(name, op) for name, s in services.items() for op in (*s["own"], *s["moto"])}
    refused = {(service, operation) for service, operations in NEVER_DONE.items() for operation in operations}
    assert served & refused == set()


def test_every_resource_type_of_the_course_has_a_test(coverage):
    types = coverage["terraform_resources"]
    for needed in (
        "aws_iot_topic_rule",
        "aws_timestreamwrite_table",
        "aws_lambda_permission",
        "aws_quicksight_dashboard",
    ):
        assert types[needed]
