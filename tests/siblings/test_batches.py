"""A SAM template: a device's messages in GZIP batches of a minute, and a function that parses each batch."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest

from tests.running import Lab
from tests.siblings.conftest import device, pass_time
from tests.support import wait_until

TEMPLATE = Path(__file__).parent / "batches" / "template.yaml"


@pytest.fixture
def stack(lab: Lab) -> dict[str, str]:
    """The outputs of the stack, deployed through a change set as `sam deploy` does it."""
    return _deploy(lab, "CREATE")


def _deploy(lab: Lab, kind: str, **parameters: str) -> dict[str, str]:
    api = lab.cloudformation
    given = [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
    api.create_change_set(
        StackName="plant",
        ChangeSetName=kind.lower(),
        ChangeSetType=kind,
        TemplateBody=TEMPLATE.read_text(),
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=given,
    )
    api.get_waiter("change_set_create_complete").wait(
        StackName="plant", ChangeSetName=kind.lower(), WaiterConfig={"Delay": 1}
    )
    api.execute_change_set(StackName="plant", ChangeSetName=kind.lower())
    return _ended(lab, f"{kind}_COMPLETE")


def _ended(lab: Lab, expected: str) -> dict[str, str]:
    def look() -> dict[str, Any] | None:
        found = lab.cloudformation.describe_stacks(StackName="plant")["Stacks"][0]
        return None if found["StackStatus"].endswith("_IN_PROGRESS") else found

    found = wait_until(look, within_s=60, because="the end of the work on the stack")
    assert found is not None and found["StackStatus"] == expected, _reasons(lab)
    return {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}


def _reasons(lab: Lab) -> list[str]:
    events = lab.cloudformation.describe_stack_events(StackName="plant")["StackEvents"]
    return [event["ResourceStatusReason"] for event in events if event.get("ResourceStatusReason")]


def _certificate(lab: Lab, stack: dict[str, str]) -> tuple[str, str]:
    """Made beside the stack, as AWS's console does it."""
    made = lab.iot.create_keys_and_certificate(setAsActive=True)
    lab.iot.attach_policy(policyName=stack["Policy"], target=made["certificateArn"])
    lab.iot.attach_thing_principal(thingName=stack["Thing"], principal=made["certificateArn"])
    return made["certificatePem"], made["keyPair"]["PrivateKey"]


def test_a_minutes_messages_become_one_parsed_file(lab: Lab, stack: dict[str, str]) -> None:
    with device(lab, stack["Thing"], *_certificate(lab, stack)) as plant:
        for number in range(3):
            plant.publish(f"{stack['Topic']}/sensor{number}", {"value": number})
    pass_time(lab, 61)
    [(key, packed)] = lab.objects_in("dev-plant-raw").items()
    assert key.startswith("dev/data/") and key.endswith(".gz")
    lines = [json.loads(line) for line in gzip.decompress(packed).splitlines()]
    assert lines == [{"topic": f"plant/sensor{number}", "value": number} for number in range(3)]
    [(name, parsed)] = wait_until(lambda: lab.objects_in("dev-plant-parsed"), within_s=15).items()
    assert name.endswith(".json")
    assert json.loads(parsed) == [{"sensor": f"sensor{number}", "value": number} for number in range(3)]


def test_the_device_may_use_only_its_own_name_and_topic(lab: Lab, stack: dict[str, str]) -> None:
    certificate = _certificate(lab, stack)
    with pytest.raises(AssertionError, match="could not connect"), device(lab, "another", *certificate, within_s=1):
        pass
    with device(lab, stack["Thing"], *certificate) as plant:
        lost: list[paho.ReasonCode] = []
        plant.client.on_disconnect = lambda *told: lost.append(told[3])
        plant.client.publish("elsewhere/sensor", b"{}", qos=0)
        wait_until(lambda: lost, because="the connection's end")


def test_the_stack_is_updated_in_place_and_deleted_without_a_trace(lab: Lab, stack: dict[str, str]) -> None:
    _deploy(lab, "UPDATE", RetentionDays="14")
    [group] = lab.logs.describe_log_groups(logGroupNamePrefix="/aws/kinesisfirehose/")["logGroups"]
    assert group["retentionInDays"] == 14
    identifier = lab.cloudformation.describe_stacks(StackName="plant")["Stacks"][0]["StackId"]
    lab.cloudformation.delete_stack(StackName="plant")

    def gone() -> bool:
        found = lab.cloudformation.describe_stacks(StackName=identifier)["Stacks"][0]
        return bool(found["StackStatus"] == "DELETE_COMPLETE")

    wait_until(gone, within_s=60, because="the stack's deletion")
    assert lab.s3.list_buckets()["Buckets"] == []
    assert lab.iot.list_topic_rules()["rules"] == lab.iot.list_things()["things"] == []
    assert lab.lambda_.list_functions()["Functions"] == lab.iam.list_roles()["Roles"] == []
