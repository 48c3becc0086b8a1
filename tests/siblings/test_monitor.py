"""Machines report to their shadows: Timestream, an error action, an alarm over a threshold, S3 with Athena."""

from __future__ import annotations

import json
from typing import Any

import psutil
import pytest

from tests.running import Lab
from tests.siblings.conftest import athena_rows, device, messages_of, pass_time, timestream_rows

pytestmark = pytest.mark.terraform
NEVER_WHOLE = 0.05
"""A percentage with one decimal; whole numbers are of another type to AWS IoT SQL, and a measure keeps its type."""


def test_what_machines_report_reaches_tables_logs_and_alarms(lab: Lab, live: Any) -> None:
    def chain(outputs: dict[str, Any]) -> None:
        queue = _subscribe(lab, outputs["topic_arn"])
        for number, (name, (certificate, key)) in enumerate(sorted(outputs["certificates"].items()), 1):
            with device(lab, name, certificate, key) as machine:
                reported = {"cpu_usage": 31.25 * number, "ram_usage": psutil.virtual_memory().percent + NEVER_WHOLE}
                machine.publish(f"$aws/things/{name}/shadow/update", {"state": {"reported": reported}})
                if name == "machine_1":
                    lab.cloud.clock.advance(10)
                    broken = {"cpu_usage": "n/a", "ram_usage": 1.5}
                    machine.publish(f"$aws/things/{name}/shadow/update", {"state": {"reported": broken}})
        assert lab.cloud.settle()
        _look_at_tables(lab)
        _look_at_the_error(lab)
        shadow = json.loads(lab.iot_data.get_thing_shadow(thingName="machine_2")["payload"].read())
        assert shadow["state"]["reported"]["cpu_usage"] == 62.5
        pass_time(lab, 61)
        assert [message["NewStateValue"] for message in messages_of(lab, queue)] == ["ALARM"]

    live("monitor", chain)


def _subscribe(lab: Lab, topic_arn: str) -> str:
    queue = lab.sqs.create_queue(QueueName="pager")["QueueUrl"]
    arn = lab.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    lab.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    lab.sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=arn)
    return str(queue)


def _look_at_tables(lab: Lab) -> None:
    rows = timestream_rows(
        lab,
        'SELECT machine, client, measure_value::double FROM "monitor"."metrics" '
        "WHERE measure_name = 'cpu_usage' ORDER BY machine",
    )
    assert rows == [[f"machine_{number}", f"machine_{number}", str(31.25 * number)] for number in (1, 2, 3)]
    found = athena_rows(
        lab,
        "SELECT machine, count(DISTINCT id) FROM metrics GROUP BY machine ORDER BY machine",
        WorkGroup="monitor",
        QueryExecutionContext={"Database": "monitor"},
    )
    assert found == [["machine_1", "2"], ["machine_2", "1"], ["machine_3", "1"]]


def _look_at_the_error(lab: Lab) -> None:
    [line] = lab.lines_of("/iot/monitor/errors")
    told = json.loads(line)
    assert told["ruleName"] == "shadows_to_timestream"
    [failure] = [each for each in told["failures"] if each["failedAction"] == "TimestreamAction"]
    assert failure["failedResource"] == "monitor#metrics"
