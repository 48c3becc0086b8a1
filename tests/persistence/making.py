"""Makes one of everything through the API."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from tests.persistence.process import REGION, CloudProcess

ACCOUNT = "123456789012"
SERVICES = [f"{name}.amazonaws.com" for name in ("lambda", "iot", "scheduler", "firehose", "states")]
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": SERVICES, "AWS": "*"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
ALLOW = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
LOGS = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
ECHO = "def handler(event, context):\n    print('seen', event)\n    return {'got': event}"


def package(code: str) -> bytes:
    """A function's zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", code)
    return buffer.getvalue()


def make_role(cloud: CloudProcess, name: str) -> dict[str, Any]:
    """A role that may do everything."""
    iam = cloud.client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST, Tags=[{"Key": "a", "Value": "b"}])["Role"]
    iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=ALLOW)
    iam.attach_role_policy(RoleName=name, PolicyArn=LOGS)
    return role


def make_function(cloud: CloudProcess, name: str, role_arn: str, code: str = ECHO) -> str:
    """A Python function."""
    answer = cloud.client("lambda").create_function(
        FunctionName=name, Runtime="python3.11", Role=role_arn, Handler="app.handler", Code={"ZipFile": package(code)}
    )
    return answer["FunctionArn"]


def make_table(cloud: CloudProcess, name: str, *, range_key: bool = False) -> None:
    """A DynamoDB table with the key k, and r."""
    keys = [("k", "HASH"), *([("r", "RANGE")] if range_key else [])]
    cloud.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key, _ in keys],
        BillingMode="PAY_PER_REQUEST",
    )


def make_bucket(cloud: CloudProcess, name: str) -> None:
    """An S3 bucket."""
    cloud.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})


def make_rule(cloud: CloudProcess, name: str, topic: str, table: str, role_arn: str) -> None:
    """A topic rule that stores messages as items."""
    cloud.client("iot").create_topic_rule(
        ruleName=name,
        topicRulePayload={
            "sql": f"SELECT * FROM '{topic}'",
            "awsIotSqlVersion": "2016-03-23",
            "actions": [{"dynamoDBv2": {"roleArn": role_arn, "putItem": {"tableName": table}}}],
        },
    )


def make_timestream_table(cloud: CloudProcess) -> None:
    """Database d, table t."""
    write = cloud.client("timestream-write")
    write.create_database(DatabaseName="db1")
    write.create_table(DatabaseName="db1", TableName="tb1")


def without_metadata(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without what each answer has anew."""
    return {key: value for key, value in answer.items() if key not in ("ResponseMetadata", "RequestId")}
