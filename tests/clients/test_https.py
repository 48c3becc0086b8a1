"""HTTPS with a device's certificate: publishing, shadows, and credentials of a role, all on the broker's port."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.clients.conftest import HOST, HOUSE, Device
from tests.running import ACCOUNT, REGION, Lab
from tests.support import wait_until

ROLE = f"arn:aws:iam::{ACCOUNT}:role/camera"


@pytest.fixture
def context(device: Device) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=str(device.ca))
    made.load_cert_chain(device.certificate, device.key)
    return made


@pytest.fixture
def ask(device: Device, context: ssl.SSLContext) -> Callable[..., tuple[int, Any]]:
    """`ask("POST", "/topics/…", b"…")`: the status and the answer's JSON."""

    def send(method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Any]:
        connection = http.client.HTTPSConnection(HOST, device.port, context=context, timeout=10)
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        text = response.read()
        connection.close()
        return response.status, json.loads(text) if text else None

    return send


@pytest.fixture(scope="module")
def alias(lab: Lab, device: Device) -> str:
    """A role alias whose role may list one bucket, and a certificate that may take it."""
    lab.role("camera", "credentials.iot.amazonaws.com", ("s3:ListBucket", "arn:aws:s3:::pictures"))
    lab.s3.create_bucket(Bucket="pictures", CreateBucketConfiguration={"LocationConstraint": REGION})
    lab.iot.create_role_alias(roleAlias="pictures", roleArn=ROLE, credentialDurationSeconds=900)
    statement = {"Effect": "Allow", "Action": "iot:AssumeRoleWithCertificate", "Resource": f"{HOUSE}:rolealias/*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    lab.iot.create_policy(policyName="camera", policyDocument=json.dumps(document))
    target = next(each["certificateArn"] for each in lab.iot.list_certificates()["certificates"])
    lab.iot.attach_policy(policyName="camera", target=target)
    return "pictures"


def test_a_device_publishes_over_https_and_rules_see_its_certificate(ask, lab: Lab):
    role = lab.role("rules", "iot.amazonaws.com", ("sqs:SendMessage", "*"))
    queue = lab.sqs.create_queue(QueueName="heard")["QueueUrl"]
    action = {"sqs": {"roleArn": role, "queueUrl": queue, "useBase64": False}}
    lab.rule("heard", action, sql="SELECT *, principal() AS who FROM 'house/door'")
    assert ask("POST", "/topics/house%2Fdoor?qos=1", b'{"open": true}') == (200, {})
    assert lab.cloud.settle()
    [message] = lab.sqs.receive_message(QueueUrl=queue)["Messages"]
    [certificate] = lab.iot.list_certificates()["certificates"]
    assert json.loads(message["Body"]) == {"open": True, "who": certificate["certificateId"]}


def test_a_topic_with_plain_slashes_is_understood(ask, lab: Lab):
    assert ask("POST", "/topics/house/window?qos=1&retain=true", b"shut") == (200, {})
    assert lab.iot_data.get_retained_message(topic="house/window")["payload"] == b"shut"


def test_the_iot_policy_decides_over_https_too(ask):
    status, answer = ask("POST", "/topics/garden%2Fgate?qos=1", b"open")
    assert status == 403
    assert "iot:Publish" in answer["message"] and "topic/garden/gate" in answer["message"]


def test_a_path_that_is_not_served_is_answered(ask):
    status, answer = ask("GET", "/elsewhere")
    assert status == 404 and "/topics/" in answer["message"]


def test_several_requests_share_a_connection(device, context):
    connection = http.client.HTTPSConnection(HOST, device.port, context=context, timeout=10)
    for _ in range(3):
        connection.request("POST", "/topics/house%2Fdoor?qos=1", b"{}")
        response = connection.getresponse()
        assert (response.status, json.loads(response.read())) == (200, {})
    connection.close()


def test_https_is_asked_for_by_alpn_as_on_port_443(device, context):
    context.set_alpn_protocols(["x-amzn-http-ca"])
    connection = http.client.HTTPSConnection(HOST, device.port, context=context, timeout=10)
    connection.request("POST", "/topics/house%2Fdoor?qos=0", b"{}")
    assert connection.sock.selected_alpn_protocol() == "x-amzn-http-ca"
    assert connection.getresponse().status == 200
    connection.close()


def test_a_payload_over_128_kb_is_refused_and_a_body_that_is_far_too_long_cut_off(ask, device, context):
    assert ask("POST", "/topics/house%2Fdoor", b"x" * (128 * 1024 + 1))[0] == 400
    with context.wrap_socket(socket.create_connection((HOST, device.port), 10), server_hostname=HOST) as tls:
        tls.sendall(b"POST /topics/house HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 300_000)
        assert tls.recv(1000).startswith(b"HTTP/1.1 400")


def test_bytes_that_are_no_http_are_refused(device, context):
    with context.wrap_socket(socket.create_connection((HOST, device.port), 10), server_hostname=HOST) as tls:
        tls.sendall(b"GARBAGE\x00\x01\x02\r\n\r\n")
        assert tls.recv(1000).startswith(b"HTTP/1.1 400")


def test_a_shadow_needs_its_permission(ask):
    status, answer = ask("GET", "/things/lamp/shadow")
    assert status == 403 and "iot:GetThingShadow" in answer["message"]


def test_a_device_gets_credentials_of_its_alias_and_may_do_what_the_role_may(ask, alias, lab: Lab):
    status, answer = ask("GET", f"/role-aliases/{alias}/credentials")
    assert status == 200
    given = answer["credentials"]
    assert given["expiration"].endswith("Z")
    s3 = boto3.client(
        "s3",
        endpoint_url=lab.cloud.endpoint_url,
        region_name=REGION,
        aws_access_key_id=given["accessKeyId"],
        aws_secret_access_key=given["secretAccessKey"],
        aws_session_token=given["sessionToken"],
    )
    assert s3.list_objects_v2(Bucket="pictures")["KeyCount"] == 0
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.list_buckets()


def test_credentials_need_the_attached_thing_the_alias_and_the_trust(ask, alias, lab: Lab):
    status, answer = ask("GET", f"/role-aliases/{alias}/credentials", x_amzn_iot_thingname="stranger")
    assert status == 403 and "not attached to thing 'stranger'" in answer["message"]
    assert ask("GET", "/role-aliases/unknown/credentials")[0] == 404
    lab.role("rules_only", "iot.amazonaws.com")
    lab.iot.create_role_alias(roleAlias="untrusting", roleArn=f"arn:aws:iam::{ACCOUNT}:role/rules_only")
    status, answer = ask("GET", "/role-aliases/untrusting/credentials")
    assert status == 403 and "credentials.iot.amazonaws.com" in answer["message"]


def test_credentials_need_the_policys_permission(lab: Lab, device: Device, ask):
    [certificate] = lab.iot.list_certificates()["certificates"]
    lab.iot.detach_policy(policyName="camera", target=certificate["certificateArn"])
    status, answer = ask("GET", "/role-aliases/pictures/credentials")
    assert status == 403 and "iot:AssumeRoleWithCertificate" in answer["message"]


def test_an_inactive_certificate_is_closed(ask, lab: Lab):
    [certificate] = lab.iot.list_certificates()["certificates"]
    lab.iot.update_certificate(certificateId=certificate["certificateId"], newStatus="INACTIVE")
    try:
        with pytest.raises(OSError):
            ask("POST", "/topics/house%2Fdoor", b"{}")
    finally:
        lab.iot.update_certificate(certificateId=certificate["certificateId"], newStatus="ACTIVE")
    wait_until(lambda: ask("POST", "/topics/house%2Fdoor", b"{}")[0] == 200)
