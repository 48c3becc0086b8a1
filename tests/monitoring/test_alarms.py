"""Alarms in a running cloud: their state follows the metric on the lab clock, and their topic is told."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError


def make_alarm(lab, name, **settings):
    given = {
        "Namespace": "House",
        "MetricName": name,
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 1,
        "Period": 60,
        "Statistic": "Average",
        "Threshold": 40,
    }
    lab.cloudwatch.put_metric_alarm(AlarmName=name, **{**given, **settings})


def state(lab, name):
    [alarm] = lab.cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return alarm["StateValue"]


def put(lab, name, value):
    datum = {"MetricName": name, "Value": value, "Unit": "None", "Timestamp": lab.cloud.clock.now()}
    lab.cloudwatch.put_metric_data(Namespace="House", MetricData=[datum])


def make_news(lab, name):
    """A topic and a queue that hears it."""
    topic = lab.sns.create_topic(Name=name)["TopicArn"]
    allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**allow, "Resource": lab.arn("sqs", name)}]})
    url = lab.sqs.create_queue(QueueName=name, Attributes={"Policy": policy})["QueueUrl"]
    lab.sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=lab.arn("sqs", name), Attributes={"RawMessageDelivery": "true"}
    )
    return topic, url


def news(lab, url):
    """What came since the last look."""
    found = lab.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    for message in found:
        lab.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"]) for message in found]


def test_an_alarm_goes_off_tells_its_topic_and_goes_back(lab):
    topic, url = make_news(lab, "hot-news")
    make_alarm(lab, "hot", AlarmActions=[topic], OKActions=[topic])
    assert state(lab, "hot") == "INSUFFICIENT_DATA"
    put(lab, "hot", 45)
    lab.cloud.clock.advance(60)
    assert state(lab, "hot") == "ALARM"
    [told] = news(lab, url)
    assert (told["AlarmName"], told["OldStateValue"], told["NewStateValue"]) == ("hot", "INSUFFICIENT_DATA", "ALARM")
    assert told["NewStateReason"] == "Threshold Crossed: 1 datapoint [45] was greater than the threshold (40)."
    assert (told["Trigger"]["MetricName"], told["Trigger"]["Threshold"]) == ("hot", 40)
    put(lab, "hot", 20)
    lab.cloud.clock.advance(60)
    assert state(lab, "hot") == "OK"
    assert [entry["NewStateValue"] for entry in news(lab, url)] == ["OK"]
    lab.cloud.clock.advance(120)
    assert state(lab, "hot") == "INSUFFICIENT_DATA"


def test_a_changed_alarm_keeps_its_state(lab):
    make_alarm(lab, "kept", TreatMissingData="ignore")
    lab.cloudwatch.set_alarm_state(AlarmName="kept", StateValue="ALARM", StateReason="test")
    make_alarm(lab, "kept", TreatMissingData="ignore", Threshold=50)
    assert state(lab, "kept") == "ALARM"


def test_an_alarm_without_enabled_actions_tells_nobody(lab):
    topic, url = make_news(lab, "quiet-news")
    make_alarm(lab, "quiet", AlarmActions=[topic], ActionsEnabled=False)
    lab.cloudwatch.set_alarm_state(AlarmName="quiet", StateValue="ALARM", StateReason="test")
    assert news(lab, url) == []


def test_an_alarm_invokes_a_function_that_lets_it(lab):
    arn = lab.function("on_alarm", "import json\ndef handle(event, context):\n    print(json.dumps(event))\n")
    make_alarm(lab, "calls", AlarmActions=[arn], TreatMissingData="ignore")
    lab.lambda_.add_permission(
        FunctionName="on_alarm",
        StatementId="alarm",
        Action="lambda:InvokeFunction",
        Principal="lambda.alarms.cloudwatch.amazonaws.com",
        SourceArn=lab.arn("cloudwatch", "alarm:calls"),
    )
    lab.cloudwatch.set_alarm_state(AlarmName="calls", StateValue="ALARM", StateReason="because")
    [line] = [line for line in lab.lines_of("/aws/lambda/on_alarm", at_least=3) if line.startswith("{")]
    told = json.loads(line)
    assert (told["source"], told["alarmData"]["state"]["reason"]) == ("aws.cloudwatch", "because")


def test_an_alarm_sees_the_metrics_of_aws_iot(lab):
    make_alarm(
        lab,
        "traffic",
        Namespace="AWS/IoT",
        MetricName="PublishIn.Success",
        Dimensions=[{"Name": "Protocol", "Value": "HTTP"}],
        Statistic="Sum",
        Threshold=2,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
    )
    for _ in range(2):
        lab.publish("traffic", {})
    lab.cloud.clock.advance(60)
    assert state(lab, "traffic") == "ALARM"
    lab.cloud.clock.advance(120)
    assert state(lab, "traffic") == "OK"


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"Statistic": None, "ExtendedStatistic": "p99"}, "ExtendedStatistic"),
        ({"ComparisonOperator": "GreaterThanUpperThreshold", "ThresholdMetricId": "m"}, "ThresholdMetricId"),
    ],
    ids=["percentile", "anomaly"],
)
def test_what_cannot_be_evaluated_is_refused(lab, settings, text):
    with pytest.raises(ClientError, match=text):
        given = {"Namespace": "N", "MetricName": "M", "ComparisonOperator": "GreaterThanThreshold", "Period": 60}
        given |= {"EvaluationPeriods": 1, "Threshold": 1, "Statistic": "Sum", **settings}
        lab.cloudwatch.put_metric_alarm(AlarmName="no", **{k: v for k, v in given.items() if v is not None})
