"""Events of executions in CloudWatch Logs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labcloud.stepfunctions.logs import wants
from tests.running import Lab
from tests.stepfunctions.test_api import PASS, made, started
from tests.stepfunctions.walk import machine

LOGS = ("logs:*", "*")


def logging(lab: Lab, group: str, level: str, *, data: bool = False, ending: str = ":*") -> dict[str, Any]:
    arn = lab.arn("logs", f"log-group:{group}{ending}")
    return {
        "loggingConfiguration": {
            "level": level,
            "includeExecutionData": data,
            "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}],
        }
    }


def test_express_execution_leaves_its_events_with_their_data_in_the_log_group(lab: Lab) -> None:
    lab.logs.create_log_group(logGroupName="/aws/vendedlogs/states/express")
    settings = logging(lab, "/aws/vendedlogs/states/express", "ALL", data=True)
    arn = made(lab, "logged", PASS, LOGS, type="EXPRESS", **settings)
    execution_arn = started(lab, arn, {"a": 1})
    lines = [json.loads(line) for line in lab.lines_of("/aws/vendedlogs/states/express", at_least=4)]
    assert [(line["id"], line["type"], line["previous_event_id"]) for line in lines] == [
        ("1", "ExecutionStarted", "0"),
        ("2", "PassStateEntered", "0"),
        ("3", "PassStateExited", "2"),
        ("4", "ExecutionSucceeded", "3"),
    ]
    assert {line["execution_arn"] for line in lines} == {execution_arn}
    assert lines[0]["details"]["input"] == '{"a": 1}'
    assert lab.stepfunctions.describe_state_machine(stateMachineArn=arn)["loggingConfiguration"]["level"] == "ALL"


def test_level_fatal_logs_only_the_bad_end_and_no_data(lab: Lab) -> None:
    lab.logs.create_log_group(logGroupName="fatal")
    fail = machine("F", F={"Type": "Fail", "Error": "TooHot", "Cause": "45"})
    arn = made(lab, "fatal", fail, LOGS, **logging(lab, "fatal", "FATAL"))
    started(lab, arn)
    [line] = [json.loads(text) for text in lab.lines_of("fatal")]
    assert (line["type"], line["details"]) == ("ExecutionFailed", {"error": "TooHot", "cause": "45"})


@pytest.mark.parametrize(
    ("level", "event", "wanted"),
    [
        ("OFF", "ExecutionFailed", False),
        ("ERROR", "TaskFailed", True),
        ("ERROR", "LambdaFunctionTimedOut", True),
        ("ERROR", "FailStateEntered", True),
        ("ERROR", "PassStateEntered", False),
        ("FATAL", "TaskFailed", False),
        ("FATAL", "ExecutionTimedOut", True),
        ("ALL", "PassStateEntered", True),
    ],
)
def test_level_wants_its_events(level: str, event: str, wanted: bool) -> None:
    assert wants(level, event) is wanted


def test_logging_that_cannot_work_is_refused(lab: Lab) -> None:
    lab.logs.create_log_group(logGroupName="there")
    for settings, message in (
        ({"loggingConfiguration": {"level": "ALL"}}, "Must specify exactly one Log Destination"),
        (logging(lab, "there", "ALL", ending=""), "with :\\* at its end"),
        (logging(lab, "not-there", "ALL"), "not-there does not exist"),
    ):
        with pytest.raises(ClientError, match=message) as refused:
            made(lab, "misled", PASS, LOGS, **settings)
        assert refused.value.response["Error"]["Code"] == "InvalidLoggingConfiguration"
    with pytest.raises(ClientError, match="IAM Role is not authorized to access the Log Destination") as refused:
        made(lab, "mute", PASS, **logging(lab, "there", "ALL"))
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"


def test_log_group_that_is_deleted_holds_no_execution_up(lab: Lab) -> None:
    lab.logs.create_log_group(logGroupName="brief")
    arn = made(lab, "brief", PASS, LOGS, **logging(lab, "brief", "ALL"))
    lab.logs.delete_log_group(logGroupName="brief")
    execution_arn = started(lab, arn)
    assert lab.stepfunctions.describe_execution(executionArn=execution_arn)["status"] == "SUCCEEDED"
    assert "no events were logged" in lab.cloud.trace.of(execution_arn)["steps"][0]["text"]
