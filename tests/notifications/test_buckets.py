"""Bucket notifications: functions, queues and topics are told of objects, if their policy lets S3 in."""

from __future__ import annotations

import hashlib
import json

import pytest
from botocore.exceptions import ClientError

from labcloud.notifications.messages import ObjectEvent, render_bus_event
from tests.notifications.test_topics import ECHO, bodies

S3 = "s3.amazonaws.com"


def make_bucket(lab, name):
    lab.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return f"arn:aws:s3:::{name}"


def policy(lab, action, resource, bucket_arn):
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": S3},
        "Action": action,
        "Resource": resource,
        "Condition": {"ArnLike": {"aws:SourceArn": bucket_arn}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def configure(lab, bucket, **configuration):
    lab.s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)


def function_target(arn, suffix=".csv"):
    rules = [{"Name": "prefix", "Value": "in/"}, {"Name": "suffix", "Value": suffix}]
    return {
        "Id": "mine",
        "LambdaFunctionArn": arn,
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": rules}},
    }


def test_a_function_is_told_of_an_object_that_fits_the_filter(lab):
    bucket_arn, arn = make_bucket(lab, "watched"), lab.function("on_object", ECHO)
    with pytest.raises(ClientError, match="Unable to validate the following destination") as refused:
        configure(lab, "watched", LambdaFunctionConfigurations=[function_target(arn)])
    assert refused.value.response["Error"]["Code"] == "InvalidArgument"

    lab.lambda_.add_permission(
        FunctionName="on_object",
        StatementId="s3",
        Action="lambda:InvokeFunction",
        Principal=S3,
        SourceArn=bucket_arn,
    )
    configure(lab, "watched", LambdaFunctionConfigurations=[function_target(arn)])
    lab.s3.put_object(Bucket="watched", Key="elsewhere/a.csv", Body=b"1")
    lab.s3.put_object(Bucket="watched", Key="in/my file.csv", Body=b"a,b")
    [line] = [line for line in lab.lines_of("/aws/lambda/on_object", at_least=3) if line.startswith("{")]
    [record] = json.loads(line)["Records"]
    assert (record["eventSource"], record["eventName"], record["eventVersion"]) == (
        "aws:s3",
        "ObjectCreated:Put",
        "2.1",
    )
    told = record["s3"]
    assert (told["configurationId"], told["bucket"]["name"], told["bucket"]["arn"]) == ("mine", "watched", bucket_arn)
    assert (told["object"]["key"], told["object"]["size"]) == ("in/my+file.csv", 3)
    assert told["object"]["eTag"] == hashlib.md5(b"a,b").hexdigest()


def test_a_queue_and_a_topic_are_told_if_their_policies_let_s3_in(lab):
    bucket_arn = make_bucket(lab, "shared-news")
    queue_arn = lab.arn("sqs", "news")
    url = lab.sqs.create_queue(
        QueueName="news", Attributes={"Policy": policy(lab, "sqs:SendMessage", queue_arn, bucket_arn)}
    )["QueueUrl"]
    configure(lab, "shared-news", QueueConfigurations=[{"QueueArn": queue_arn, "Events": ["s3:ObjectRemoved:*"]}])
    bodies(lab, url)  # the test event
    lab.s3.put_object(Bucket="shared-news", Key="k", Body=b"1")
    lab.s3.delete_object(Bucket="shared-news", Key="k")
    [body] = bodies(lab, url)
    [record] = json.loads(body)["Records"]
    assert (record["eventName"], record["s3"]["object"]["key"]) == ("ObjectRemoved:Delete", "k")
    assert "size" not in record["s3"]["object"]


def test_a_topic_without_a_policy_for_s3_is_refused(lab):
    make_bucket(lab, "to-topic")
    topic = lab.sns.create_topic(Name="objects")["TopicArn"]
    target = {"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}
    with pytest.raises(ClientError, match="Unable to validate"):
        configure(lab, "to-topic", TopicConfigurations=[target])
    document = policy(lab, "sns:Publish", topic, "arn:aws:s3:*:*:to-topic")
    lab.sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document)
    configure(lab, "to-topic", TopicConfigurations=[target])


def test_an_object_written_by_a_rule_is_told_too(lab):
    bucket_arn, arn = make_bucket(lab, "by-rule"), lab.function("on_rule_object", ECHO)
    lab.lambda_.add_permission(
        FunctionName="on_rule_object",
        StatementId="s3",
        Action="lambda:InvokeFunction",
        Principal=S3,
        SourceArn=bucket_arn,
    )
    configure(lab, "by-rule", LambdaFunctionConfigurations=[function_target(arn, suffix=".json")])
    role = lab.role("by_rule", "iot.amazonaws.com", ("s3:PutObject", f"{bucket_arn}/*"))
    action = {"s3": {"bucketName": "by-rule", "key": "in/${newuuid()}.json", "roleArn": role}}
    lab.rule("by_rule", action, sql="SELECT * FROM 'objects'")
    lab.publish("objects", {"a": 1})
    [line] = [line for line in lab.lines_of("/aws/lambda/on_rule_object", at_least=3) if line.startswith("{")]
    assert json.loads(line)["Records"][0]["s3"]["object"]["size"] == len('{"a":1}')


def object_event(name: str, version_id: str | None = None) -> dict:
    event = ObjectEvent("1" * 12, "eu-west-1", "lake", name, "a b", 5, "e7a9", version_id, "GLACIER")
    return render_bus_event(event, 1_750_000_000.0)


@pytest.mark.parametrize(
    ("name", "kind", "members"),
    [
        ("s3:ObjectCreated:Put", "Object Created", {"reason": "PutObject", "source-ip-address": "127.0.0.1"}),
        ("s3:ObjectCreated:CompleteMultipartUpload", "Object Created", {"reason": "CompleteMultipartUpload"}),
        ("s3:ObjectRemoved:Delete", "Object Deleted",
         {"reason": "DeleteObject", "deletion-type": "Permanently Deleted"}),
        ("s3:LifecycleExpiration:DeleteMarkerCreated", "Object Deleted",
         {"reason": "Lifecycle Expiration", "deletion-type": "Delete Marker Created", "requester": S3}),
        ("s3:LifecycleTransition", "Object Storage Class Changed", {"destination-storage-class": "GLACIER"}),
        ("s3:ObjectTagging:Delete", "Object Tags Deleted", {"requester": "1" * 12}),
    ],
)  # fmt: skip
def test_event_bridge_gets_an_object_event_in_its_own_form(name, kind, members):
    event = object_event(name)
    assert (event["detail-type"], event["time"]) == (kind, "2025-06-15T15:06:40Z")
    assert event["resources"] == ["arn:aws:s3:::lake"]
    assert members.items() <= event["detail"].items()
    assert ("size" in event["detail"]["object"]) == (kind != "Object Deleted")
    assert event["detail"]["object"]["key"] == "a b"
    assert "version-id" not in event["detail"]["object"]
    assert object_event(name, "v1")["detail"]["object"]["version-id"] == "v1"
