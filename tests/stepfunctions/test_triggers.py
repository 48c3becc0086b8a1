"""What starts state machines: topic rules, EventBridge rules, schedules; each with its own role's permission."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from tests.running import Lab
from tests.stepfunctions.test_api import PASS, call, ended, made, table
from tests.stepfunctions.walk import machine

IOT = "iot.amazonaws.com"


def executions(lab: Lab, name: str) -> list[dict[str, Any]]:
    assert lab.cloud.settle()
    arn = lab.arn("states", f"stateMachine:{name}")
    return list(lab.stepfunctions.list_executions(stateMachineArn=arn)["executions"])


def test_message_goes_through_rule_state_machine_and_function_into_the_table(lab: Lab) -> None:
    half = lab.function("halver", "def handle(event, context):\n    return {'half': event['t'] / 2}\n")
    arn = table(lab, "Halves")
    halve = {"Type": "Task", "Resource": half, "ResultPath": "$.result", "Next": "IsHot"}
    hot = {"Variable": "$.result.half", "NumericGreaterThanEquals": 20, "Next": "Store"}
    item = {"id": {"S.$": "$.id"}, "half": {"N.$": "States.Format('{}', $.result.half)"}}
    states = {
        "Halve": halve,
        "IsHot": {"Type": "Choice", "Choices": [hot], "Default": "Cool"},
        "Cool": {"Type": "Succeed"},
        **call("dynamodb:putItem", Parameters={"TableName": "Halves", "Item": item})["States"],
    }
    states["Store"] = states.pop("dynamodb_putItem")
    allowed = [("lambda:InvokeFunction", half), ("dynamodb:PutItem", arn)]
    target = made(lab, "readings", machine("Halve", **states), *allowed)
    role = lab.role("starter", IOT, ("states:StartExecution", target))
    action = {"stateMachineName": "readings", "executionNamePrefix": "${zone}-", "roleArn": role}
    lab.rule("start", {"stepFunctions": action}, sql="SELECT * FROM 'house/+'")

    texts = lab.publish("house/1", {"id": "a", "t": 41, "zone": "north"})
    assert texts[-1].startswith("rule start: StartExecution of state machine readings as north-")
    assert texts[-1].endswith(" done")
    lab.publish("house/1", {"id": "b", "t": 10, "zone": "south"})
    cool, stored = executions(lab, "readings")
    assert (cool["name"][:6], stored["name"][:6]) == ("south-", "north-")
    assert json.loads(ended(lab, stored["executionArn"])["input"]) == {"id": "a", "t": 41, "zone": "north"}
    assert [ended(lab, each["executionArn"])["status"] for each in (cool, stored)] == ["SUCCEEDED", "SUCCEEDED"]
    assert lab.dynamodb.scan(TableName="Halves")["Items"] == [{"id": {"S": "a"}, "half": {"N": "20.5"}}]


def test_rule_without_the_permission_starts_nothing_and_says_why(lab: Lab) -> None:
    made(lab, "guarded", PASS)
    role = lab.role("powerless", IOT)
    lab.rule(
        "guarded", {"stepFunctions": {"stateMachineName": "guarded", "roleArn": role}}, sql="SELECT * FROM 'guarded'"
    )
    assert "refused: role powerless lacks states:StartExecution" in lab.publish("guarded", {})[-1]
    assert executions(lab, "guarded") == []


def test_state_machine_that_does_not_exist_and_input_that_is_no_json_go_to_the_error_action(lab: Lab) -> None:
    url = lab.sqs.create_queue(QueueName="failures")["QueueUrl"]
    made(lab, "present", PASS)
    role = lab.role("hopeful", IOT, ("states:StartExecution", "*"), ("sqs:SendMessage", "*"))
    error = {"sqs": {"queueUrl": url, "roleArn": role}}
    for name, sql in (("absent", "SELECT * FROM 'absent'"), ("present", "SELECT * FROM 'present'")):
        action = {"stepFunctions": {"stateMachineName": name, "roleArn": role}}
        lab.rule(f"rule_{name}", action, sql=sql, error=error)
    lab.publish("absent", {"a": 1})
    lab.publish("present", b"not json")
    got = lab.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    failures = {found["failedResource"]: found for each in got for found in json.loads(each["Body"])["failures"]}
    assert {found["failedAction"] for found in failures.values()} == {"StepFunctionsAction"}
    assert "State Machine Does Not Exist" in failures["absent"]["errorMessage"]
    assert "Invalid State Machine Execution Input" in failures["present"]["errorMessage"]


def test_event_starts_the_target_with_its_role(lab: Lab) -> None:
    target = made(lab, "of_events", PASS)
    lab.events.put_rule(Name="starts", EventPattern=json.dumps({"source": ["stepping"]}))
    entry = {"Source": "stepping", "DetailType": "d", "Detail": json.dumps({"t": 45})}
    for allowed in ([], [("states:StartExecution", target)]):
        role = lab.role("event_role", "events.amazonaws.com", *allowed)
        input_path = {"Id": "1", "Arn": target, "RoleArn": role, "InputPath": "$.detail"}
        lab.events.put_targets(Rule="starts", Targets=[input_path])
        lab.events.put_events(Entries=[entry])
    [started] = executions(lab, "of_events")
    assert ended(lab, started["executionArn"])["input"] == '{"t":45}'


def test_schedule_starts_its_target_on_the_lab_clock(lab: Lab) -> None:
    target = made(lab, "scheduled", PASS)
    role = lab.role("schedule_role", "scheduler.amazonaws.com", ("states:StartExecution", target))
    moment = datetime.fromtimestamp(lab.cloud.clock.now() + 7200, UTC)
    lab.scheduler.create_schedule(
        Name="steps",
        ScheduleExpression=f"at({moment:%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": target, "RoleArn": role, "Input": '{"from":"schedule"}'},
    )
    lab.cloud.clock.advance(7201)
    [started] = executions(lab, "scheduled")
    assert (started["status"], ended(lab, started["executionArn"])["input"]) == ("SUCCEEDED", '{"from":"schedule"}')
