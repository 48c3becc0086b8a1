"""What a target gets of an event."""

from __future__ import annotations

import json
from typing import Any

import pytest

from labcloud.errors import AwsError
from labcloud.events.transform import check_input, input_for

EVENT = {
    "id": "1",
    "time": "2026-01-01T00:00:00Z",
    "source": "house",
    "resources": ["arn:a"],
    "detail": {"room": 'the "hall"', "temperature": 31.5, "tags": ["a", "b"]},
}


def given(**target: Any) -> str:
    return input_for(target, EVENT, "hot", "arn:rule/hot")


def test_event_constant_and_part() -> None:
    assert json.loads(given()) == EVENT
    assert given(Input='{"a":1}') == '{"a":1}'
    assert given(InputPath="$.detail.tags[1]") == '"b"'
    assert given(InputPath="$.resources") == '["arn:a"]'
    assert given(InputPath="$.nothing") == "{}"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ('{"r": <room>, "t": <temperature>}', '{"r": "the \\"hall\\"", "t": 31.5}'),
        ('"<room> has <temperature>"', '"the \\"hall\\" has 31.5"'),
        ('{"all": "<tags>"}', '{"all": "[\\"a\\",\\"b\\"]"}'),
        ('{"all": <tags>}', '{"all": ["a","b"]}'),
        ('"<missing>"', '""'),
        ('"<aws.events.rule-name> <aws.events.rule-arn>"', '"hot arn:rule/hot"'),
    ],
)
def test_template_is_filled_in(template: str, expected: str) -> None:
    paths = {name: f"$.detail.{name}" for name in ("room", "temperature", "tags", "missing")}
    assert given(InputTransformer={"InputPathsMap": paths, "InputTemplate": template}) == expected


def test_whole_event_can_be_put_into_a_template() -> None:
    filled = json.loads(given(InputTransformer={"InputTemplate": '{"e": <aws.events.event.json>}'}))
    assert filled["e"] == EVENT


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ({"Input": "{"}, "JSON syntax error in input for target t"),
        ({"Input": "1", "InputPath": "$"}, "Only one of Input, InputPath, or InputTransformer"),
        ({"InputPath": "detail"}, "Invalid InputPath for target t"),
        ({"InputTransformer": {"InputPathsMap": {"a": "x"}, "InputTemplate": "<a>"}}, "x is not a JSON path"),
        ({"InputTransformer": {"InputTemplate": "<a>"}}, "no path is given for a"),
        ({"InputTransformer": {"InputPathsMap": {"awsx": "$.a"}, "InputTemplate": "1"}}, "begins with AWS"),
    ],
)
def test_input_that_cannot_be_made_is_refused(target: dict[str, Any], reason: str) -> None:
    with pytest.raises(AwsError, match="target t") as refused:
        check_input({"Id": "t", **target})
    assert reason in refused.value.message
