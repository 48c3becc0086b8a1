"""What schedules, event sources, queries and stacks know survives a restart of the cloud."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from labcloud.cloud import Settings
from tests.running import REGION, Lab, running_lab

TEMPLATE = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "alarms"}}}}


def prepare(lab: Lab) -> str:
    url = lab.sqs.create_queue(QueueName="q")["QueueUrl"]
    role = lab.role("for_schedules", "scheduler.amazonaws.com", ("sqs:SendMessage", "*"))
    moment = datetime.fromtimestamp(lab.cloud.clock.now() + 3_600, UTC)
    lab.scheduler.create_schedule(
        Name="later",
        ScheduleExpression=f"at({moment:%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": lab.arn("sqs", "q"), "RoleArn": role, "Input": "now"},
    )
    lab.function("reader", "def handle(event, context):\n    print('GOT', event['Records'][0]['body'])\n")
    lab.role("reader_role", "lambda.amazonaws.com", ("sqs:*", "*"), ("logs:*", "*"))
    lab.lambda_.create_event_source_mapping(EventSourceArn=lab.arn("sqs", "q"), FunctionName="reader")
    lab.lambda_.put_function_event_invoke_config(FunctionName="reader", MaximumRetryAttempts=0)
    lab.cloudformation.create_stack(StackName="one", TemplateBody=json.dumps(TEMPLATE))
    lab.s3.create_bucket(Bucket="results", CreateBucketConfiguration={"LocationConstraint": REGION})
    started = lab.athena.start_query_execution(
        QueryString="SELECT 42 AS answer", ResultConfiguration={"OutputLocation": "s3://results/"}
    )
    assert lab.cloud.settle()
    assert url
    return str(started["QueryExecutionId"])


def test_everything_goes_on_after_a_restart(tmp_path: Path) -> None:
    with running_lab(Settings(state_dir=tmp_path)) as lab:
        query_id = prepare(lab)
    with running_lab(Settings(state_dir=tmp_path)) as lab:
        assert lab.cloudformation.describe_stacks(StackName="one")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
        rows = lab.athena.get_query_results(QueryExecutionId=query_id)["ResultSet"]["Rows"]
        assert rows[1]["Data"] == [{"VarCharValue": "42"}]
        assert lab.lambda_.get_function_event_invoke_config(FunctionName="reader")["MaximumRetryAttempts"] == 0
        lab.cloud.clock.advance(3_700)
        assert lab.cloud.settle()
        assert any("GOT now" in line for line in lab.lines_of("/aws/lambda/reader"))
        lab.cloudformation.delete_stack(StackName="one")
        assert lab.cloud.settle()
