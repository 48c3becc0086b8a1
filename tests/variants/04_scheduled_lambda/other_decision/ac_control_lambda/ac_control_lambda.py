"""The handler, with its clients made in every call and one publish per zone."""

import json
import os

import boto3
import decision
import readings


def lambda_handler(event, context, *_):
    rows = readings.last_minute(
        boto3.client("timestream-query"),
        os.getenv("DATABASE_NAME", "iot"),
        os.getenv("TABLE_NAME", "temperaturesensor"),
    )
    for zone, mean in readings.mean_by_zone(rows).items():
        if (enabled := decision.decide(mean)) is not None:
            payload = json.dumps({"state": {"enabled": enabled}})
            boto3.client("iot-data").publish(topic="AC/AC-" + str(zone), payload=payload)
    return {"statusCode": 200}
