"""Event patterns, case by case."""

from __future__ import annotations

import json
from typing import Any

import pytest

from labcloud.errors import AwsError
from labcloud.events.pattern import EventPattern

EVENT = {
    "source": "house",
    "detail-type": "reading",
    "resources": ["arn:a", "arn:b"],
    "detail": {
        "room": "Kitchen",
        "temperature": 31.5,
        "door": None,
        "open": True,
        "empty": "",
        "ip": "10.0.7.9",
        "path": "a/b*c/d",
        "sensors": [{"id": 1, "name": "x"}, {"id": 2, "name": "y"}],
        "inner": {"leaf": 1},
    },
}


def matches(**detail: Any) -> bool:
    return EventPattern(json.dumps({"detail": detail})).matches(EVENT)


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ({"room": ["Kitchen"]}, True),
        ({"room": ["kitchen"]}, False),
        ({"room": ["x", "Kitchen"]}, True),
        ({"room": ["Kitchen"], "temperature": [31.5]}, True),
        ({"room": ["Kitchen"], "temperature": [30]}, False),
        ({"door": [None]}, True),
        ({"open": [None]}, False),
        ({"open": [True]}, True),
        ({"open": [1]}, False),
        ({"empty": [""]}, True),
        ({"missing": [None]}, False),
        ({"room": [{"prefix": "Kit"}]}, True),
        ({"room": [{"prefix": {"equals-ignore-case": "kIT"}}]}, True),
        ({"room": [{"suffix": "chen"}]}, True),
        ({"room": [{"suffix": "x"}]}, False),
        ({"room": [{"equals-ignore-case": "KITCHEN"}]}, True),
        ({"room": [{"anything-but": "Kitchen"}]}, False),
        ({"room": [{"anything-but": ["a", "b"]}]}, True),
        ({"temperature": [{"anything-but": 31.5}]}, False),
        ({"room": [{"anything-but": {"prefix": "Kit"}}]}, False),
        ({"room": [{"anything-but": {"suffix": ["x", "y"]}}]}, True),
        ({"missing": [{"anything-but": "x"}]}, False),
        ({"temperature": [{"numeric": [">", 31, "<=", 31.5]}]}, True),
        ({"temperature": [{"numeric": ["=", 31]}]}, False),
        ({"open": [{"numeric": ["=", 1]}]}, False),
        ({"missing": [{"exists": False}]}, True),
        ({"room": [{"exists": False}]}, False),
        ({"door": [{"exists": True}]}, True),
        ({"inner": [{"exists": True}]}, False),
        ({"ip": [{"cidr": "10.0.0.0/16"}]}, True),
        ({"room": [{"cidr": "10.0.0.0/16"}]}, False),
        ({"room": [{"wildcard": "K*n"}]}, True),
        ({"path": [{"wildcard": "a/b\\*c/*"}]}, True),
        ({"sensors": {"id": [2]}}, True),
        ({"sensors": {"id": [3]}}, False),
        ({"inner": {"leaf": [1]}}, True),
        ({"$or": [{"room": ["x"]}, {"temperature": [{"numeric": [">", 31]}]}]}, True),
        ({"$or": [{"room": ["x"]}, {"temperature": [1]}]}, False),
    ],
    ids=lambda value: json.dumps(value),
)
def test_pattern_matches_as_the_user_guide_says(detail: dict[str, Any], expected: bool) -> None:
    assert matches(**detail) is expected


def test_one_element_of_an_array_suffices() -> None:
    assert EventPattern('{"resources": ["arn:b"]}').matches(EVENT)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "Invalid JSON"),
        ("{}", "Empty filter"),
        ('"x"', "Filter is not an object"),
        ('{"source": "house"}', '"source" must be an object or an array'),
        ('{"source": []}', "Empty arrays are not allowed"),
        ('{"detail": {}}', "Empty objects are not allowed"),
        ('{"source": [["a"]]}', "holds an array in its array"),
        ('{"source": [{"prefiks": "a"}]}', "Unrecognized match type prefiks"),
        ('{"source": [{"prefix": 1}]}', "prefix match pattern must be a string"),
        ('{"a": [{"exists": "yes"}]}', "exists match pattern must be either true or false"),
        ('{"a": [{"numeric": ["!", 1]}]}', "Unrecognized numeric range operator: !"),
        ('{"a": [{"prefix": "a", "suffix": "b"}]}', "Only one key allowed in match expression"),
        ('{"a": [1], "a": [2]}', "a key occurs twice"),
        ('{"a": [{"wildcard": "a**"}]}', "Consecutive wildcard characters"),
        ('{"a": [{"cidr": "300.0.0.0/8"}]}', "Malformed CIDR"),
    ],
)
def test_invalid_pattern_says_why(text: str, reason: str) -> None:
    with pytest.raises(AwsError, match="Event pattern is not valid. Reason: ") as refused:
        EventPattern(text)
    assert reason in refused.value.message
    assert refused.value.code == "InvalidEventPatternException"
