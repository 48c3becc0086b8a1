"""The Lambda function: once a minute it reads the temperatures and commands the air conditioners."""

import json
import os

import boto3
from decision import decide
from readings import last_minute, mean_by_zone

DATABASE_NAME = os.environ.get("DATABASE_NAME", "iot")
TABLE_NAME = os.environ.get("TABLE_NAME", "temperaturesensor")

timestream = boto3.client("timestream-query")
iot = boto3.client("iot-data")


def lambda_handler(event, context):
    """Commands every zone whose mean of the last minute asks for it; the answer tells what was decided."""
    decisions = {}
    means = mean_by_zone(last_minute(timestream, DATABASE_NAME, TABLE_NAME))
    if not means:
        print("no valid readings in the last minute: nothing to decide")
    for zone, mean in means.items():
        enabled = decide(mean)
        print(f"ZONE {zone} : MEAN {mean:.2f} °C : {describe(enabled)}")
        if enabled is not None:
            command(zone, enabled)
        decisions[str(zone)] = enabled
    return decisions


def command(zone: int, enabled: bool) -> None:
    """Sends the command to the air conditioner of the zone."""
    message = {"state": {"enabled": enabled}}
    iot.publish(topic=f"AC/AC-{zone}", qos=1, payload=json.dumps(message).encode())


def describe(enabled: bool | None) -> str:
    """The decision in the words of the log."""
    return "AC UNCHANGED" if enabled is None else f"AC TO {enabled}"
