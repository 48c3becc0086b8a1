"""`lab cloud coverage` is read from the code that decides."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from labcloud.coverage import LIVES

ROOT = Path(__file__).parents[2]
ALWAYS_REPLACED = (
    "aws_athena_named_query",
    "aws_cloudwatch_log_stream",
    "aws_iam_role_policy_attachment",
    "aws_iot_policy_attachment",
    "aws_iot_thing_group_membership",
    "aws_iot_thing_principal_attachment",
    "aws_lambda_layer_version",
    "aws_lambda_permission",
)
"""The provider has no argument of these that changes without making a new one."""
REFUSED_BY_THE_PROVIDER = ("aws_timestreamquery_scheduled_query",)
"""The provider's own request for a change is not valid (5.100: UpdateScheduledQuery without its State)."""


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


def configurations() -> list[Path]:
    """Every Terraform configuration that a test deploys; variants change the course's."""
    found = {file.parent for file in (ROOT / "tests").glob("**/*.tf")}
    return sorted(folder for folder in found if "variants" not in folder.relative_to(ROOT).parts)


def types_in(folder: Path) -> set[str]:
    written = "\n".join(file.read_text() for file in folder.glob("*.tf"))
    return set(re.findall(r'^resource "(\w+)"', written, flags=re.MULTILINE))


@pytest.mark.parametrize("folder", configurations(), ids=lambda folder: folder.relative_to(ROOT).as_posix())
def test_every_configuration_has_the_record_of_a_whole_life(folder):
    name = folder.relative_to(ROOT).as_posix()
    lives = [json.loads(file.read_text()) for file in (ROOT / LIVES).glob("*.json")]
    [life] = [life for life in lives if life["configuration"] == name]
    assert set(life["types"]) == types_in(folder)
    test_file, _, function = life["test"].partition("::")
    assert f"def {function.partition('[')[0]}(" in (ROOT / test_file).read_text()


def test_every_resource_type_of_the_course_and_the_sibling_systems_has_a_test(coverage):
    of_the_course = {name for file in (ROOT / "solutions").glob("*/terraform") for name in types_in(file)}
    of_the_siblings = {name for folder in (ROOT / "tests" / "siblings").iterdir() for name in types_in(folder)}
    assert len(of_the_course) > 15 and len(of_the_siblings) > 25
    assert (of_the_course | of_the_siblings) - set(coverage["terraform_resources"]) == set()


def test_every_resource_type_that_can_change_in_place_does_so_in_a_test(coverage):
    never = {name for name, tests in coverage["updated_in_place_by"].items() if not tests}
    assert never == {*ALWAYS_REPLACED, *REFUSED_BY_THE_PROVIDER}
