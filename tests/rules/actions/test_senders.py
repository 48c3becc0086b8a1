"""What IoT SQL knows of a message's sender: the same functions on each way into the cloud."""

from __future__ import annotations

import json
import re

import boto3
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.running import ACCOUNT, REGION
from tests.support import wait_until

EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}]}
SELECTED = """
SELECT clientid() AS client, principal() AS principal, sourceip() AS ip, traceid() AS trace, accountid() AS account,
  get_mqtt_property('content_type') AS kind, get_mqtt_property('response_topic') AS answer,
  get_mqtt_property('correlation_data') AS correlation, get_mqtt_property('format_indicator') AS format,
  get_user_properties('room') AS rooms, get_user_properties() AS properties
FROM 'senders/#'
"""


@pytest.fixture(scope="module")
def sent(lab):
    """Gives the result for a topic, once its message has gone through the rule."""
    lab.s3.create_bucket(Bucket="senders", CreateBucketConfiguration={"LocationConstraint": REGION})
    sink = lab.role("senders_role", "iot.amazonaws.com", ("s3:PutObject", "*"))
    lab.rule("senders", {"s3": {"bucketName": "senders", "key": "${topic()}", "roleArn": sink}}, sql=SELECTED)

    def result(topic):
        found = wait_until(lambda: lab.objects_in("senders").get(topic), because=f"the result for {topic}")
        return json.loads(found)

    return result


def publish_over_mqtt(lab, folder, topic, properties):
    """One QoS 1 message of MQTT 5 with a new certificate; gives the certificate's id."""
    made = lab.iot.create_keys_and_certificate(setAsActive=True)
    lab.iot.create_policy(policyName="senders", policyDocument=json.dumps(EVERYTHING))
    lab.iot.attach_policy(policyName="senders", target=made["certificateArn"])
    files = {"ca": lab.cloud.authority.pem, "crt": made["certificatePem"], "key": made["keyPair"]["PrivateKey"]}
    for name, text in files.items():
        (folder / name).write_text(text)
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="house", protocol=paho.MQTTv5)
    client.tls_set(str(folder / "ca"), str(folder / "crt"), str(folder / "key"))
    client.connect("localhost", lab.cloud.mqtt_port)
    client.loop_start()
    try:
        wait_until(client.is_connected, because="the client connects")
        client.publish(topic, b"{}", qos=1, properties=properties).wait_for_publish(5)
    finally:
        client.disconnect()
        client.loop_stop()
    return made["certificateId"]


def test_a_device_with_a_certificate_and_mqtt_5_properties(lab, sent, tmp_path):
    properties = Properties(PacketTypes.PUBLISH)
    properties.ContentType, properties.ResponseTopic = "application/json", "answers/house"
    properties.CorrelationData, properties.PayloadFormatIndicator = b"abc", 1
    properties.UserProperty = [("room", "attic"), ("floor", "3"), ("room", "cellar")]
    certificate_id = publish_over_mqtt(lab, tmp_path, "senders/mqtt", properties)
    result = sent("senders/mqtt")
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", result.pop("trace"))
    assert result == {
        "client": "house",
        "principal": certificate_id,
        "ip": "127.0.0.1",
        "account": ACCOUNT,
        "kind": "application/json",
        "answer": "answers/house",
        "correlation": "YWJj",
        "format": "UTF8_DATA",
        "rooms": ["attic", "cellar"],
        "properties": [{"room": "attic"}, {"floor": "3"}, {"room": "cellar"}],
    }


def client_with(lab, service, credentials):
    return boto3.client(
        service,
        endpoint_url=lab.cloud.endpoint_url,
        region_name=REGION,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials.get("SessionToken"),
    )


def credentials_of_a_user(lab):
    lab.iam.create_user(UserName="publisher")
    allowed = {"Effect": "Allow", "Action": "iot:Publish", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    lab.iam.put_user_policy(UserName="publisher", PolicyName="publish", PolicyDocument=document)
    return lab.iam.create_access_key(UserName="publisher")["AccessKey"]


def credentials_of_a_session(lab):
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    lab.role("publisher_role", "iot.amazonaws.com", ("iot:Publish", "*"))
    lab.iam.update_assume_role_policy(
        RoleName="publisher_role", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    arn = f"arn:aws:iam::{ACCOUNT}:role/publisher_role"
    return lab.sts.assume_role(RoleArn=arn, RoleSessionName="my-session")["Credentials"]


@pytest.mark.parametrize("make", [credentials_of_a_user, credentials_of_a_session], ids=["user", "session"])
def test_a_program_over_http_is_known_by_its_user_id(lab, sent, make):
    credentials = make(lab)
    topic = f"senders/{make.__name__}"
    client_with(lab, "iot-data", credentials).publish(topic=topic, qos=1, payload=b"{}")
    user_id = client_with(lab, "sts", credentials).get_caller_identity()["UserId"]
    assert sent(topic) == {
        "client": "n/a",
        "principal": user_id,
        "ip": "127.0.0.1",
        "account": ACCOUNT,
        "format": "UNSPECIFIED_BYTES",
    }
    assert user_id.endswith(":my-session") == (make is credentials_of_a_session)
