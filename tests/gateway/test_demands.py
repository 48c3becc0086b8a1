"""What AWS refuses and moto takes. End to end, with boto3's own errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from labcloud.iam.known_services import is_known_service
from tests.running import ACCOUNT, Lab, running_lab

FUNCTION = "def handle(event, context):\n    return event\n"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with running_lab() as lab:
        yield lab


def trust(principal: dict[str, str], **more: Any) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def refusal(call: Any, **parameters: Any) -> tuple[str, str]:
    """The code and the message of a call's error."""
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "This policy contains invalid Json"),
        (
            trust({"Service": "iott.amazonaws.com"}),
            'The policy names a principal that does not exist: "SERVICE":"iott.amazonaws.com"',
        ),
        (
            trust({"AWS": f"arn:aws:iam::{ACCOUNT}:user/nobody"}),
            f'The policy names a principal that does not exist: "AWS":"arn:aws:iam::{ACCOUNT}:user/nobody"',
        ),
        (trust({"Service": "iot.amazonaws.com"}, Resource="*"), "Has prohibited field Resource"),
        (
            trust({"Service": "iot.amazonaws.com"}, Action="iot:Publish"),
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
    ],
    ids=["not JSON", "unknown service", "unknown user", "a resource", "another action"],
)
def test_a_trust_policy_that_iam_does_not_take_makes_no_role(lab: Lab, document: str, message: str) -> None:
    code, said = refusal(lab.iam.create_role, RoleName="refused", AssumeRolePolicyDocument=document)
    assert (code, said) == ("MalformedPolicyDocument", message)


def test_a_trust_policy_is_checked_when_it_is_replaced_too(lab: Lab) -> None:
    lab.role("replaced", "iot.amazonaws.com")
    code, _ = refusal(
        lab.iam.update_assume_role_policy, RoleName="replaced", PolicyDocument=trust({"Service": "nope.amazonaws.com"})
    )
    assert code == "MalformedPolicyDocument"


@pytest.mark.parametrize(
    "name", ["iot", "lambda", "credentials.iot", "logs.eu-west-1", "delivery.logs", "states", "scheduler", "ecs-tasks"]
)
def test_services_are_known_with_and_without_a_region(name: str) -> None:
    assert is_known_service(f"{name}.amazonaws.com")


@pytest.mark.parametrize("name", ["iot.amazon.com", "lambda.amazonaws.co", "Lambda", "iot-core.amazonaws.com"])
def test_what_only_looks_like_a_service_is_not_known(name: str) -> None:
    assert not is_known_service(name)


def republish(role: str) -> dict[str, Any]:
    return {"sql": "SELECT * FROM 'a'", "actions": [{"republish": {"topic": "b", "roleArn": role}}]}


def test_a_rule_whose_role_iot_cannot_assume_is_not_made(lab: Lab) -> None:
    role = lab.role("of_lambda", "lambda.amazonaws.com")
    code, message = refusal(lab.iot.create_topic_rule, ruleName="refused", topicRulePayload=republish(role))
    assert code == "UnauthorizedException"
    assert message == (
        f"AWS IoT (iot.amazonaws.com) cannot assume the role {role}: "
        "role of_lambda cannot be assumed by iot.amazonaws.com: it trusts lambda.amazonaws.com"
    )


def test_a_disabled_rule_and_an_error_action_are_asked_the_same(lab: Lab) -> None:
    payload = republish(lab.role("good", "iot.amazonaws.com"))
    gone = f"arn:aws:iam::{ACCOUNT}:role/gone"
    failing = {**payload, "ruleDisabled": True, "errorAction": republish(gone)["actions"][0]}
    _, message = refusal(lab.iot.create_topic_rule, ruleName="refused", topicRulePayload=failing)
    assert message.endswith(f"role {gone} does not exist")


def test_a_replacement_that_is_refused_loses_nothing(lab: Lab) -> None:
    good = republish(lab.role("good", "iot.amazonaws.com"))
    lab.iot.create_topic_rule(ruleName="kept", topicRulePayload=good)
    refusal(
        lab.iot.replace_topic_rule, ruleName="kept", topicRulePayload=republish(f"arn:aws:iam::{ACCOUNT}:role/gone")
    )
    assert lab.iot.get_topic_rule(ruleName="kept")["rule"]["actions"][0]["republish"]["topic"] == "b"


