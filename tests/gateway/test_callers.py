"""Who may do what over the API: users, sessions, roles that trust somebody else. End to end, with boto3's own errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.running import ACCOUNT, REGION, Lab, running_lab


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with running_lab() as lab:
        lab.iam.create_user(UserName="ada")
        lab.put = lambda user, *statements: lab.iam.put_user_policy(
            UserName=user, PolicyName="own", PolicyDocument=document(*statements)
        )
        yield lab


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str, resource: str = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def trusting(principal: str) -> str:
    return document({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"})


def as_user(lab: Lab, service: str, user: str = "ada") -> Any:
    key = lab.iam.create_access_key(UserName=user)["AccessKey"]
    return signed_with(lab, service, key["AccessKeyId"], key["SecretAccessKey"])


def signed_with(lab: Lab, service: str, key: str, secret: str, token: str | None = None) -> Any:
    return boto3.client(
        service, endpoint_url=lab.cloud.endpoint_url, region_name=REGION,
        aws_access_key_id=key, aws_secret_access_key=secret, aws_session_token=token,
    )  # fmt: skip


@pytest.fixture
def ada(lab: Lab) -> Iterator[Any]:
    """ada's clients, by service, while ada has one key and no policy yet."""
    yield lambda service: as_user(lab, service)
    for key in lab.iam.list_access_keys(UserName="ada")["AccessKeyMetadata"]:
        lab.iam.delete_access_key(UserName="ada", AccessKeyId=key["AccessKeyId"])
    for name in lab.iam.list_user_policies(UserName="ada")["PolicyNames"]:
        lab.iam.delete_user_policy(UserName="ada", PolicyName=name)


def test_a_user_without_a_policy_may_do_nothing(lab: Lab, ada: Any) -> None:
    with pytest.raises(ClientError) as refused:
        ada("dynamodb").list_tables()
    error = refused.value.response["Error"]
    assert error["Code"] == "AccessDeniedException"
    assert error["Message"] == (
        f"User: arn:aws:iam::{ACCOUNT}:user/ada is not authorized to perform: dynamodb:ListTables "
        "on resource: * because no identity-based policy allows the dynamodb:ListTables action"
    )


def test_a_user_may_do_what_the_policies_allow_from_the_moment_they_do(lab: Lab, ada: Any) -> None:
    client = ada("iot")
    with pytest.raises(ClientError, match="iot:ListThings"):
        client.list_things()
    lab.put("ada", allow("iot:ListThings"))
    assert client.list_things()["things"] == []


def test_a_user_passes_a_role_only_with_pass_role(lab: Lab, ada: Any) -> None:
    role = lab.role("passed", "iot.amazonaws.com")
    lab.put("ada", allow("iot:CreateTopicRule"))
    rule = {"sql": "SELECT * FROM 'a'", "actions": [{"republish": {"topic": "b", "roleArn": role}}]}
    with pytest.raises(ClientError, match=rf"not authorized to perform: iam:PassRole on resource: {role}"):
        ada("iot").create_topic_rule(ruleName="passes", topicRulePayload=rule)


def test_an_administrator_cannot_assume_a_role_that_trusts_a_service(lab: Lab) -> None:
    role = lab.role("for_iot", "iot.amazonaws.com")
    with pytest.raises(ClientError) as refused:
        lab.sts.assume_role(RoleArn=role, RoleSessionName="me")
    assert refused.value.response["Error"]["Code"] == "AccessDenied"
    assert f"is not authorized to perform: sts:AssumeRole on resource: {role}" in str(refused.value)


def test_a_role_that_trusts_the_account_wants_the_users_own_permission_too(lab: Lab, ada: Any) -> None:
    lab.iam.create_role(RoleName="shared", AssumeRolePolicyDocument=trusting(f"arn:aws:iam::{ACCOUNT}:root"))
    client, role = ada("sts"), f"arn:aws:iam::{ACCOUNT}:role/shared"
    with pytest.raises(ClientError, match="sts:AssumeRole"):
        client.assume_role(RoleArn=role, RoleSessionName="me")
    lab.put("ada", allow("sts:AssumeRole", role))
    assert client.assume_role(RoleArn=role, RoleSessionName="me")["AssumedRoleUser"]["Arn"].endswith("shared/me")


def test_a_role_that_trusts_the_user_lets_the_user_in(lab: Lab, ada: Any) -> None:
    lab.iam.create_role(RoleName="hers", AssumeRolePolicyDocument=trusting(f"arn:aws:iam::{ACCOUNT}:user/ada"))
    client = ada("sts")
    assert client.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/hers", RoleSessionName="me")["Credentials"]


def test_a_session_policy_limits_the_session(lab: Lab) -> None:
    lab.iam.create_role(RoleName="wide", AssumeRolePolicyDocument=trusting(f"arn:aws:iam::{ACCOUNT}:root"))
    lab.iam.put_role_policy(RoleName="wide", PolicyName="all", PolicyDocument=document(allow("*")))
    limited = lab.sts.assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/wide", RoleSessionName="me", Policy=document(allow("sqs:*"))
    )["Credentials"]
    keys = (limited["AccessKeyId"], limited["SecretAccessKey"], limited["SessionToken"])
    assert signed_with(lab, "sqs", *keys).list_queues()
    with pytest.raises(ClientError, match="because no session policy allows the sns:ListTopics action"):
        signed_with(lab, "sns", *keys).list_topics()


def test_credentials_that_would_be_an_administrators_are_not_handed_out(lab: Lab) -> None:
    with pytest.raises(ClientError, match="does not serve sts GetFederationToken"):
        lab.sts.get_federation_token(Name="guest", Policy=document(allow("sqs:*")))
