"""Trust policies and what services do through roles."""

from __future__ import annotations

import json

import pytest

from labcloud.errors import Refused
from labcloud.iam import Cause, RolePolicies, access_denied_message, decide_for_role, trusts
from labcloud.roles import Roles
from tests.iam.support import ACCOUNT, ROLE, TABLE, allow, deny, document, trust

RULE = f"arn:aws:iot:eu-west-1:{ACCOUNT}:rule/store"


def role(trusted: dict, *statements: dict, boundary: dict | None = None) -> RolePolicies:
    identity = [("store", json.dumps(document(*statements)))] if statements else []
    return RolePolicies("iot_role", ROLE, json.dumps(trusted), identity, boundary and ("limit", json.dumps(boundary)))


def test_a_trusted_service_does_what_the_role_may() -> None:
    decision = decide_for_role(
        role(trust("iot.amazonaws.com"), allow("dynamodb:PutItem", TABLE)),
        "iot.amazonaws.com",
        "dynamodb:PutItem",
        TABLE,
    )
    assert decision.allowed


def test_a_refusal_names_whom_the_role_trusts() -> None:
    trusting_lambda = role(trust("lambda.amazonaws.com"), allow("*"))
    decision = decide_for_role(trusting_lambda, "iot.amazonaws.com", "dynamodb:PutItem", TABLE)
    assert decision.cause is Cause.TRUST
    assert decision.reason == ("role iot_role cannot be assumed by iot.amazonaws.com: it trusts lambda.amazonaws.com")


def test_a_missing_permission_names_the_role() -> None:
    decision = decide_for_role(role(trust("iot.amazonaws.com")), "iot.amazonaws.com", "dynamodb:PutItem", TABLE)
    assert decision.reason == f"role iot_role lacks dynamodb:PutItem on {TABLE}: no policy is attached to it"


def test_the_boundary_of_the_role_counts() -> None:
    limited = role(trust("iot.amazonaws.com"), allow("*"), boundary=document(deny("dynamodb:*")))
    decision = decide_for_role(limited, "iot.amazonaws.com", "dynamodb:PutItem", TABLE)
    assert decision.reason.endswith("explicitly denied by policy limit statement 1")


def test_a_policy_that_is_not_valid_allows_nothing_and_is_named() -> None:
    broken = RolePolicies("iot_role", ROLE, trust("iot.amazonaws.com"), [("store", "{}")])
    decision = decide_for_role(broken, "iot.amazonaws.com", "dynamodb:PutItem", TABLE)
    assert not decision.allowed
    assert "policy store is not valid: Statement must be a statement or a list of at least one" in decision.reason


def test_the_confused_deputy_conditions_of_a_trust_policy() -> None:
    guarded = trust("iot.amazonaws.com", Condition={"ArnLike": {"aws:SourceArn": RULE}})
    assert trusts(guarded, "iot.amazonaws.com", {"aws:SourceArn": RULE}).allowed
    refused = trusts(guarded, "iot.amazonaws.com", {"aws:SourceArn": RULE + "2"}, role_name="iot_role")
    assert refused.reason == (
        "role iot_role cannot be assumed by iot.amazonaws.com: "
        f"condition ArnLike on aws:SourceArn wants {RULE}, the request has {RULE}2"
    )


def test_another_action_in_the_trust_policy_is_named() -> None:
    wrong = document(
        {"Effect": "Allow", "Principal": {"Service": "iot.amazonaws.com"}, "Action": "sts:GetSessionToken"}
    )
    assert trusts(wrong, "iot.amazonaws.com").reason.endswith(
        "it trusts it for sts:GetSessionToken, not for sts:AssumeRole"
    )


def test_a_trust_policy_may_deny() -> None:
    service = {"Principal": {"Service": "iot.amazonaws.com"}, "Action": "sts:AssumeRole"}
    both = document({"Effect": "Allow", **service}, {"Effect": "Deny", "Sid": "No", **service})
    assert trusts(both, "iot.amazonaws.com").reason.endswith("its trust policy denies it explicitly in statement No")


def test_nobody_and_an_invalid_document_are_said() -> None:
    only_deny = document({"Effect": "Deny", "Principal": "*", "Action": "sts:TagSession"})
    assert trusts(only_deny, "iot.amazonaws.com").reason.endswith("it trusts nobody")
    assert "its trust policy is not valid: not JSON" in trusts("nonsense", "iot.amazonaws.com").reason


def test_a_user_of_the_account_may_be_trusted() -> None:
    account = document({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"})
    assert trusts(account, f"arn:aws:iam::{ACCOUNT}:user/ann").allowed
    assert not trusts(account, "arn:aws:iam::999999999999:user/ann").allowed


def test_assume_role_is_refused_in_aws_words() -> None:
    caller = f"arn:aws:iam::{ACCOUNT}:user/ann"
    decision = trusts(trust("iot.amazonaws.com"), caller)
    assert access_denied_message(caller, "sts:AssumeRole", ROLE, decision) == (
        f"User: {caller} is not authorized to perform: sts:AssumeRole on resource: {ROLE} "
        "because no resource-based policy allows the sts:AssumeRole action"
    )


def roles_of(kept: dict[str, RolePolicies]) -> Roles:
    """Roles of an account without users, queries and names."""
    return Roles(kept.get, lambda arn: None, lambda query: [], lambda scope: lambda kind, name: None)


def test_what_a_role_may_do_is_remembered_until_iam_changes() -> None:
    kept = {ROLE: role(trust("iot.amazonaws.com"), allow("dynamodb:PutItem", TABLE))}
    roles = roles_of(kept)
    asked = (ROLE, "iot.amazonaws.com", "dynamodb:PutItem", TABLE, {"aws:SourceArn": RULE})
    roles.require(*asked)
    kept[ROLE] = role(trust("iot.amazonaws.com"))
    roles.require(*asked)
    roles.forget()
    with pytest.raises(Refused, match="not authorized to perform: dynamodb:PutItem"):
        roles.require(*asked)


def test_what_was_allowed_for_one_rule_is_not_for_another() -> None:
    guarded = trust("iot.amazonaws.com", Condition={"ArnLike": {"aws:SourceArn": RULE}})
    roles = roles_of({ROLE: role(guarded, allow("dynamodb:PutItem", TABLE))})
    roles.require(ROLE, "iot.amazonaws.com", "dynamodb:PutItem", TABLE, {"aws:SourceArn": RULE})
    with pytest.raises(Refused):
        roles.require(ROLE, "iot.amazonaws.com", "dynamodb:PutItem", TABLE, {"aws:SourceArn": RULE + "2"})
