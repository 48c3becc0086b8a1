"""What AWS API requests need: one row an operation, and the tables held against botocore's models."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import botocore.session
import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from labcloud.iam import AccessRequest, evaluate, parse_policy, permissions_of
from labcloud.iam.permissions import TABLES
from tests.iam.support import ACCOUNT, allow, policy

REGION = "eu-west-1"


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
TABLE = arn("dynamodb", "table/T")
FUNCTION = arn("lambda", "function:f")
STREAM = f"{TABLE}/stream/2026"
TS = "database/d/table/t"
GROUP = "log-group:/aws/lambda/f:log-stream:"

ROWS: list[tuple[str, str, dict[str, Any], list[tuple[str, str]]]] = [
    ("dynamodb", "PutItem", {"TableName": "T"}, [("dynamodb:PutItem", TABLE)]),
    ("dynamodb", "GetItem", {"TableName": TABLE}, [("dynamodb:GetItem", TABLE)]),
    ("dynamodb", "Query", {"TableName": "T", "IndexName": "I"}, [("dynamodb:Query", f"{TABLE}/index/I")]),
    ("dynamodb", "Scan", {"TableName": TABLE}, [("dynamodb:Scan", TABLE)]),
    ("dynamodb", "ListTables", {}, [("dynamodb:ListTables", "*")]),
    (
        "dynamodb",
        "BatchWriteItem",
        {"RequestItems": {"T": [], "U": []}},
        [("dynamodb:BatchWriteItem", TABLE), ("dynamodb:BatchWriteItem", arn("dynamodb", "table/U"))],
    ),
    (
        "dynamodb",
        "TransactWriteItems",
        {"TransactItems": [{"Put": {"TableName": "T"}}, {"ConditionCheck": {"TableName": "T"}}]},
        [("dynamodb:PutItem", TABLE), ("dynamodb:ConditionCheckItem", TABLE)],
    ),
    (
        "dynamodb",
        "ExecuteStatement",
        {"Statement": 'SELECT * FROM "T"."I" WHERE a = 1'},
        [("dynamodb:PartiQLSelect", f"{TABLE}/index/I")],
    ),
    ("dynamodb", "ExecuteStatement", {"Statement": "INSERT INTO T VALUE {}"}, [("dynamodb:PartiQLInsert", TABLE)]),
    (
        "dynamodb",
        "CreateTable",
        {"TableName": "T", "Tags": [{"Key": "a", "Value": "b"}]},
        [("dynamodb:CreateTable", TABLE), ("dynamodb:TagResource", TABLE)],
    ),
    ("dynamodbstreams", "GetRecords", {"ShardIterator": f"{STREAM}|1|x"}, [("dynamodb:GetRecords", STREAM)]),
    ("s3", "PutObject", {"Bucket": "b", "Key": "k"}, [("s3:PutObject", "arn:aws:s3:::b/k")]),
    (
        "s3",
        "PutObject",
        {"Bucket": "b", "Key": "k", "ACL": "private", "Tagging": "a=b"},
        [(f"s3:{name}", "arn:aws:s3:::b/k") for name in ("PutObject", "PutObjectAcl", "PutObjectTagging")],
    ),
    ("s3", "HeadObject", {"Bucket": "b", "Key": "k"}, [("s3:GetObject", "arn:aws:s3:::b/k")]),
    ("s3", "GetObject", {"Bucket": "b", "Key": "k", "VersionId": "1"}, [("s3:GetObjectVersion", "arn:aws:s3:::b/k")]),
    (
        "s3",
        "DeleteObjectTagging",
        {"Bucket": "b", "Key": "k", "VersionId": "1"},
        [("s3:DeleteObjectVersionTagging", "arn:aws:s3:::b/k")],
    ),
    ("s3", "GetObjectAcl", {"Bucket": "b", "Key": "k"}, [("s3:GetObjectAcl", "arn:aws:s3:::b/k")]),
    ("s3", "ListObjectsV2", {"Bucket": "b"}, [("s3:ListBucket", "arn:aws:s3:::b")]),
    ("s3", "HeadBucket", {"Bucket": "b"}, [("s3:ListBucket", "arn:aws:s3:::b")]),
    ("s3", "ListBuckets", {}, [("s3:ListAllMyBuckets", "arn:aws:s3:::*")]),
    ("s3", "GetBucketEncryption", {"Bucket": "b"}, [("s3:GetEncryptionConfiguration", "arn:aws:s3:::b")]),
    (
        "s3",
        "CopyObject",
        {"Bucket": "b", "Key": "k", "CopySource": "a/x%20y"},
        [("s3:GetObject", "arn:aws:s3:::a/x y"), ("s3:PutObject", "arn:aws:s3:::b/k")],
    ),
    (
        "s3",
        "DeleteObjects",
        {"Bucket": "b", "Delete": {"Objects": [{"Key": "k"}, {"Key": "l", "VersionId": "1"}]}},
        [("s3:DeleteObject", "arn:aws:s3:::b/k"), ("s3:DeleteObjectVersion", "arn:aws:s3:::b/l")],
    ),
    (
        "s3",
        "PutBucketReplication",
        {"Bucket": "b", "ReplicationConfiguration": {"Role": ROLE}},
        [("s3:PutReplicationConfiguration", "arn:aws:s3:::b"), ("iam:PassRole", ROLE)],
    ),
    ("logs", "CreateLogGroup", {"logGroupName": "/aws/lambda/f"}, [("logs:CreateLogGroup", arn("logs", GROUP))]),
    (
        "logs",
        "PutLogEvents",
        {"logGroupName": "/aws/lambda/f", "logStreamName": "s"},
        [("logs:PutLogEvents", arn("logs", GROUP + "s"))],
    ),
    ("logs", "DescribeLogGroups", {}, [("logs:DescribeLogGroups", arn("logs", "log-group::log-stream:"))]),
    ("logs", "FilterLogEvents", {"logGroupName": "/aws/lambda/f"}, [("logs:FilterLogEvents", arn("logs", GROUP))]),
    (
        "logs",
        "StartQuery",
        {"logGroupNames": ["a", "b"]},
        [("logs:StartQuery", arn("logs", f"log-group:{name}:log-stream:")) for name in "ab"],
    ),
    (
        "logs",
        "TagResource",
        {"resourceArn": arn("logs", "log-group:g")},
        [("logs:TagResource", arn("logs", "log-group:g"))],
    ),
    ("iot-data", "Publish", {"topic": "a/b"}, [("iot:Publish", arn("iot", "topic/a/b"))]),
    (
        "iot-data",
        "Publish",
        {"topic": "a", "retain": True},
        [("iot:Publish", arn("iot", "topic/a")), ("iot:RetainPublish", arn("iot", "topic/a"))],
    ),
    ("iot-data", "GetThingShadow", {"thingName": "t"}, [("iot:GetThingShadow", arn("iot", "thing/t"))]),
    (
        "iot-data",
        "UpdateThingShadow",
        {"thingName": "t", "shadowName": "s"},
        [("iot:UpdateThingShadow", arn("iot", "thing/t/s"))],
    ),
    ("iot", "DescribeEndpoint", {"endpointType": "iot:Data-ATS"}, [("iot:DescribeEndpoint", "*")]),
    (
        "iot",
        "CreateTopicRule",
        {"ruleName": "r", "topicRulePayload": {"actions": [{"dynamoDBv2": {"roleArn": ROLE}}], "errorAction": {}}},
        [("iot:CreateTopicRule", arn("iot", "rule/r")), ("iam:PassRole", ROLE)],
    ),
    (
        "iot",
        "AttachPolicy",
        {"policyName": "p", "target": arn("iot", "cert/c")},
        [("iot:AttachPolicy", arn("iot", "cert/c"))],
    ),
    (
        "iot",
        "AddThingToThingGroup",
        {"thingName": "t", "thingGroupName": "g"},
        [
            ("iot:AddThingToThingGroup", arn("iot", "thing/t")),
            ("iot:AddThingToThingGroup", arn("iot", "thinggroup/g")),
        ],
    ),
    (
        "iot-jobs-data",
        "GetPendingJobExecutions",
        {"thingName": "t"},
        [("iotjobsdata:GetPendingJobExecutions", arn("iot", "thing/t"))],
    ),
    (
        "timestream-write",
        "WriteRecords",
        {"DatabaseName": "d", "TableName": "t"},
        [("timestream:WriteRecords", arn("timestream", TS))],
    ),
    ("timestream-query", "DescribeEndpoints", {}, [("timestream:DescribeEndpoints", "*")]),
    ("timestream-query", "CancelQuery", {"QueryId": "1"}, [("timestream:CancelQuery", "*")]),
    (
        "timestream-query",
        "Query",
        {"QueryString": 'SHOW MEASURES FROM "d"."t"'},
        [("timestream:ListMeasures", arn("timestream", TS))],
    ),
    (
        "timestream-query",
        "Query",
        {"QueryString": "DESCRIBE d.t"},
        [("timestream:DescribeTable", arn("timestream", TS))],
    ),
    (
        "timestream-query",
        "Query",
        {"QueryString": "SHOW DATABASES LIKE 'a%'"},
        [("timestream:ListDatabases", arn("timestream", "database/*"))],
    ),
    ("lambda", "Invoke", {"FunctionName": "f"}, [("lambda:InvokeFunction", FUNCTION)]),
    ("lambda", "Invoke", {"FunctionName": "f:live"}, [("lambda:InvokeFunction", f"{FUNCTION}:live")]),
    ("lambda", "Invoke", {"FunctionName": FUNCTION, "Qualifier": "1"}, [("lambda:InvokeFunction", f"{FUNCTION}:1")]),
    ("lambda", "Invoke", {"FunctionName": f"{ACCOUNT}:function:f"}, [("lambda:InvokeFunction", FUNCTION)]),
    (
        "lambda",
        "CreateFunction",
        {"FunctionName": "f", "Role": ROLE, "Code": {"S3Bucket": "b", "S3Key": "k"}, "Tags": {"a": "b"}},
        [
            ("lambda:CreateFunction", FUNCTION),
            ("s3:GetObject", "arn:aws:s3:::b/k"),
            ("lambda:TagResource", FUNCTION),
            ("iam:PassRole", ROLE),
        ],
    ),
    ("lambda", "AddPermission", {"FunctionName": "f"}, [("lambda:AddPermission", FUNCTION)]),
    (
        "lambda",
        "GetLayerVersion",
        {"LayerName": "l", "VersionNumber": 2},
        [("lambda:GetLayerVersion", arn("lambda", "layer:l:2"))],
    ),
    ("sns", "Publish", {"TopicArn": arn("sns", "t")}, [("sns:Publish", arn("sns", "t"))]),
    ("sns", "CreateTopic", {"Name": "t"}, [("sns:CreateTopic", arn("sns", "t"))]),
    ("sns", "Unsubscribe", {"SubscriptionArn": arn("sns", "t:1")}, [("sns:Unsubscribe", arn("sns", "t"))]),
    (
        "sqs",
        "SendMessageBatch",
        {"QueueUrl": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/q"},
        [("sqs:SendMessage", arn("sqs", "q"))],
    ),
    ("kinesis", "PutRecords", {"StreamName": "s"}, [("kinesis:PutRecords", arn("kinesis", "stream/s"))]),
    (
        "kinesis",
        "GetRecords",
        {"ShardIterator": base64.b64encode(b"s:shardId-0:0").decode()},
        [("kinesis:GetRecords", arn("kinesis", "stream/s"))],
    ),
    (
        "firehose",
        "CreateDeliveryStream",
        {"DeliveryStreamName": "d", "ExtendedS3DestinationConfiguration": {"RoleARN": ROLE}},
        [("firehose:CreateDeliveryStream", arn("firehose", "deliverystream/d")), ("iam:PassRole", ROLE)],
    ),
    (
        "events",
        "PutTargets",
        {"Rule": "r", "Targets": [{"Id": "1", "Arn": FUNCTION}]},
        [("events:PutTargets", arn("events", "rule/r"))],
    ),
    (
        "events",
        "PutRule",
        {"Name": "r", "EventBusName": "own"},
        [("events:PutRule", arn("events", "rule/own/r"))],
    ),
    (
        "events",
        "PutEvents",
        {"Entries": [{"EventBusName": "own"}, {}]},
        [
            ("events:PutEvents", arn("events", "event-bus/own")),
            ("events:PutEvents", arn("events", "event-bus/default")),
        ],
    ),
    (
        "scheduler",
        "CreateSchedule",
        {"Name": "s", "Target": {"Arn": FUNCTION, "RoleArn": ROLE}},
        [("scheduler:CreateSchedule", arn("scheduler", "schedule/default/s")), ("iam:PassRole", ROLE)],
    ),
    (
        "stepfunctions",
        "StartExecution",
        {"stateMachineArn": arn("states", "stateMachine:m")},
        [("states:StartExecution", arn("states", "stateMachine:m"))],
    ),
    ("cloudwatch", "PutMetricData", {"Namespace": "House"}, [("cloudwatch:PutMetricData", "*")]),
    ("cloudwatch", "PutMetricAlarm", {"AlarmName": "a"}, [("cloudwatch:PutMetricAlarm", arn("cloudwatch", "alarm:a"))]),
    (
        "cloudwatch",
        "GetDashboard",
        {"DashboardName": "d"},
        [("cloudwatch:GetDashboard", f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/d")],
    ),
    (
        "secretsmanager",
        "GetSecretValue",
        {"SecretId": "s"},
        [("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:s-??????"))],
    ),
    ("ssm", "GetParameter", {"Name": "/a/b"}, [("ssm:GetParameter", arn("ssm", "parameter/a/b"))]),
    (
        "ssm",
        "GetParameters",
        {"Names": ["/a", "b"]},
        [("ssm:GetParameters", arn("ssm", "parameter/a")), ("ssm:GetParameters", arn("ssm", "parameter/b"))],
    ),
    ("sts", "AssumeRole", {"RoleArn": ROLE}, [("sts:AssumeRole", ROLE)]),
    ("sts", "GetCallerIdentity", {}, []),
    ("iam", "AttachRolePolicy", {"RoleName": "r", "PolicyArn": "arn:x"}, [("iam:AttachRolePolicy", ROLE)]),
    (
        "iam",
        "CreateRole",
        {"RoleName": "r", "Path": "/p/", "Tags": [{"Key": "a", "Value": "b"}]},
        [
            ("iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/p/r"),
            ("iam:TagRole", f"arn:aws:iam::{ACCOUNT}:role/p/r"),
        ],
    ),
    (
        "iam",
        "AddRoleToInstanceProfile",
        {"RoleName": "r", "InstanceProfileName": "i"},
        [
            ("iam:AddRoleToInstanceProfile", f"arn:aws:iam::{ACCOUNT}:instance-profile/i"),
            ("iam:PassRole", ROLE),
        ],
    ),
    ("kms", "Decrypt", {"KeyId": "1234"}, [("kms:Decrypt", arn("kms", "key/1234"))]),
    (
        "glue",
        "GetTable",
        {"DatabaseName": "d", "Name": "t"},
        [("glue:GetTable", arn("glue", resource)) for resource in ("catalog", "database/d", "table/d/t")],
    ),
    (
        "glue",
        "CreateCrawler",
        {"Name": "c", "Role": "r"},
        [("glue:CreateCrawler", arn("glue", "crawler/c")), ("iam:PassRole", ROLE)],
    ),
    (
        "athena",
        "StartQueryExecution",
        {"QueryString": "SELECT 1"},
        [("athena:StartQueryExecution", arn("athena", "workgroup/primary"))],
    ),
    (
        "sagemaker",
        "CreateNotebookInstance",
        {"NotebookInstanceName": "N", "RoleArn": ROLE},
        [("sagemaker:CreateNotebookInstance", arn("sagemaker", "notebook-instance/n")), ("iam:PassRole", ROLE)],
    ),
    (
        "quicksight",
        "CreateDashboard",
        {"AwsAccountId": ACCOUNT, "DashboardId": "d"},
        [("quicksight:CreateDashboard", arn("quicksight", "dashboard/d"))],
    ),
    ("ecr", "GetAuthorizationToken", {}, [("ecr:GetAuthorizationToken", "*")]),
    ("resourcegroupstaggingapi", "GetResources", {}, [("tag:GetResources", "*")]),
    ("lambda", "SomethingNew", {"FunctionName": "f"}, [("lambda:SomethingNew", "*")]),
]


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "expected"),
    ROWS,
    ids=[f"{row[0]} {row[1]} {at}" for at, row in enumerate(ROWS)],
)
def test_needed(service: str, operation: str, parameters: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    needed = permissions_of(service, operation, parameters, REGION, ACCOUNT)
    assert [(each.action, each.resource) for each in needed] == expected


def test_every_table_has_a_row() -> None:
    assert set(TABLES) - {row[0] for row in ROWS} <= {"cloudformation", "sagemaker-runtime"}


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        ([("d", "t"), ("d", "u")], [arn("timestream", TS), arn("timestream", "database/d/table/u")]),
        (lambda sql: [("d", sql.split()[-1])], [arn("timestream", TS)]),
    ],
)
def test_a_query_needs_select_on_its_tables(tables: Any, expected: list[str]) -> None:
    query = {"QueryString": "SELECT * FROM t"}
    needed = permissions_of("timestream-query", "Query", query, REGION, ACCOUNT, timestream_tables=tables)
    assert [(each.action, each.resource) for each in needed] == [("timestream:Select", each) for each in expected]


def test_a_query_without_tables_needs_select_values() -> None:
    needed = permissions_of(
        "timestream-query", "Query", {"QueryString": "SELECT 1"}, REGION, ACCOUNT, timestream_tables=[]
    )
    assert [(each.action, each.resource) for each in needed] == [("timestream:SelectValues", "*")]


def test_what_only_the_account_knows_is_looked_up() -> None:
    known = {
        ("secret", "s"): arn("secretsmanager", "secret:s-AbCdEf"),
        ("role", "r"): f"arn:aws:iam::{ACCOUNT}:role/path/r",
        ("dynamodb hash key", "T"): "sensor",
    }

    def resolve(kind: str, name: str) -> str | None:
        return known.get((kind, name))

    def needed(service: str, operation: str, **parameters: Any) -> Any:
        return permissions_of(service, operation, parameters, REGION, ACCOUNT, resolve=resolve)[0]

    assert needed("secretsmanager", "GetSecretValue", SecretId="s").resource == known["secret", "s"]
    assert needed("iam", "GetRole", RoleName="r").resource == known["role", "r"]
    item = needed("dynamodb", "PutItem", TableName="T", Item={"sensor": {"S": "s1"}, "t": {"N": "1"}})
    assert item.context["dynamodb:LeadingKeys"] == ["s1"]
    assert item.context["dynamodb:Attributes"] == ["sensor", "t"]


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "receiver"),
    [
        ("lambda", "CreateFunction", {"FunctionName": "f", "Role": ROLE}, "lambda.amazonaws.com"),
        ("iot", "CreateRoleAlias", {"roleAlias": "a", "roleArn": ROLE}, "credentials.iot.amazonaws.com"),
        ("iot", "SetV2LoggingOptions", {"roleArn": ROLE}, "iot.amazonaws.com"),
        ("stepfunctions", "CreateStateMachine", {"name": "m", "roleArn": ROLE}, "states.amazonaws.com"),
    ],
)
def test_pass_role_names_who_gets_the_role(service: str, operation: str, parameters: Any, receiver: str) -> None:
    passed = permissions_of(service, operation, parameters, REGION, ACCOUNT)[-1]
    assert (passed.action, passed.resource) == ("iam:PassRole", ROLE)
    assert passed.context["iam:PassedToService"] == receiver


def test_reading_operations_pass_no_role() -> None:
    needed = permissions_of("iot", "DescribeRoleAlias", {"roleAlias": "a", "roleArn": ROLE}, REGION, ACCOUNT)
    assert [each.action for each in needed] == ["iot:DescribeRoleAlias"]


def test_context_has_region_tags_and_the_keys_of_the_service() -> None:
    (listed,) = permissions_of("s3", "ListObjectsV2", {"Bucket": "b", "Prefix": "home/"}, REGION, ACCOUNT)
    assert listed.context == {"aws:RequestedRegion": REGION, "s3:prefix": "home/"}
    created = permissions_of("sqs", "CreateQueue", {"QueueName": "q", "tags": {"team": "a"}}, REGION, ACCOUNT)[0]
    assert created.context["aws:RequestTag/team"] == "a"
    assert created.context["aws:TagKeys"] == ["team"]


def test_an_unknown_operation_is_not_allowed_by_a_limited_statement() -> None:
    (needed,) = permissions_of("ecr", "PutImage", {"repositoryName": "r"}, REGION, ACCOUNT)
    request = AccessRequest(ROLE, needed.action, needed.resource)
    assert not evaluate(request, [("p", policy(allow("ecr:*", arn("ecr", "repository/r"))))]).allowed
    assert evaluate(request, [("p", policy(allow("ecr:*")))]).allowed


def test_lambdas_usual_log_policy_allows_what_its_log_needs() -> None:
    usual = policy(
        allow("logs:CreateLogGroup", arn("logs", "*")),
        allow(["logs:CreateLogStream", "logs:PutLogEvents"], arn("logs", "log-group:/aws/lambda/f:*")),
    )
    names = {"logGroupName": "/aws/lambda/f", "logStreamName": "s"}
    for operation in ("CreateLogGroup", "CreateLogStream", "PutLogEvents"):
        (needed,) = permissions_of("logs", operation, names, REGION, ACCOUNT)
        assert evaluate(AccessRequest(ROLE, needed.action, needed.resource), [("p", usual)]).allowed


@pytest.mark.parametrize("service", sorted(TABLES))
def test_tables_name_only_operations_and_parameters_that_exist(service: str) -> None:
    model = botocore.session.get_session().get_service_model(service)
    table = TABLES[service]
    named = set(table.by_operation) | set(table.special) | set(table.free)
    assert named <= set(model.operation_names)
    for operation, pairs in table.by_operation.items():
        shape = model.operation_model(operation).input_shape
        members = set(shape.members) if shape else set()
        for _, template in pairs:
            for written in re.findall(r"\{([^}@]+)\}", template):
                paths = written.partition("=")[0].partition(":")[0].split("|")
                first = {path.split(".")[0].removesuffix("[]") for path in paths}
                assert first & members or "=" in written, f"{operation}: {template}"


@pytest.fixture(scope="module")
def managed_policies() -> dict[str, Any]:
    """AWS's own managed policies, as moto ships them."""
    return json.loads(aws_managed_policies_data)


