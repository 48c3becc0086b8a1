"""Lambda's resource policies."""

from __future__ import annotations

from typing import Any

import pytest

from labcloud.iam import Cause, invoke_allowed
from tests.iam.support import ACCOUNT, document

FUNCTION = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:ac_control_lambda"
RULE = f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/every_minute"


def permission(
    principal: str, action: str = "lambda:InvokeFunction", resource: str = FUNCTION, **condition: Any
) -> Any:
    statement = {
        "Sid": "AllowEvents",
        "Effect": "Allow",
        "Principal": {"Service": principal},
        "Action": action,
        "Resource": resource,
    }
    return document({**statement, "Condition": condition} if condition else statement)


def invoke(policy: Any, source_arn: str | None = RULE, account: str | None = ACCOUNT) -> Any:
    return invoke_allowed(policy, "events.amazonaws.com", source_arn, account, function_arn=FUNCTION)


def test_a_permission_for_the_service_is_enough() -> None:
    assert invoke(permission("events.amazonaws.com")).allowed


def test_a_permission_for_the_source_is_enough() -> None:
    guarded = permission(
        "events.amazonaws.com",
        ArnLike={"AWS:SourceArn": f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/*"},
        StringEquals={"AWS:SourceAccount": ACCOUNT},
    )
    assert invoke(guarded).allowed


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (
            None,
            "function ac_control_lambda has no permission for events.amazonaws.com: it has no resource policy at all",
        ),
        (
            permission("iot.amazonaws.com"),
            f"function ac_control_lambda has no permission for events.amazonaws.com from {RULE}: "
            "its permissions are for iot.amazonaws.com",
        ),
        (
            permission("events.amazonaws.com", ArnLike={"AWS:SourceArn": RULE + "2"}),
            f"function ac_control_lambda has no permission for events.amazonaws.com from {RULE}: "
            f"statement AllowEvents: the permission is for source ARN {RULE}2, not {RULE}",
        ),
        (
            permission("events.amazonaws.com", StringEquals={"AWS:SourceAccount": "1" * 12}),
            f"function ac_control_lambda has no permission for events.amazonaws.com from {RULE}: "
            f"statement AllowEvents: the permission is for source account 111111111111, not {ACCOUNT}",
        ),
        (
            permission("events.amazonaws.com", action="lambda:GetFunction"),
            f"function ac_control_lambda has no permission for events.amazonaws.com from {RULE}: "
            "statement AllowEvents permits it lambda:GetFunction, not lambda:InvokeFunction",
        ),
        (
            permission("events.amazonaws.com", resource=FUNCTION + ":live"),
            f"function ac_control_lambda has no permission for events.amazonaws.com from {RULE}: "
            f"statement AllowEvents is for {FUNCTION}:live, not {FUNCTION}",
        ),
    ],
)
def test_a_refusal_says_what_is_wrong(policy: Any, reason: str) -> None:
    assert invoke(policy).reason == reason


def test_a_source_that_is_not_given_does_not_match() -> None:
    guarded = permission("events.amazonaws.com", ArnLike={"AWS:SourceArn": RULE})
    assert invoke(guarded, source_arn=None).reason.endswith(f"the permission is for source ARN {RULE}, not none")


def test_a_deny_wins() -> None:
    both = permission("events.amazonaws.com")
    both["Statement"].append({**both["Statement"][0], "Sid": "No", "Effect": "Deny"})
    assert invoke(both).cause is Cause.EXPLICIT_DENY
    assert invoke(both).reason.endswith("explicitly denied by statement No")
