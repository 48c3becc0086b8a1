"""MQTT over WebSocket with an IAM key: the secret is checked, and the user's or session's own policies decide."""

from __future__ import annotations

import json
import queue
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as paho
import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from paho.mqtt.enums import CallbackAPIVersion

from tests.running import ACCOUNT, REGION, Lab, running_lab

LET_IN = "Success"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with running_lab() as lab:
        lab.ca = tmp_path_factory.mktemp("ca") / "ca.pem"
        lab.ca.write_text(lab.cloud.authority.pem)
        lab.iam.create_user(UserName="ada")
        trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
        lab.iam.create_role(RoleName="house", AssumeRolePolicyDocument=document(trust))
        yield lab


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


MAY_CONNECT = document({"Effect": "Allow", "Action": "iot:*", "Resource": "*"})


@pytest.fixture
def ada(lab: Lab) -> Credentials:
    made = lab.iam.create_access_key(UserName="ada")["AccessKey"]
    return Credentials(made["AccessKeyId"], made["SecretAccessKey"])


@pytest.fixture
def session(lab: Lab) -> Credentials:
    given = lab.sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/house", RoleSessionName="me")["Credentials"]
    return Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


def outcome(lab: Lab, keys: Credentials) -> str:
    """What a client with a signed URL hears of its CONNECT: the reason's name, or that it was not let in at all."""
    token, keys = keys.token, Credentials(keys.access_key, keys.secret_key)
    request = AWSRequest("GET", "https://localhost/mqtt")
    SigV4QueryAuth(keys, "iotdevicegateway", REGION, expires=60).add_auth(request)
    parts = urlsplit(request.prepare().url)
    heard: queue.Queue[str] = queue.Queue()
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="page", transport="websockets")
    more = "" if token is None else "&X-Amz-Security-Token=" + token.replace("+", "%2B").replace("/", "%2F")
    client.ws_set_options(f"{parts.path}?{parts.query}{more}", headers={"Host": "localhost"})
    client.tls_set(str(lab.ca))
    client.on_connect = lambda client, data, flags, reason, properties: heard.put(str(reason))
    client.on_disconnect = lambda client, data, flags, reason, properties: heard.put("hung up")
    try:
        client.connect("localhost", lab.cloud.mqtt_port)
        client.loop_start()
        return heard.get(timeout=10)
    except paho.WebsocketConnectionError:
        return "refused"
    finally:
        client.disconnect()
        client.loop_stop()


def test_the_users_policies_decide(lab: Lab, ada: Credentials) -> None:
    assert outcome(lab, ada) != LET_IN
    lab.iam.put_user_policy(UserName="ada", PolicyName="connects", PolicyDocument=MAY_CONNECT)
    assert outcome(lab, ada) == LET_IN


def test_the_roles_policies_decide(lab: Lab, session: Credentials) -> None:
    assert outcome(lab, session) != LET_IN
    lab.iam.put_role_policy(RoleName="house", PolicyName="connects", PolicyDocument=MAY_CONNECT)
    assert outcome(lab, session) == LET_IN


def test_the_secret_and_the_sessions_token_are_checked(lab: Lab, ada: Credentials, session: Credentials) -> None:
    lab.iam.put_user_policy(UserName="ada", PolicyName="connects", PolicyDocument=MAY_CONNECT)
    lab.iam.put_role_policy(RoleName="house", PolicyName="connects", PolicyDocument=MAY_CONNECT)
    assert outcome(lab, Credentials(ada.access_key, "w" * 40)) == "refused"
    assert outcome(lab, Credentials(session.access_key, session.secret_key, "another")) == "refused"
    assert outcome(lab, Credentials("AKIAIOSFODNN7EXAMPLE", "w" * 40)) == "refused"
    assert outcome(lab, Credentials("test", "any")) == LET_IN
