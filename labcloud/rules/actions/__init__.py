"""The rule actions that are served, by their names in the API; any other is refused when the rule is created."""

from __future__ import annotations

from collections.abc import Mapping

from labcloud.rules.actions import (
    cloudwatchalarm,
    cloudwatchlogs,
    cloudwatchmetric,
    dynamodb,
    dynamodbv2,
    firehose,
    http,
    kinesis,
    lambda_,
    republish,
    s3,
    sns,
    sqs,
    stepfunctions,
    timestream,
)
from labcloud.rules.actions.base import Action

ACTIONS: Mapping[str, Action] = {
    "cloudwatchAlarm": cloudwatchalarm.ACTION,
    "cloudwatchLogs": cloudwatchlogs.ACTION,
    "cloudwatchMetric": cloudwatchmetric.ACTION,
    "dynamoDB": dynamodb.ACTION,
    "dynamoDBv2": dynamodbv2.ACTION,
    "firehose": firehose.ACTION,
    "http": http.ACTION,
    "kinesis": kinesis.ACTION,
    "lambda": lambda_.ACTION,
    "republish": republish.ACTION,
    "s3": s3.ACTION,
    "sns": sns.ACTION,
    "sqs": sqs.ACTION,
    "stepFunctions": stepfunctions.ACTION,
    "timestream": timestream.ACTION,
}
