"""The evaluation logic within one account, and its sentences."""

from __future__ import annotations

from typing import Any

import pytest

from labcloud.iam import AccessRequest, Cause, Missing, access_denied_message, evaluate, parse_policy
from tests.iam.support import ACCOUNT, OTHER_TABLE, ROLE, TABLE, allow, deny, document, policy

PUT = AccessRequest(ROLE, "dynamodb:PutItem", TABLE)
SESSION_ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/iot_role/rule"
USER = f"arn:aws:iam::{ACCOUNT}:user/ann"


def test_nothing_is_allowed_by_default() -> None:
    decision = evaluate(PUT)
    assert not decision.allowed
    assert decision.missing == Missing("dynamodb:PutItem", TABLE)
    assert decision.reason == f"role iot_role lacks dynamodb:PutItem on {TABLE}: no policy is attached to it"


def test_an_allow_names_what_decided() -> None:
    decision = evaluate(PUT, [("store", policy(allow("dynamodb:*", TABLE, Sid="Put")))])
    assert decision.allowed
    assert decision.decided_by == "store statement Put"
    assert decision.reason == f"policy store statement Put allows dynamodb:PutItem on {TABLE}"


def test_action_names_ignore_case_and_resources_do_not() -> None:
    assert evaluate(PUT, [("p", policy(allow("DynamoDB:putitem", TABLE)))]).allowed
    lower = TABLE.replace("Temperature", "temperature")
    refused = evaluate(PUT, [("p", policy(allow("dynamodb:PutItem", lower)))])
    assert refused.reason.endswith("(upper and lower case differ)")


def test_an_explicit_deny_wins_over_every_allow() -> None:
    decision = evaluate(PUT, [("all", policy(allow("*"))), ("no", policy(deny("dynamodb:Put*", Sid="Never")))])
    assert decision.cause is Cause.EXPLICIT_DENY
    assert decision.reason == (
        f"role iot_role may not do dynamodb:PutItem on {TABLE}: explicitly denied by policy no statement Never"
    )


def test_not_action_and_not_resource_are_everything_else() -> None:
    everything_but = {"Effect": "Allow", "NotAction": "iam:*", "NotResource": OTHER_TABLE}
    assert evaluate(PUT, [("p", policy(everything_but))]).allowed
    other = AccessRequest(ROLE, "dynamodb:PutItem", OTHER_TABLE)
    assert evaluate(other, [("p", policy(everything_but))]).reason.endswith(
        f"policy p allows dynamodb:PutItem on everything but {OTHER_TABLE}"
    )


@pytest.mark.parametrize(
    ("statement", "near_miss"),
    [
        (
            allow("dynamodb:PutItem", OTHER_TABLE),
            f"policy p allows dynamodb:PutItem only on {OTHER_TABLE}",
        ),
        (
            allow("dynamodb:PutItem", TABLE.replace("eu-west-1", "us-east-1")),
            "(the Region differs: eu-west-1 is needed)",
        ),
        (allow("dynamodb:PutItem", TABLE.replace(ACCOUNT, "1" * 12)), f"(the account differs: {ACCOUNT} is needed)"),
        (
            allow(["dynamodb:GetItem", "dynamodb:Query"], TABLE),
            "policy p allows only dynamodb:GetItem, dynamodb:Query there",
        ),
        (allow("dynamodb:PutItems", TABLE), "policy p allows dynamodb:PutItems, did you mean dynamodb:PutItem?"),
        (allow("dynamo:PutItem", TABLE), "policy p allows dynamo:PutItem, did you mean dynamodb:PutItem?"),
        (allow("s3:GetObject"), "its only policy, p, does not name the action"),
        (
            allow("dynamodb:PutItem", TABLE, Condition={"StringEquals": {"aws:RequestedRegion": "us-east-1"}}),
            "policy p statement 1 would allow it, but condition StringEquals on aws:RequestedRegion "
            "wants us-east-1, the request has no such key",
        ),
    ],
)
def test_a_near_miss_is_named(statement: dict[str, Any], near_miss: str) -> None:
    reason = evaluate(PUT, [("p", policy(statement))]).reason
    assert reason.startswith(f"role iot_role lacks dynamodb:PutItem on {TABLE}: ")
    assert reason.endswith(near_miss)


@pytest.mark.parametrize(
    ("action", "needed", "allowed", "hint"),
    [
        ("s3:GetObject", "arn:aws:s3:::b/k", "arn:aws:s3:::b", "that is not what is below it, which b/* would be"),
        (
            "iot:Subscribe",
            "arn:aws:iot:eu-west-1:1:topicfilter/a",
            "arn:aws:iot:eu-west-1:1:topic/a",
            "this action needs topicfilter/…, not topic/…",
        ),
    ],
)
def test_what_differs_between_two_arns_is_said(action: str, needed: str, allowed: str, hint: str) -> None:
    refused = evaluate(AccessRequest(ROLE, action, needed), [("p", policy(allow(action, allowed)))])
    assert refused.reason.endswith(f"({hint})")


def test_a_boundary_limits_what_policies_allow() -> None:
    identity = [("p", policy(allow("dynamodb:*")))]
    assert evaluate(PUT, identity, boundary=("limit", policy(allow("dynamodb:PutItem")))).allowed
    refused = evaluate(PUT, identity, boundary=("limit", policy(allow("s3:*"))))
    assert refused.layer == "permissions boundary"
    assert "because of its permissions boundary" in refused.reason


