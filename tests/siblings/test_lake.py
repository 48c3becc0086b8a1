"""A scheduled function plays the device; Firehose fills a lake with a folder a day; a notebook may only read it."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.awslambda.conftest import zip_of
from tests.running import REGION, Lab
from tests.siblings.conftest import pass_time

pytestmark = pytest.mark.terraform

DEVICE = """
import json, random, time
import boto3

def handle(event, context):
    plane = boto3.client("iot-data")
    for number in range(event["burst"]):
        reading = {"device_id": "sensor-1", "timestamp": int(time.time()), "temperature": 20 + number, "humidity": 40}
        plane.publish(topic="devices/sensor-1", qos=1, payload=json.dumps(reading))
    print("published", event["burst"])
"""


def test_the_functions_readings_reach_the_lake_that_a_notebook_may_only_read(
    lab: Lab, live: Any, tmp_path: Path
) -> None:
    (tmp_path / "device.zip").write_bytes(zip_of({"device.py": DEVICE}))

    def chain(outputs: dict[str, Any]) -> None:
        pass_time(lab, 60)
        assert any("published 3" in line for line in lab.lines_of("/aws/lambda/device", at_least=3))
        pass_time(lab, 61)
        day = dt.datetime.fromtimestamp(lab.cloud.clock.now(), dt.UTC)
        found = lab.objects_in("device-lake")
        assert all(key.startswith(f"raw-data/year={day:%Y}/month={day:%m}/day={day:%d}/lake-1-") for key in found)
        readings = [json.loads(line) for body in found.values() for line in body.decode().splitlines()]
        assert [reading["temperature"] for reading in readings[:3]] == [20, 21, 22]
        _read_as_notebook(lab, outputs["notebook_role"], next(iter(found)))

    live("lake", chain)


def _read_as_notebook(lab: Lab, role: str, key: str) -> None:
    notebook = lab.sagemaker.describe_notebook_instance(NotebookInstanceName="analysis")
    assert (notebook["NotebookInstanceStatus"], notebook["RoleArn"]) == ("InService", role)
    given = lab.sts.assume_role(RoleArn=role, RoleSessionName="analysis")["Credentials"]
    s3 = boto3.client(
        "s3",
        endpoint_url=lab.cloud.endpoint_url,
        region_name=REGION,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    assert s3.get_object(Bucket="device-lake", Key=key)["ContentLength"] > 0
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket="device-lake", Key="raw-data/forged", Body=b"")
