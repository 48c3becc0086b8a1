"""Timestream among its neighbours: UNLOAD with its caller's permissions, scheduled queries with their role's."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.motobase.terraform import Terraform
from tests.running import REGION, Lab, running_lab
from tests.terraform_life import whole_life


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with running_lab() as lab:
        lab.timestream_write.create_database(DatabaseName="house")
        lab.timestream_write.create_table(DatabaseName="house", TableName="readings")
        for value in (21, 23):
            record = {
                "Dimensions": [{"Name": "room", "Value": f"room{value}"}], "MeasureName": "celsius",
                "MeasureValue": str(value), "Time": str(int(time.time() * 1000)),
            }  # fmt: skip
            lab.timestream_write.write_records(DatabaseName="house", TableName="readings", Records=[record])
        lab.s3.create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": REGION})
        yield lab


def policy(*pairs: tuple[str, str]) -> str:
    statements = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in pairs]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@pytest.fixture
def ada(lab: Lab) -> Any:
    lab.iam.create_user(UserName="ada")
    key = lab.iam.create_access_key(UserName="ada")["AccessKey"]
    return boto3.client(
        "timestream-query", endpoint_url=lab.cloud.endpoint_url, region_name=REGION,
        aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"],
    )  # fmt: skip


def test_unload_needs_select_unload_and_the_callers_permission_in_s3(lab: Lab, ada: Any) -> None:
    sql = """UNLOAD (SELECT room, measure_value::double AS celsius FROM house.readings) TO 's3://lake/out'
        WITH (compression='NONE')"""
    table = lab.arn("timestream", "database/house/table/readings")
    allowed = [("timestream:DescribeEndpoints", "*"), ("timestream:Select", table)]

    def refusal() -> str:
        lab.iam.put_user_policy(UserName="ada", PolicyName="own", PolicyDocument=policy(*allowed))
        with pytest.raises(ClientError) as refused:
            ada.query(QueryString=sql)
        return str(refused.value)

    assert "is not authorized to perform: timestream:Unload on resource" in refusal()
    allowed.append(("timestream:Unload", table))
    assert "UNLOAD cannot write to s3://lake/out" in refusal()
    assert "s3:PutObject" in refusal()
    allowed.append(("s3:PutObject", "arn:aws:s3:::lake/out/*"))
    lab.iam.put_user_policy(UserName="ada", PolicyName="own", PolicyDocument=policy(*allowed))
    assert ada.query(QueryString=sql)["Rows"][0]["Data"][0] == {"ScalarValue": "2"}
    (written,) = [body for key, body in lab.objects_in("lake").items() if key.endswith(".csv")]
    assert sorted(written.decode().split()) == ["room21,21.0", "room23,23.0"]


def test_a_scheduled_query_runs_in_its_roles_name_and_tells_its_topic(lab: Lab) -> None:
    lab.timestream_write.create_table(DatabaseName="house", TableName="derived")
    topic = lab.sns.create_topic(Name="told")["TopicArn"]
    queue = lab.sqs.create_queue(QueueName="heard")["QueueUrl"]
    may_send = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
    lab.sqs.set_queue_attributes(
        QueueUrl=queue, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [may_send]})}
    )
    lab.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=lab.arn("sqs", "heard"))
    tables = lab.arn("timestream", "database/house/table")
    reading = ("timestream:Select", f"{tables}/readings")
    role = lab.role("queries", "timestream.amazonaws.com", reading)
    multi = {"SourceColumn": "celsius", "MeasureValueType": "DOUBLE"}
    given: dict[str, Any] = {
        "Name": "average",
        "QueryString": """SELECT 'all' AS rooms, bin(@scheduled_runtime, 1m) AS minute,
            AVG(measure_value::double) AS celsius FROM house.readings""",
        "ScheduleConfiguration": {"ScheduleExpression": "rate(1 minute)"},
        "NotificationConfiguration": {"SnsConfiguration": {"TopicArn": topic}},
        "TargetConfiguration": {
            "TimestreamConfiguration": {
                "DatabaseName": "house", "TableName": "derived", "TimeColumn": "minute",
                "DimensionMappings": [{"Name": "rooms", "DimensionValueType": "VARCHAR"}],
                "MultiMeasureMappings": {
                    "TargetMultiMeasureName": "average", "MultiMeasureAttributeMappings": [multi],
                },
            }
        },
        "ScheduledQueryExecutionRoleArn": role,
        "ErrorReportConfiguration": {"S3Configuration": {"BucketName": "lake"}},
    }  # fmt: skip
    with pytest.raises(ClientError, match="is not authorized to perform: sns:Publish"):
        lab.timestream_query.create_scheduled_query(**given)
    lab.role(
        "queries", "timestream.amazonaws.com", reading,
        ("timestream:WriteRecords", f"{tables}/derived"), ("sns:Publish", topic), ("s3:PutObject", "*"),
    )  # fmt: skip
    arn = lab.timestream_query.create_scheduled_query(**given)["Arn"]
    lab.cloud.clock.advance(60)
    assert lab.cloud.settle()
    described = lab.timestream_query.describe_scheduled_query(ScheduledQueryArn=arn)["ScheduledQuery"]
    assert described["LastRunSummary"]["RunStatus"] == "AUTO_TRIGGER_SUCCESS", described["LastRunSummary"]
    rows = lab.timestream_query.query(QueryString="SELECT celsius FROM house.derived")["Rows"]
    assert rows == [{"Data": [{"ScalarValue": "22.0"}]}]
    heard = lab.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    told = [json.loads(json.loads(message["Body"])["Message"]) for message in heard]
    assert sorted(each["type"] for each in told) == ["AUTO_TRIGGER_SUCCESS", "SCHEDULED_QUERY_CREATING"]
    (step,) = lab.cloud.trace.latest(topic="timestream/average")[-1]["steps"]
    assert step["text"] == "scheduled query average wrote 1 records of 1 rows"
    lab.timestream_query.delete_scheduled_query(ScheduledQueryArn=arn)


@pytest.mark.terraform
@pytest.mark.skipif(shutil.which("terraform") is None, reason="Terraform is not installed")
def test_scheduled_queries_apply_replan_without_change_update_and_destroy(lab: Lab, tmp_path: Path) -> None:
    configuration = Path(__file__).parent / "configurations" / "scheduled"
    whole_life(Terraform(configuration, tmp_path, lab.cloud.endpoint_url), configuration)
    assert lab.timestream_query.list_scheduled_queries()["ScheduledQueries"] == []
