from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from moto.iot.models import iot_backends

from labcloud.motobase import iot_reads
from tests.motobase.conftest import ACCOUNT, REGION
from tests.motobase.test_iot import ALLOW, SELECT


@pytest.fixture
def api(client: Callable[..., Any]) -> Any:
    return client("iot")


@pytest.fixture
def arn(api: Any) -> str:
    """The ARN of an active certificate with the policy "own" and the thing "lamp" in the group "kitchen" in "house"."""
    arn = api.create_keys_and_certificate(setAsActive=True)["certificateArn"]
    for name, target in (("own", arn), ("shared", None)):
        api.create_policy(policyName=name, policyDocument=ALLOW)
        if target:
            api.attach_policy(policyName=name, target=target)
    house = api.create_thing_group(thingGroupName="house")["thingGroupArn"]
    api.create_thing_group(thingGroupName="kitchen", parentGroupName="house")
    api.attach_policy(policyName="shared", target=house)
    api.create_thing(thingName="lamp", attributePayload={"attributes": {"room": "kitchen"}})
    api.add_thing_to_thing_group(thingGroupName="kitchen", thingName="lamp")
    api.attach_thing_principal(thingName="lamp", principal=arn)
    return arn


def test_certificate_is_found_in_any_region(arn: str) -> None:
    found = iot_reads.certificate_of(None, None, arn.split("/")[1])
    assert (found.arn, found.status, found.account_id, found.region) == (arn, "ACTIVE", ACCOUNT, REGION)
    assert iot_reads.certificate_of(ACCOUNT, "us-east-1", arn.split("/")[1]) is None


def test_policies_of_a_certificate_are_read_in_their_default_version(api: Any, arn: str) -> None:
    deny = ALLOW.replace("Allow", "Deny")
    api.create_policy_version(policyName="own", policyDocument=deny, setAsDefault=True)
    assert [policy.document for policy in iot_reads.policies_of(arn)] == [json.loads(deny)]


def test_policies_of_groups_count_for_the_things_own_client_id(arn: str) -> None:
    assert [policy.name for policy in iot_reads.policies_of(arn, "lamp")] == ["own", "shared"]
    assert [policy.name for policy in iot_reads.policies_of(arn, "other")] == ["own"]


def test_thing_is_read_with_its_principals(arn: str) -> None:
    assert iot_reads.things_of(arn) == ["lamp"]
    lamp = iot_reads.thing(ACCOUNT, REGION, "lamp")
    assert (lamp.attributes, lamp.type_name, lamp.principals) == ({"room": "kitchen"}, None, (arn,))


def test_rules_are_read_with_their_actions(api: Any) -> None:
    api.create_topic_rule(ruleName="hot", topicRulePayload=SELECT | {"ruleDisabled": True})
    (rule,) = iot_reads.topic_rules(ACCOUNT, REGION)
    assert (rule.name, rule.sql, rule.disabled, rule.error_action) == ("hot", SELECT["sql"], True, None)
    assert iot_reads.topic_rule_places() == [(ACCOUNT, REGION)]


def test_reading_makes_no_backends(cloud_url: str) -> None:
    assert iot_reads.certificate_of("999999999999", "eu-west-3", "0" * 64) is None
    assert iot_reads.topic_rules("999999999999", "eu-west-3") == []
    assert iot_reads.policies_of("arn:aws:iot:eu-west-3:999999999999:cert/x") == []
    assert "999999999999" not in iot_backends
