"""A topic's messages reach its subscribers, if the subscriber's own policy lets SNS in."""

from __future__ import annotations

import base64
import json

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from tests.support import wait_until

ECHO = """
import json
def handle(event, context):
    print(json.dumps(event))
"""


def make_topic(lab, name):
    return lab.sns.create_topic(Name=name)["TopicArn"]


def make_queue(lab, name, source=None):
    """A queue; with `source` its policy lets SNS send messages of that topic."""
    attributes = {}
    if source:
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": lab.arn("sqs", name),
            "Condition": {"ArnEquals": {"aws:SourceArn": source}},
        }
        attributes["Policy"] = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return lab.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


def bodies(lab, url):
    found = lab.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [message["Body"] for message in found]


def test_a_function_gets_the_message_if_its_policy_lets_sns_invoke_it(lab):
    topic, arn = make_topic(lab, "to-function"), lab.function("told", ECHO)
    subscription = lab.sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)["SubscriptionArn"]
    lab.sns.publish(TopicArn=topic, Message="too early")
    lab.lambda_.add_permission(
        FunctionName="told",
        StatementId="sns",
        Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com",
        SourceArn=topic,
    )
    attributes = {"zone": {"DataType": "String", "StringValue": "1"}}
    lab.sns.publish(TopicArn=topic, Message="hot", Subject="Alarm", MessageAttributes=attributes)
    [line] = [line for line in lab.lines_of("/aws/lambda/told", at_least=3) if line.startswith("{")]
    [record] = json.loads(line)["Records"]
    assert (record["EventSource"], record["EventSubscriptionArn"]) == ("aws:sns", subscription)
    sns = record["Sns"]
    assert (sns["Message"], sns["Subject"], sns["TopicArn"], sns["Type"]) == ("hot", "Alarm", topic, "Notification")
    assert sns["MessageAttributes"] == {"zone": {"Type": "String", "Value": "1"}}
    assert {"SigningCertUrl", "UnsubscribeUrl", "SignatureVersion", "Timestamp", "MessageId"} <= set(sns)


def test_a_queue_gets_the_message_only_with_a_policy_for_the_topic(lab):
    topic = make_topic(lab, "to-queue")
    closed, open_ = make_queue(lab, "closed"), make_queue(lab, "open", source=topic)
    for name in ("closed", "open"):
        lab.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=lab.arn("sqs", name))
    lab.sns.publish(TopicArn=topic, Message="hot")
    assert bodies(lab, closed) == []
    [body] = bodies(lab, open_)
    assert body.startswith('{\n  "Type" : "Notification",\n  "MessageId" : ')
    assert json.loads(body)["Message"] == "hot"


def test_a_policy_for_everybody_lets_the_topic_in_that_its_condition_names(lab):
    topic, other = make_topic(lab, "for-all"), make_topic(lab, "not-for-all")
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "sqs:SendMessage",
        "Resource": lab.arn("sqs", "for-all"),
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    url = lab.sqs.create_queue(QueueName="for-all", Attributes={"Policy": policy})["QueueUrl"]
    for each in (topic, other):
        lab.sns.subscribe(TopicArn=each, Protocol="sqs", Endpoint=lab.arn("sqs", "for-all"))
        lab.sns.publish(TopicArn=each, Message=each)
    assert [json.loads(body)["Message"] for body in bodies(lab, url)] == [topic]


def test_raw_delivery_brings_the_bare_message(lab):
    topic = make_topic(lab, "raw")
    url = make_queue(lab, "raw", source=topic)
    given = {"RawMessageDelivery": "true"}
    lab.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=lab.arn("sqs", "raw"), Attributes=given)
    lab.sns.publish(TopicArn=topic, Message="hot")
    assert bodies(lab, url) == ["hot"]


def test_each_protocol_gets_its_text_of_a_json_message(lab):
    topic = make_topic(lab, "many")
    url = make_queue(lab, "many", source=topic)
    lab.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=lab.arn("sqs", "many"))
    text = json.dumps({"default": "to all", "sqs": "to queues"})
    lab.sns.publish(TopicArn=topic, Message=text, MessageStructure="json")
    assert json.loads(bodies(lab, url)[0])["Message"] == "to queues"


def test_a_filter_policy_keeps_messages_away(lab):
    topic = make_topic(lab, "filtered")
    url = make_queue(lab, "filtered", source=topic)
    given = {"FilterPolicy": json.dumps({"zone": ["1"]}), "RawMessageDelivery": "true"}
    lab.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=lab.arn("sqs", "filtered"), Attributes=given)
    for zone in ("1", "2"):
        attributes = {"zone": {"DataType": "String", "StringValue": zone}}
        lab.sns.publish(TopicArn=topic, Message=f"zone {zone}", MessageAttributes=attributes)
    assert bodies(lab, url) == ["zone 1"]


