from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from botocore.exceptions import ClientError

from labcloud.errors import AwsError
from labcloud.motobase import iam
from tests.motobase.conftest import ACCOUNT

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "iot.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
PUT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "*"}]}
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/iot_role"


@pytest.fixture
def api(client: Callable[..., Any]) -> Any:
    """An IAM client of a cloud with the role iot_role."""
    api = client("iam")
    api.create_role(RoleName="iot_role", AssumeRolePolicyDocument=json.dumps(TRUST))
    return api


def test_role_policies_hold_trust_inline_and_attached_policies(api: Any) -> None:
    api.put_role_policy(RoleName="iot_role", PolicyName="put", PolicyDocument=json.dumps(PUT))
    arn = api.create_policy(PolicyName="own", PolicyDocument=json.dumps(PUT))["Policy"]["Arn"]
    api.attach_role_policy(RoleName="iot_role", PolicyArn=arn)
    found = iam.role_policies(ACCOUNT, ROLE_ARN)
    assert found == ("iot_role", ROLE_ARN, TRUST, (("put", PUT), ("own", PUT)), None)


def test_attached_policy_counts_in_its_default_version(api: Any) -> None:
    arn = api.create_policy(PolicyName="own", PolicyDocument=json.dumps(PUT))["Policy"]["Arn"]
    api.attach_role_policy(RoleName="iot_role", PolicyArn=arn)
    other = json.loads(json.dumps(PUT).replace("PutItem", "GetItem"))
    api.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(other), SetAsDefault=True)
    assert iam.role_policies(ACCOUNT, ROLE_ARN).policies == (("own", other),)


def test_aws_managed_policy_is_there_when_it_is_attached(api: Any) -> None:
    arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    api.attach_role_policy(RoleName="iot_role", PolicyArn=arn)
    (name, document), *_ = iam.role_policies(ACCOUNT, ROLE_ARN).policies
    assert name == "AWSLambdaBasicExecutionRole"
    assert "logs:PutLogEvents" in document["Statement"][0]["Action"]
    assert api.list_attached_role_policies(RoleName="iot_role")["AttachedPolicies"][0]["PolicyArn"] == arn


def test_aws_managed_policy_under_a_wrong_path_does_not_exist(api: Any) -> None:
    with pytest.raises(ClientError, match="NoSuchEntity"):
        api.attach_role_policy(RoleName="iot_role", PolicyArn="arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole")


def test_list_of_policies_has_aws_policies_unless_local_ones_are_asked_for(api: Any) -> None:
    assert api.list_policies(Scope="Local")["Policies"] == []
    assert len(api.list_policies(Scope="AWS", MaxItems=500)["Policies"]) == 500


def test_boundary_is_read_with_the_role(api: Any) -> None:
    arn = api.create_policy(PolicyName="limit", PolicyDocument=json.dumps(PUT))["Policy"]["Arn"]
    api.put_role_permissions_boundary(RoleName="iot_role", PermissionsBoundary=arn)
    assert iam.role_policies(ACCOUNT, ROLE_ARN).boundary == PUT


def test_missing_role_has_no_policies(api: Any) -> None:
    assert iam.role_policies(ACCOUNT, ROLE_ARN + "x") is None


def test_attached_policy_cannot_be_deleted(api: Any) -> None:
    arn = api.create_policy(PolicyName="own", PolicyDocument=json.dumps(PUT))["Policy"]["Arn"]
    api.attach_role_policy(RoleName="iot_role", PolicyArn=arn)
    with pytest.raises(ClientError, match="Cannot delete a policy attached to entities") as refusal:
        api.delete_policy(PolicyArn=arn)
    assert refusal.value.response["Error"]["Code"] == "DeleteConflict"


def test_user_policies_hold_those_of_the_users_groups(api: Any) -> None:
    arn = api.create_user(UserName="ada")["User"]["Arn"]
    api.create_group(GroupName="staff")
    api.add_user_to_group(UserName="ada", GroupName="staff")
    api.put_user_policy(UserName="ada", PolicyName="own", PolicyDocument=json.dumps(PUT))
    api.put_group_policy(GroupName="staff", PolicyName="group", PolicyDocument=json.dumps(PUT))
    assert iam.user_policies(ACCOUNT, arn) == ("ada", arn, (("own", PUT), ("group", PUT)))