def test_every_managed_policy_of_aws_is_understood(managed_policies: dict[str, Any]) -> None:
    assert len([parse_policy(each["Document"], "identity") for each in managed_policies.values()]) > 1000


@pytest.mark.parametrize(
    ("name", "service", "operation", "parameters"),
    [
        (
            "AWSLambdaBasicExecutionRole",
            "logs",
            "PutLogEvents",
            {"logGroupName": "/aws/lambda/f", "logStreamName": "s"},
        ),
        ("AWSIoTDataAccess", "iot-data", "Publish", {"topic": "a"}),
        ("AmazonTimestreamFullAccess", "timestream-write", "WriteRecords", {"DatabaseName": "d", "TableName": "t"}),
        ("AmazonS3ReadOnlyAccess", "s3", "HeadObject", {"Bucket": "b", "Key": "k"}),
    ],
)
def test_a_managed_policy_allows_what_it_is_for(
    managed_policies: dict[str, Any], name: str, service: str, operation: str, parameters: dict[str, Any]
) -> None:
    own = [(name, parse_policy(managed_policies[name]["Document"]))]
    for needed in permissions_of(service, operation, parameters, REGION, ACCOUNT):
        decision = evaluate(AccessRequest(ROLE, needed.action, needed.resource, needed.context), own)
        assert decision.allowed, decision.reason
