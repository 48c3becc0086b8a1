"""AWS IoT's logs and metrics in a running cloud."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

IOT = "iot.amazonaws.com"


def entries(lab, group="AWSIotLogsV2", at_least=1):
    return [json.loads(line) for line in lab.lines_of(group, at_least=at_least)]


def test_options_are_not_configured_until_somebody_sets_them(lab):
    with pytest.raises(ClientError) as refused:
        lab.iot.get_v2_logging_options()
    assert refused.value.response["Error"]["Code"] == "NotConfiguredException"


def test_a_message_and_its_rule_are_logged_as_the_options_say(lab):
    role = lab.role("logging_role", IOT, ("logs:*", "*"))
    lab.iot.set_v2_logging_options(roleArn=role, defaultLogLevel="INFO", disableAllLogs=False)
    told = lab.iot.get_v2_logging_options()
    assert (told["roleArn"], told["defaultLogLevel"], told["disableAllLogs"]) == (role, "INFO", False)
    url = lab.sqs.create_queue(QueueName="logged")["QueueUrl"]
    sender = lab.role("sender_role", IOT)
    lab.rule("logged", {"sqs": {"queueUrl": url, "roleArn": sender, "useBase64": False}}, sql="SELECT * FROM 'logged'")
    lab.publish("logged", {"a": 1})
    found = entries(lab, at_least=3)
    assert [entry["eventType"] for entry in found] == ["Publish-In", "RuleMatch", "RuleExecution"]
    assert len({entry["traceId"] for entry in found}) == 1
    assert found[2]["status"] == "Failure"
    assert "sqs:SendMessage" in found[2]["details"]
    assert found[2]["ruleAction"] == "SqsAction"

    lab.iot.set_v2_logging_options(defaultLogLevel="ERROR")
    lab.publish("logged", {"a": 2})
    assert [entry["eventType"] for entry in entries(lab, at_least=4)[3:]] == ["RuleExecution"]


def test_a_function_that_fails_a_rule_is_logged(lab):
    role = lab.role("logging_role", IOT, ("logs:*", "*"))
    lab.iot.set_v2_logging_options(roleArn=role, defaultLogLevel="ERROR", disableAllLogs=False)
    nobody = lab.role("nobody_role", IOT)
    sql = f"SELECT get_thing_shadow('t', '{nobody}') AS s FROM 'asks'"
    lab.rule("asks", {"republish": {"topic": "x", "roleArn": nobody}}, sql=sql)
    before = len(entries(lab))
    lab.publish("asks", {})
    entry = entries(lab, at_least=before + 1)[-1]
    assert (entry["eventType"], entry["ruleName"]) == ("FunctionExecution", "asks")
    assert "lacks iot:GetThingShadow" in entry["reason"]


def test_levels_of_clients_are_kept_listed_and_deleted(lab):
    lab.iot.set_v2_logging_options(roleArn=lab.role("logging_role", IOT), defaultLogLevel="ERROR")
    target = {"targetType": "CLIENT_ID", "targetName": "house"}
    lab.iot.set_v2_logging_level(logTarget=target, logLevel="DEBUG")
    listed = lab.iot.list_v2_logging_levels(targetType="CLIENT_ID")["logTargetConfigurations"]
    assert listed == [{"logTarget": target, "logLevel": "DEBUG"}]
    lab.iot.delete_v2_logging_level(**target)
    assert lab.iot.list_v2_logging_levels(targetType="CLIENT_ID")["logTargetConfigurations"] == []
    with pytest.raises(ClientError, match="THING_GROUP"):
        lab.iot.set_v2_logging_level(logTarget={"targetType": "THING_GROUP", "targetName": "all"}, logLevel="DEBUG")


def test_without_the_permission_nothing_is_logged(lab):
    role = lab.role("silent_role", IOT)
    lab.iot.set_logging_options(loggingOptionsPayload={"roleArn": role, "logLevel": "DEBUG"})
    lab.publish("anything", {})
    groups = [group["logGroupName"] for group in lab.logs.describe_log_groups()["logGroups"]]
    assert "AWSIotLogs" not in groups


def test_messages_and_actions_are_counted(lab):
    topic = lab.sns.create_topic(Name="counted")["TopicArn"]
    role = lab.role("counted_role", IOT, ("sns:Publish", topic))
    lab.rule("counted", {"sns": {"targetArn": topic, "roleArn": role}}, sql="SELECT * FROM 'counted'")
    for _ in range(3):
        lab.publish("counted", {})
    assert sum_of(lab, "TopicMatch", RuleName="counted") == 3
    assert sum_of(lab, "Success", RuleName="counted", ActionType="Sns") == 3
    assert sum_of(lab, "PublishIn.Success", Protocol="HTTP") >= 3
    names = {metric["MetricName"] for metric in lab.cloudwatch.list_metrics(Namespace="AWS/IoT")["Metrics"]}
    assert {"TopicMatch", "RulesExecuted", "Success"} <= names


def sum_of(lab, metric, **dimensions):
    now = lab.cloud.clock.now()
    found = lab.cloudwatch.get_metric_statistics(
        Namespace="AWS/IoT",
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=now - 3600,
        EndTime=now + 60,
        Period=60,
        Statistics=["Sum"],
    )
    return sum(point["Sum"] for point in found["Datapoints"])
