"""The simulator's pipeline: S3, Timestream, alerts in DynamoDB, analytics on Firehose and Athena, alarms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.awslambda.conftest import zip_of
from tests.running import Lab
from tests.siblings.conftest import athena_rows, device, messages_of, pass_time, timestream_rows

pytestmark = pytest.mark.terraform

ALERTS = """
import json, os, time, uuid
import boto3

def handle(event, context):
    item = {"alert_id": str(uuid.uuid4()), "timestamp": int(time.time() * 1000), "topic": event["topic"]}
    boto3.resource("dynamodb").Table(os.environ["TABLE"]).put_item(Item={**item, "payload": json.dumps(event)})
"""
CLEANING = """
import base64, json

def cleaned(record):
    message = json.loads(base64.b64decode(record["data"]))
    if "temperature" not in message:
        return {"recordId": record["recordId"], "result": "Dropped", "data": record["data"]}
    message["fahrenheit"] = round(message["temperature"] * 9 / 5 + 32, 1)
    data = base64.b64encode((json.dumps(message) + "\\n").encode()).decode()
    return {"recordId": record["recordId"], "result": "Ok", "data": data}

def handle(event, context):
    return {"records": [cleaned(record) for record in event["records"]]}
"""


def test_the_simulators_messages_arrive_everywhere(lab: Lab, live: Any, tmp_path: Path) -> None:
    (tmp_path / "alerts.zip").write_bytes(zip_of({"alerts.py": ALERTS}))
    (tmp_path / "cleaning.zip").write_bytes(zip_of({"cleaning.py": CLEANING}))

    def chain(outputs: dict[str, Any]) -> None:
        queue = lab.sqs.create_queue(QueueName="pager")["QueueUrl"]
        arn = lab.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        lab.sns.subscribe(TopicArn=outputs["topic_arn"], Protocol="sqs", Endpoint=arn)
        _allow(lab, queue, arn, outputs["topic_arn"])
        with device(lab, "simulator", outputs["certificate_pem"], outputs["private_key"]) as simulator:
            simulator.publish("lamp/1", {"on": True})
            simulator.publish("freezer/1", {"temperature": -18.5})
            simulator.publish("room/1", {"temperature": 21.5})
            simulator.publish("air_quality", {"co2": 400, "alert": False})
            simulator.publish("air_quality", {"co2": 2100, "alert": True})
        pass_time(lab, 61)
        _look_at_the_lake(lab)
        _look_at_temperatures_and_alerts(lab)
        pass_time(lab, 61)
        assert {message["AlarmName"] for message in messages_of(lab, queue)} == {"many-publishes", "many-connections"}

    live("simulator", chain)


def _allow(lab: Lab, queue: str, queue_arn: str, topic_arn: str) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    lab.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})


def _look_at_the_lake(lab: Lab) -> None:
    found = lab.objects_in("simulator-lake")
    raw = {key: json.loads(body) for key, body in found.items() if key.startswith("raw/")}
    [lamp] = [message for key, message in raw.items() if key.startswith("raw/lamp/1/")]
    assert (lamp["on"], lamp["topic"]) == (True, "lamp/1")
    assert {key.rsplit("/", 1)[0] for key in raw} >= {"raw/lamp/1", "raw/freezer/1", "raw/room/1", "raw/air_quality"}
    assert [key for key in found if key.startswith("failed/")] == []
    [query_id] = lab.athena.list_named_queries(WorkGroup="simulator")["NamedQueryIds"]
    query = lab.athena.get_named_query(NamedQueryId=query_id)["NamedQuery"]
    rows = athena_rows(
        lab,
        query["QueryString"],
        WorkGroup="simulator",
        QueryExecutionContext={"Database": query["Database"]},
    )
    assert rows == [["freezer/1", "-18.5", "-1.3"], ["room/1", "21.5", "70.7"]]


def _look_at_temperatures_and_alerts(lab: Lab) -> None:
    rows = timestream_rows(
        lab,
        'SELECT device, measure_value::double FROM "simulator"."readings" WHERE time > ago(1h) '
        "AND measure_name = 'temperature' ORDER BY device",
    )
    assert rows == [["freezer/1", "-18.5"], ["room/1", "21.5"]]
    [alert] = lab.dynamodb.scan(TableName="iot_alerts")["Items"]
    assert json.loads(alert["payload"]["S"])["co2"] == 2100
