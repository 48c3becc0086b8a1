"""What was made through the API is there after `kill -9`, with the same ids, secrets and links.

Everything is made in one cloud that is killed once; each test looks at one thing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from tests.persistence.making import (
    ACCOUNT,
    ALLOW,
    LOGS,
    make_function,
    make_role,
    make_table,
    package,
    without_metadata,
)
from tests.persistence.process import REGION, CloudProcess, Device

Ask = Callable[[CloudProcess], Any]

STAYS: dict[str, Ask] = {
    "role": lambda c: c.client("iam").get_role(RoleName="r")["Role"],
    "inline policy": lambda c: c.client("iam").get_role_policy(RoleName="r", PolicyName="inline")["PolicyDocument"],
    "attached policy": lambda c: c.client("iam").list_attached_role_policies(RoleName="r")["AttachedPolicies"],
    "access keys": lambda c: c.client("iam").list_access_keys(UserName="u")["AccessKeyMetadata"],
    "function": lambda c: c.client("lambda").get_function(FunctionName="f")["Configuration"],
    "function's policy": lambda c: c.client("lambda").get_policy(FunctionName="f")["Policy"],
    "alias": lambda c: without_metadata(c.client("lambda").get_alias(FunctionName="f", Name="live")),
    "table": lambda c: c.client("dynamodb").describe_table(TableName="t")["Table"],
    "schedule": lambda c: without_metadata(c.client("events").describe_rule(Name="e")),
    "targets": lambda c: c.client("events").list_targets_by_rule(Rule="e")["Targets"],
    "scheduler": lambda c: without_metadata(c.client("scheduler").get_schedule(Name="s")),
    "thing": lambda c: without_metadata(c.client("iot").describe_thing(thingName="thing")),
    "iot policy": lambda c: without_metadata(c.client("iot").get_policy(policyName="everything")),
    "topic rule": lambda c: without_metadata(c.client("iot").get_topic_rule(ruleName="rule")),
    "endpoint": lambda c: without_metadata(c.client("iot").describe_endpoint(endpointType="iot:Data-ATS")),
    "certificates": lambda c: c.client("iot").list_certificates()["certificates"],
    "queue": lambda c: c.client("sqs").get_queue_attributes(QueueUrl=queue_url(c), AttributeNames=["All"])[
        "Attributes"
    ],
    "topic": lambda c: c.client("sns").list_topics()["Topics"],
    "subscription": lambda c: c.client("sns").list_subscriptions()["Subscriptions"],
    "secret": lambda c: without_metadata(c.client("secretsmanager").get_secret_value(SecretId="s")),
    "parameter": lambda c: c.client("ssm").get_parameter(Name="p")["Parameter"],
    "alarm": lambda c: c.client("cloudwatch").describe_alarms()["MetricAlarms"],
    "log group": lambda c: c.client("logs").describe_log_groups()["logGroups"],
    "stream": lambda c: c.client("kinesis").describe_stream(StreamName="ks")["StreamDescription"],
    "delivery stream": lambda c: c.client("firehose").describe_delivery_stream(DeliveryStreamName="fs")[
        "DeliveryStreamDescription"
    ],
    "data source": lambda c: c.client("quicksight").describe_data_source(AwsAccountId=ACCOUNT, DataSourceId="d")[
        "DataSource"
    ],
    "bucket policy": lambda c: c.client("s3").get_bucket_policy(Bucket="bucket-1")["Policy"],
    "bucket versioning": lambda c: c.client("s3").get_bucket_versioning(Bucket="bucket-1")["Status"],
    "state machine": lambda c: c.client("stepfunctions").list_state_machines()["stateMachines"],
    "timestream": lambda c: c.client("timestream-write").describe_table(DatabaseName="db1", TableName="tb1")["Table"],
    "glue": lambda c: c.client("glue").get_table(DatabaseName="gdb", Name="gt")["Table"],
    "athena": lambda c: c.client("athena").get_work_group(WorkGroup="wg")["WorkGroup"],
}
"""What is asked before and after: the answers are equal."""


def queue_url(cloud: CloudProcess) -> str:
    return f"{cloud.url}/{ACCOUNT}/q"


def make_everything(cloud: CloudProcess) -> None:
    role_arn = make_role(cloud, "r")["Arn"]
    iam, iot, functions = cloud.client("iam"), cloud.client("iot"), cloud.client("lambda")
    iam.create_user(UserName="u")
    iam.create_access_key(UserName="u")
    function_arn = make_function(cloud, "f", role_arn)
    functions.publish_version(FunctionName="f")
    functions.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    functions.add_permission(
        FunctionName="f", StatementId="e", Action="lambda:InvokeFunction", Principal="events.amazonaws.com"
    )
    make_table(cloud, "t")
    make_schedules(cloud, function_arn, role_arn)
    iot.create_thing(thingName="thing", attributePayload={"attributes": {"a": "b"}})
    payload = {"sql": "SELECT * FROM 'x'", "actions": [{"lambda": {"functionArn": function_arn}}]}
    iot.create_topic_rule(ruleName="rule", topicRulePayload=payload)
    make_messaging(cloud, role_arn)
    make_the_rest(cloud, role_arn)


def make_schedules(cloud: CloudProcess, function_arn: str, role_arn: str) -> None:
    events = cloud.client("events")
    events.put_rule(Name="e", ScheduleExpression="rate(1 hour)")
    events.put_targets(Rule="e", Targets=[{"Id": "1", "Arn": function_arn}])
    cloud.client("scheduler").create_schedule(
        Name="s",
        ScheduleExpression="rate(1 hour)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": function_arn, "RoleArn": role_arn},
    )


def make_messaging(cloud: CloudProcess, role_arn: str) -> None:
    cloud.client("sqs").create_queue(QueueName="q")
    topic_arn = cloud.client("sns").create_topic(Name="n")["TopicArn"]
    queue_arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"
    cloud.client("sns").subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=queue_arn)
    cloud.client("kinesis").create_stream(StreamName="ks", ShardCount=1)
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="bucket-1", CreateBucketConfiguration={"LocationConstraint": REGION})
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::bucket-1/*"}
    s3.put_bucket_policy(Bucket="bucket-1", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    s3.put_bucket_versioning(Bucket="bucket-1", VersioningConfiguration={"Status": "Enabled"})
    cloud.client("firehose").create_delivery_stream(
        DeliveryStreamName="fs",
        ExtendedS3DestinationConfiguration={"RoleARN": role_arn, "BucketARN": "arn:aws:s3:::bucket-1"},
    )


def make_the_rest(cloud: CloudProcess, role_arn: str) -> None:
    cloud.client("secretsmanager").create_secret(Name="s", SecretString="hush")
    cloud.client("ssm").put_parameter(Name="p", Value="v", Type="String")
    cloud.client("cloudwatch").put_metric_alarm(
        AlarmName="a",
        Namespace="n",
        MetricName="m",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        Statistic="Sum",
    )
    cloud.client("logs").create_log_group(logGroupName="g")
    manifest = {"S3Parameters": {"ManifestFileLocation": {"Bucket": "bucket", "Key": "key"}}}
    cloud.client("quicksight").create_data_source(
        AwsAccountId=ACCOUNT, DataSourceId="d", Name="d", Type="S3", DataSourceParameters=manifest
    )
    machine = {"StartAt": "a", "States": {"a": {"Type": "Succeed"}}}
    cloud.client("stepfunctions").create_state_machine(name="sm", definition=json.dumps(machine), roleArn=role_arn)
    write = cloud.client("timestream-write")
    write.create_database(DatabaseName="db1")
    write.create_table(DatabaseName="db1", TableName="tb1")
    cloud.client("glue").create_database(DatabaseInput={"Name": "gdb"})
    cloud.client("glue").create_table(DatabaseName="gdb", TableInput={"Name": "gt", "Parameters": {"a": "b"}})
    cloud.client("athena").create_work_group(Name="wg", Configuration={})


class Killed:
    """A cloud after `kill -9` and its next start, and what was asked before."""

    def __init__(self, cloud: CloudProcess, device: Device, before: dict[str, Any]) -> None:
        self.cloud, self.device, self.before = cloud, device, before


@pytest.fixture(scope="module")
def killed(tmp_path_factory) -> Iterator[Killed]:
    folder = tmp_path_factory.mktemp("control")
    cloud = CloudProcess(folder / "state").start()
    try:
        make_everything(cloud)
        device = Device(cloud, folder)
        before = {name: ask(cloud) for name, ask in STAYS.items()}
        yield Killed(cloud.kill_and_start(), device, before)
    finally:
        cloud.kill()


@pytest.mark.parametrize("name", STAYS)
def test_the_answer_is_the_same_after_kill_9(killed, name):
    assert STAYS[name](killed.cloud) == killed.before[name]


def test_a_certificate_still_connects_and_its_policy_still_decides(killed):
    client = killed.device.connect("after")
    client.subscribe("a/#")
    client.publish("a/b", b"1")
    client.close()


def test_a_function_runs_with_its_code(killed):
    functions = killed.cloud.client("lambda")
    for qualifier in ("$LATEST", "live"):
        answer = functions.invoke(FunctionName="f", Qualifier=qualifier, Payload=b'{"n": 2}')
        assert json.load(answer["Payload"]) == {"got": {"n": 2}}


def test_sessions_deletions_and_new_code_survive_the_next_kill(killed):
    cloud = killed.cloud
    iam, functions, dynamodb = cloud.client("iam"), cloud.client("lambda"), cloud.client("dynamodb")
    role_arn = make_role(cloud, "r2")["Arn"]
    session = cloud.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="me")["Credentials"]
    make_role(cloud, "gone")
    iam.detach_role_policy(RoleName="gone", PolicyArn=LOGS)
    iam.delete_role_policy(RoleName="gone", PolicyName="inline")
    iam.delete_role(RoleName="gone")
    dynamodb.put_item(TableName="t", Item={"k": {"S": "old"}})
    dynamodb.delete_table(TableName="t")
    make_table(cloud, "t")
    functions.update_function_code(FunctionName="f", ZipFile=package("def handler(event, context): return 'new'"))
    cloud.kill_and_start()
    sts = boto3.client(
        "sts",
        endpoint_url=cloud.url,
        region_name=REGION,
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )
    assert sts.get_caller_identity()["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/r2/me"
    assert "gone" not in [role["RoleName"] for role in iam.list_roles()["Roles"]]
    assert dynamodb.scan(TableName="t")["Items"] == []
    assert json.load(functions.invoke(FunctionName="f")["Payload"]) == "new"
    assert json.load(functions.invoke(FunctionName="f", Qualifier="1", Payload=b"1")["Payload"]) == {"got": 1}
    assert json.loads(ALLOW) == iam.get_role_policy(RoleName="r2", PolicyName="inline")["PolicyDocument"]