def test_a_trust_that_is_bound_to_the_rule_lets_this_rule_be_made_and_no_other(lab: Lab) -> None:
    bound = {"StringEquals": {"aws:SourceArn": lab.arn("iot", "rule/mine")}}
    document = trust({"Service": "iot.amazonaws.com"}, Condition=bound)
    lab.iam.create_role(RoleName="bound", AssumeRolePolicyDocument=document)
    role = f"arn:aws:iam::{ACCOUNT}:role/bound"
    lab.iot.create_topic_rule(ruleName="mine", topicRulePayload=republish(role))
    code, _ = refusal(lab.iot.create_topic_rule, ruleName="other", topicRulePayload=republish(role))
    assert code == "UnauthorizedException"


def test_a_statement_of_a_functions_policy_is_not_added_twice(lab: Lab) -> None:
    lab.function("asked", FUNCTION)
    permission = {
        "FunctionName": "asked", "StatementId": "events", "Action": "lambda:InvokeFunction",
        "Principal": "events.amazonaws.com",
    }  # fmt: skip
    lab.lambda_.add_permission(**permission)
    code, message = refusal(lab.lambda_.add_permission, **permission)
    assert code == "ResourceConflictException"
    assert message.startswith("The statement id (events) provided already exists.")


def test_a_rule_has_at_most_five_targets(lab: Lab) -> None:
    lab.events.put_rule(Name="five", ScheduleExpression="rate(1 hour)")
    targets = [{"Id": str(number), "Arn": lab.arn("sqs", f"queue{number}")} for number in range(6)]
    lab.events.put_targets(Rule="five", Targets=targets[:5])
    code, _ = refusal(lab.events.put_targets, Rule="five", Targets=targets[5:])
    assert code == "LimitExceededException"
    assert lab.events.put_targets(Rule="five", Targets=targets[:1])["FailedEntryCount"] == 0


def test_log_groups_keep_their_events_for_certain_numbers_of_days(lab: Lab) -> None:
    lab.logs.create_log_group(logGroupName="kept")
    code, message = refusal(lab.logs.put_retention_policy, logGroupName="kept", retentionInDays=2)
    assert (code, "'2' at 'retentionInDays'" in message) == ("InvalidParameterException", True)
    lab.logs.put_retention_policy(logGroupName="kept", retentionInDays=3)


def test_an_alarms_period_is_a_multiple_of_a_minute_or_a_short_one(lab: Lab) -> None:
    alarm = {
        "AlarmName": "odd", "MetricName": "PublishIn.Success", "Namespace": "AWS/IoT", "Statistic": "Sum",
        "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1, "Threshold": 1.0,
    }  # fmt: skip
    code, message = refusal(lab.cloudwatch.put_metric_alarm, **alarm, Period=45)
    assert (code, message) == ("ValidationError", "Period must be 10, 20, 30 or a multiple of 60")
    lab.cloudwatch.put_metric_alarm(**alarm, Period=30)


def test_a_delivery_stream_whose_role_firehose_cannot_assume_is_not_made(lab: Lab) -> None:
    destination = {"RoleARN": lab.role("of_lambda", "lambda.amazonaws.com"), "BucketARN": "arn:aws:s3:::lake"}
    code, message = refusal(
        lab.firehose.create_delivery_stream, DeliveryStreamName="s", ExtendedS3DestinationConfiguration=destination
    )
    assert code == "InvalidArgumentException"
    assert message.startswith(f"Firehose cannot assume the role {destination['RoleARN']}: role of_lambda cannot be")


@pytest.mark.parametrize("name", ["Upper", "under_score", "two..dots", "192.168.0.1", "ends-", "xn--punycode"])
def test_a_bucket_has_a_name_that_s3_allows(lab: Lab, name: str) -> None:
    place = {"LocationConstraint": "eu-west-1"}
    code, _ = refusal(lab.s3.create_bucket, Bucket=name, CreateBucketConfiguration=place)
    assert code == "InvalidBucketName"