def test_a_boundary_allows_nothing_by_itself() -> None:
    assert not evaluate(PUT, boundary=("limit", policy(allow("*")))).allowed


def test_a_session_policy_limits_and_an_empty_list_allows_nothing() -> None:
    identity = [("p", policy(allow("dynamodb:*")))]
    assert evaluate(PUT, identity, session_policies=[("s", policy(allow("*")))]).allowed
    assert evaluate(PUT, identity, session_policies=[]).layer == "session"


def resource_policy(principal: Any, effect: str = "Allow") -> list[tuple[str, Any]]:
    written = {"Effect": effect, "Principal": principal, "Action": "dynamodb:PutItem", "Resource": TABLE}
    return [("table", parse_policy(document(written), "resource"))]


@pytest.mark.parametrize(
    ("principal_arn", "principal", "allowed"),
    [
        (ROLE, "*", True),
        (ROLE, {"AWS": ROLE}, True),
        (SESSION_ARN, {"AWS": ROLE}, True),
        (SESSION_ARN, {"AWS": SESSION_ARN}, True),
        (USER, {"AWS": USER}, True),
        (USER, {"AWS": ROLE}, False),
        (USER, {"AWS": ACCOUNT}, False),
        (USER, {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, False),
        ("events.amazonaws.com", {"Service": "events.amazonaws.com"}, True),
        ("events.amazonaws.com", {"Service": "iot.amazonaws.com"}, False),
    ],
)
def test_a_resource_policy_alone_allows_whom_it_names(principal_arn: str, principal: Any, allowed: bool) -> None:
    request = AccessRequest(principal_arn, "dynamodb:PutItem", TABLE)
    assert evaluate(request, resource_policies=resource_policy(principal)).allowed is allowed


def test_a_resource_policy_denies_the_whole_account() -> None:
    refused = evaluate(PUT, [("p", policy(allow("*")))], resource_policy({"AWS": ACCOUNT}, "Deny"))
    assert (refused.cause, refused.layer) == (Cause.EXPLICIT_DENY, "resource-based")


def test_a_boundary_holds_back_a_named_role_but_not_its_named_session() -> None:
    boundary = ("limit", policy(allow("s3:*")))
    request = AccessRequest(SESSION_ARN, "dynamodb:PutItem", TABLE)
    assert not evaluate(request, resource_policies=resource_policy({"AWS": ROLE}), boundary=boundary).allowed
    assert evaluate(request, resource_policies=resource_policy({"AWS": SESSION_ARN}), boundary=boundary).allowed


@pytest.mark.parametrize(
    ("options", "ending"),
    [
        ({}, "because no identity-based policy allows the dynamodb:PutItem action"),
        ({"identity_policies": [("n", policy(deny("*")))]}, "with an explicit deny in an identity-based policy"),
        (
            {"identity_policies": [("p", policy(allow("*")))], "boundary": ("b", policy(allow("s3:*")))},
            "because no permissions boundary allows the dynamodb:PutItem action",
        ),
        (
            {"identity_policies": [("p", policy(allow("*")))], "boundary": ("b", policy(deny("*")))},
            "with an explicit deny in a permissions boundary",
        ),
        (
            {"identity_policies": [("p", policy(allow("*")))], "session_policies": []},
            "because no session policy allows the dynamodb:PutItem action",
        ),
        ({"resource_policies": resource_policy("*", "Deny")}, "with an explicit deny in a resource-based policy"),
    ],
)
def test_access_denied_has_aws_words(options: dict[str, Any], ending: str) -> None:
    message = access_denied_message(SESSION_ARN, "dynamodb:PutItem", TABLE, evaluate(PUT, **options))
    assert message == (
        f"User: {SESSION_ARN} is not authorized to perform: dynamodb:PutItem on resource: {TABLE} {ending}"
    )


@pytest.mark.parametrize(
    ("principal_arn", "key", "value"),
    [
        (USER, "aws:username", "ann"),
        (USER, "aws:PrincipalType", "User"),
        (SESSION_ARN, "aws:PrincipalArn", ROLE),
        (ROLE, "aws:PrincipalAccount", ACCOUNT),
        ("iot.amazonaws.com", "aws:PrincipalServiceName", "iot.amazonaws.com"),
    ],
)
def test_keys_that_follow_from_the_principal_are_known(principal_arn: str, key: str, value: str) -> None:
    guarded = policy(allow("dynamodb:PutItem", TABLE, Condition={"StringEquals": {key: value}}))
    assert evaluate(AccessRequest(principal_arn, "dynamodb:PutItem", TABLE), [("p", guarded)]).allowed


def test_a_users_own_folder() -> None:
    own = policy(allow("s3:GetObject", "arn:aws:s3:::homes/${aws:username}/*"))
    assert evaluate(AccessRequest(USER, "s3:GetObject", "arn:aws:s3:::homes/ann/x"), [("own", own)]).allowed
    assert not evaluate(AccessRequest(USER, "s3:GetObject", "arn:aws:s3:::homes/bob/x"), [("own", own)]).allowed
