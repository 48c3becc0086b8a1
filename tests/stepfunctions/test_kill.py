"""Executions after `kill -9`: what is over is still told, what waits goes on, a task under way is begun again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.persistence.making import make_function, make_role, make_table
from tests.persistence.process import CloudProcess
from tests.stepfunctions.walk import machine
from tests.support import wait_until

SLOW = """
import time, boto3
def handler(event, context):
    table = boto3.resource("dynamodb").Table("marks")
    first = "Item" not in table.get_item(Key={"k": "begun"})
    table.put_item(Item={"k": "begun"})
    if first:
        time.sleep(50)
    return "again"
"""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory) -> Iterator[CloudProcess]:
    process = CloudProcess(tmp_path_factory.mktemp("executions") / "state").start()
    yield process
    process.kill()


def started(cloud: CloudProcess, name: str, definition: Any) -> str:
    api = cloud.client("stepfunctions")
    role = f"arn:aws:iam::123456789012:role/{make_role(cloud, name)['RoleName']}"
    arn = api.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role)["stateMachineArn"]
    return api.start_execution(stateMachineArn=arn, input='{"a":1}')["executionArn"]


def test_executions_survive_in_every_condition(cloud: CloudProcess) -> None:
    api = cloud.client("stepfunctions")
    round_trip = {"Type": "Map", "ItemProcessor": machine("I", I={"Type": "Pass", "End": True}), "End": True}
    items = {"Type": "Pass", "Parameters": {"l.$": "States.ArrayRange(1, 100, 1)"}, "OutputPath": "$.l", "Next": "M"}
    long = started(cloud, "long", machine("L", L=items, M=round_trip))
    whole = {"executionArn": long, "maxResults": 1000}
    make_table(cloud, "marks")
    function = make_function(cloud, "slow", make_role(cloud, "f")["Arn"], SLOW)
    cloud.client("lambda").update_function_configuration(FunctionName="slow", Timeout=60)
    over = started(cloud, "over", machine("P", P={"Type": "Pass", "End": True}))
    asleep = started(cloud, "asleep", machine("W", W={"Type": "Wait", "Seconds": 600, "End": True}))
    working = started(cloud, "working", machine("T", T={"Type": "Task", "Resource": function, "End": True}))
    marks = {"TableName": "marks", "Key": {"k": {"S": "begun"}}}
    wait_until(lambda: "Item" in cloud.client("dynamodb").get_item(**marks), within_s=20, because="the function began")
    history = api.get_execution_history(executionArn=over)["events"]

    long_history = api.get_execution_history(**whole)["events"]
    assert len(long_history) > 400

    cloud.kill_and_start()

    assert api.get_execution_history(**whole)["events"] == long_history
    described = api.describe_execution(executionArn=over)
    assert (described["status"], described["output"]) == ("SUCCEEDED", '{"a":1}')
    assert api.get_execution_history(executionArn=over)["events"] == history
    assert api.describe_execution(executionArn=asleep)["status"] == "RUNNING"
    ended = wait_until(
        lambda: (found := api.describe_execution(executionArn=working))["status"] != "RUNNING" and found,
        within_s=30,
        because="the task that is done again",
    )
    assert (ended["status"], ended["output"]) == ("SUCCEEDED", '"again"')
    api.delete_state_machine(stateMachineArn=long.rsplit(":", 1)[0].replace(":execution:", ":stateMachine:"))
    cloud.kill_and_start()
    with pytest.raises(api.exceptions.ExecutionDoesNotExist):
        api.get_execution_history(**whole)
    cloud.lab("clock", {"advance_s": 601})
    assert api.describe_execution(executionArn=asleep)["status"] == "SUCCEEDED"