def test_an_http_endpoint_gets_nothing_before_it_has_confirmed(lab, receiver):
    topic = make_topic(lab, "web")
    made = lab.sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=receiver.url + "/in")
    assert made["SubscriptionArn"] == "pending confirmation"
    asked = wait_until(lambda: receiver.received and receiver.received[0], because="the confirmation")
    assert asked.headers["x-amz-sns-message-type"] == "SubscriptionConfirmation"
    confirmation = json.loads(asked.body)
    lab.sns.publish(TopicArn=topic, Message="too early")

    assert requests.get(confirmation["SubscribeURL"], timeout=5).status_code == 200
    lab.sns.publish(TopicArn=topic, Message="hot")
    assert lab.cloud.settle()
    told = receiver.received[-1]
    envelope = json.loads(told.body)
    assert (told.path, envelope["Message"], len(receiver.received)) == ("/in", "hot", 2)
    assert told.headers["x-amz-sns-message-type"] == "Notification"
    assert told.headers["x-amz-sns-subscription-arn"].startswith(topic)
    verify(envelope)

    assert requests.get(envelope["UnsubscribeURL"], timeout=5).status_code == 200
    assert lab.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


def verify(envelope):
    """As the guide tells a receiver to verify a notification. Raises InvalidSignature."""
    certificate = x509.load_pem_x509_certificate(requests.get(envelope["SigningCertURL"], timeout=5).content)
    members = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
    text = "".join(f"{name}\n{envelope[name]}\n" for name in members if name in envelope)
    signature = base64.b64decode(envelope["Signature"])
    certificate.public_key().verify(signature, text.encode(), padding.PKCS1v15(), hashes.SHA1())


def test_confirmation_by_the_api_needs_the_right_token(lab, receiver):
    topic = make_topic(lab, "by-api")
    lab.sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=receiver.url)
    token = json.loads(wait_until(lambda: receiver.received and receiver.received[0]).body)["Token"]
    with pytest.raises(lab.sns.exceptions.InvalidParameterException):
        lab.sns.confirm_subscription(TopicArn=topic, Token="wrong")
    arn = lab.sns.confirm_subscription(TopicArn=topic, Token=token)["SubscriptionArn"]
    assert lab.sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]["PendingConfirmation"] == "false"


def test_an_http_endpoint_that_fails_is_tried_again_on_the_lab_clock_and_then_the_dead_letter_queue_has_it(
    lab, receiver
):
    topic = make_topic(lab, "failing")
    url = make_queue(lab, "dead", source=topic)
    given = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": lab.arn("sqs", "dead")})}
    lab.sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=receiver.url, Attributes=given)
    token = json.loads(wait_until(lambda: receiver.received and receiver.received[0]).body)["Token"]
    lab.sns.confirm_subscription(TopicArn=topic, Token=token)
    receiver.statuses = [500] * 4
    lab.sns.publish(TopicArn=topic, Message="hot")
    for tries in range(1, 5):
        wait_until(lambda tries=tries: len(receiver.received) == 1 + tries, because=f"try {tries}")
        assert lab.cloud.settle()
        lab.cloud.clock.advance(20)
    assert len(receiver.received) == 5
    [body] = bodies(lab, url)
    assert json.loads(body)["Message"] == "hot"


def test_a_delivery_stream_gets_the_message_with_the_subscriptions_role(lab):
    topic = make_topic(lab, "to-lake")
    lab.s3.create_bucket(Bucket="topic-lake", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    hose = lab.role("topic_lake_hose", "firehose.amazonaws.com", ("s3:PutObject", "*"))
    lab.firehose.create_delivery_stream(
        DeliveryStreamName="topic-lake",
        ExtendedS3DestinationConfiguration={
            "RoleARN": hose,
            "BucketARN": "arn:aws:s3:::topic-lake",
            "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 60},
        },
    )
    stream = lab.arn("firehose", "deliverystream/topic-lake")
    role = lab.role("topic_lake_topic", "sns.amazonaws.com", ("firehose:PutRecord", stream))
    given = {"SubscriptionRoleArn": role, "RawMessageDelivery": "true"}
    lab.sns.subscribe(TopicArn=topic, Protocol="firehose", Endpoint=stream, Attributes=given)
    lab.sns.publish(TopicArn=topic, Message="hot")
    lab.cloud.clock.advance(61)
    assert list(lab.objects_in("topic-lake").values()) == [b"hot\n"]