def test_session_credentials_are_recognised_as_the_role(api: Any, client: Callable[..., Any]) -> None:
    session = iam.session_credentials(ACCOUNT, ROLE_ARN, "rule-engine", 900)
    caller = iam.caller_of(session.access_key_id)
    assert (caller.account_id, caller.role_arn) == (ACCOUNT, ROLE_ARN)
    assert caller.arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/iot_role/rule-engine"
    sts = client(
        "sts",
        aws_access_key_id=session.access_key_id,
        aws_secret_access_key=session.secret_access_key,
        aws_session_token=session.session_token,
    )
    assert sts.get_caller_identity()["Arn"] == caller.arn


def test_assume_role_over_the_api_gives_the_same_kind_of_session(api: Any, client: Callable[..., Any]) -> None:
    key = client("sts").assume_role(RoleArn=ROLE_ARN, RoleSessionName="me")["Credentials"]["AccessKeyId"]
    assert iam.caller_of(key).role_arn == ROLE_ARN


def test_role_that_does_not_exist_cannot_be_assumed(client: Callable[..., Any]) -> None:
    with pytest.raises(ClientError, match="is not authorized to perform: sts:AssumeRole on resource") as refusal:
        client("sts").assume_role(RoleArn=ROLE_ARN, RoleSessionName="me")
    assert refusal.value.response["Error"]["Code"] == "AccessDenied"
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_session_longer_than_the_role_allows_is_refused(api: Any, client: Callable[..., Any]) -> None:
    with pytest.raises(ClientError, match="exceeds the MaxSessionDuration"):
        client("sts").assume_role(RoleArn=ROLE_ARN, RoleSessionName="me", DurationSeconds=7200)


def test_expired_session_is_refused(api: Any) -> None:
    with time_machine.travel(0):
        old = iam.session_credentials(ACCOUNT, ROLE_ARN, "old", 900)
    with pytest.raises(AwsError, match="The security token included in the request is expired"):
        iam.caller_of(old.access_key_id)


def test_key_of_a_forgotten_session_is_nobodys(api: Any) -> None:
    with time_machine.travel(0):
        old = iam.session_credentials(ACCOUNT, ROLE_ARN, "old", 900)
    iam.session_credentials(ACCOUNT, ROLE_ARN, "new", 900)
    with pytest.raises(AwsError, match="The security token included in the request is invalid"):
        iam.caller_of(old.access_key_id)


def test_key_that_was_deleted_or_is_inactive_is_nobodys(api: Any) -> None:
    api.create_user(UserName="ada")
    key, other = (api.create_access_key(UserName="ada")["AccessKey"]["AccessKeyId"] for _ in range(2))
    api.delete_access_key(UserName="ada", AccessKeyId=key)
    api.update_access_key(UserName="ada", AccessKeyId=other, Status="Inactive")
    for gone in (key, other):
        with pytest.raises(AwsError, match="The security token included in the request is invalid"):
            iam.caller_of(gone)


def test_group_gets_a_new_path_under_its_own_name_and_a_new_name(api: Any) -> None:
    api.create_group(GroupName="students")
    api.update_group(GroupName="students", NewGroupName="students", NewPath="/lab/")
    assert api.get_group(GroupName="students")["Group"]["Path"] == "/lab/"
    api.update_group(GroupName="students", NewGroupName="learners")
    assert [group["GroupName"] for group in api.list_groups()["Groups"]] == ["learners"]


def test_access_key_of_a_user_is_recognised(api: Any) -> None:
    arn = api.create_user(UserName="ada")["User"]["Arn"]
    key = api.create_access_key(UserName="ada")["AccessKey"]["AccessKeyId"]
    assert iam.caller_of(key).arn == arn


def test_any_other_key_is_the_accounts_administrator(client: Callable[..., Any]) -> None:
    assert iam.caller_of("test").arn == f"arn:aws:iam::{ACCOUNT}:root"
    assert client("sts").get_caller_identity()["Account"] == ACCOUNT
