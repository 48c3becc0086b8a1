from __future__ import annotations

from typing import Any

import pytest
from botocore.model import Shape
from moto.core.utils import get_service_model

from labcloud.motobase.constraints import compiled, complaint


def shape(operation: str) -> Shape:
    return get_service_model("iot").operation_model(operation).input_shape


def told(operation: str, **parameters: Any) -> str | None:
    return complaint(shape(operation), parameters)


@pytest.mark.parametrize("service", ["iot", "quicksight"])
def test_every_pattern_of_the_model_compiles(service: str) -> None:
    model = get_service_model(service)
    patterns = {model.shape_for(name).metadata.get("pattern") for name in model.shape_names} - {None}
    for pattern in patterns:
        compiled(pattern)


def test_good_parameters_are_not_complained_about() -> None:
    assert told("CreateThing", thingName="lamp:1_a-b") is None


def test_missing_member_is_null() -> None:
    assert told("CreateThing") == (
        "1 validation error detected: Value null at 'thingName' failed to satisfy constraint: Member must not be null"
    )


def test_pattern_has_to_match_the_whole_text() -> None:
    assert "regular expression pattern" in (told("CreateThing", thingName="lamp!") or "")


def test_lengths_are_checked_at_both_ends() -> None:
    assert "length less than or equal to 128" in (told("CreateThing", thingName="x" * 129) or "")
    assert "length greater than or equal to 64" in (told("DescribeCertificate", certificateId="ab") or "")


def test_numbers_outside_the_range_are_named() -> None:
    text = told(
        "CreateRoleAlias", roleAlias="a", roleArn="arn:aws:iam::123456789012:role/r", credentialDurationSeconds=1
    )
    assert text == (
        "1 validation error detected: Value '1' at 'credentialDurationSeconds' failed to satisfy constraint: "
        "Member must have value greater than or equal to 900"
    )


def test_members_inside_lists_have_a_path() -> None:
    text = told("CreateTopicRule", ruleName="r", topicRulePayload={"sql": "s", "actions": [{"republish": {}}]})
    assert "Value null at 'topicRulePayload.actions.1.member.republish.roleArn'" in (text or "")


def test_several_faults_are_told_at_once() -> None:
    text = told("CreateTopicRule", ruleName="a b", topicRulePayload={"actions": []})
    assert (text or "").startswith("2 validation errors detected: ")


def test_ignored_members_are_left_alone() -> None:
    assert complaint(shape("CreateThing"), {"thingName": "a b"}, frozenset({"thingName"})) is None
