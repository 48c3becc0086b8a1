"""Timestream among its neighbours: UNLOAD with its caller's own permissions."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.running import REGION, Lab, running_lab


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
