"""Condition operators: one row a behaviour."""

from __future__ import annotations

from typing import Any

import pytest

from labcloud.iam.conditions import parse_condition
from labcloud.iam.context import Context
from labcloud.iam.operators import OPERATORS

ARN = "arn:aws:iot:eu-west-1:123456789012:rule/store"

ROWS: list[tuple[str, Any, Any, bool]] = [
    # operator, policy values, request values (None: no such key), holds
    ("StringEquals", ["a", "b"], "b", True),
    ("StringEquals", ["a"], "A", False),
    ("StringEquals", ["a*"], "ab", False),
    ("StringEquals", ["a"], None, False),
    ("StringNotEquals", ["a", "b"], "b", False),
    ("StringNotEquals", ["a"], "c", True),
    ("StringNotEquals", ["a"], None, True),
    ("StringEqualsIgnoreCase", ["AbC"], "aBc", True),
    ("StringNotEqualsIgnoreCase", ["AbC"], "aBc", False),
    ("StringLike", ["home/*/?"], "home/x/1", True),
    ("StringLike", ["home/*"], "away", False),
    ("StringNotLike", ["home/*"], "away", True),
    ("NumericEquals", ["10"], "10.0", True),
    ("NumericNotEquals", ["10"], "11", True),
    ("NumericLessThan", ["10"], 9, True),
    ("NumericLessThan", ["10"], 10, False),
    ("NumericLessThanEquals", ["10"], 10, True),
    ("NumericGreaterThan", ["10"], 11, True),
    ("NumericGreaterThanEquals", ["10"], "x", False),
    ("DateEquals", ["2026-01-01T00:00:00Z"], "1767225600", True),
    ("DateNotEquals", ["2026-01-01"], "2026-01-02", True),
    ("DateLessThan", ["2026-01-01T00:00:00Z"], "2025-12-31T23:59:59Z", True),
    ("DateLessThanEquals", ["2026-01-01T01:00:00+01:00"], "2026-01-01T00:00:00Z", True),
    ("DateGreaterThan", ["2026-01-01T00:00:00Z"], "2025-01-01T00:00:00Z", False),
    ("DateGreaterThanEquals", ["2026-01-01"], "2026-01-01T00:00:00Z", True),
    ("Bool", ["true"], True, True),
    ("Bool", ["False"], "false", True),
    ("Bool", ["true"], None, False),
    ("BinaryEquals", ["QmluYXJ5"], "QmluYXJ5", True),
    ("IpAddress", ["203.0.113.0/24"], "203.0.113.7", True),
    ("IpAddress", ["203.0.113.0/24"], "198.51.100.7", False),
    ("IpAddress", ["2001:db8::/32"], "2001:db8::1", True),
    ("NotIpAddress", ["203.0.113.0/24"], "198.51.100.7", True),
    ("ArnEquals", ["arn:aws:iot:*:123456789012:rule/*"], ARN, True),
    ("ArnLike", ["arn:aws:iot:*:rule/*"], ARN, False),
    ("ArnNotEquals", [ARN], ARN, False),
    ("ArnNotLike", ["arn:aws:iot:*:*:topic/*"], ARN, True),
    ("Null", ["true"], None, True),
    ("Null", ["true"], "there", False),
    ("Null", ["false"], "there", True),
    ("StringEqualsIfExists", ["a"], None, True),
    ("StringEqualsIfExists", ["a"], "b", False),
    ("ForAllValues:StringEquals", ["a", "b"], ["a"], True),
    ("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], False),
    ("ForAllValues:StringEquals", ["a"], None, True),
    ("ForAllValues:StringNotEquals", ["a"], ["b", "c"], True),
    ("ForAllValues:StringNotEquals", ["a"], ["a", "c"], False),
    ("ForAnyValue:StringEquals", ["a", "b"], ["c", "b"], True),
    ("ForAnyValue:StringEquals", ["a"], None, False),
    ("ForAnyValue:StringNotEquals", ["a"], ["a", "b"], True),
    ("ForAnyValue:StringNotEquals", ["a"], None, False),
    ("ForAnyValue:StringLikeIfExists", ["a"], None, True),
]


@pytest.mark.parametrize(("operator", "values", "given", "holds"), ROWS)
def test_operator(operator: str, values: list[str], given: Any, holds: bool) -> None:
    condition = parse_condition(operator, "aws:Key", tuple(values), variables=True)
    context = Context({} if given is None else {"aws:Key": given})
    assert condition.holds(context) is holds


def test_every_operator_has_a_row() -> None:
    plain = {operator.partition(":")[2] or operator for operator, *_ in ROWS}
    assert set(OPERATORS) | {"Null"} <= {name.removesuffix("IfExists") for name in plain}


def test_values_may_hold_variables() -> None:
    condition = parse_condition("StringLike", "s3:prefix", ("home/${aws:username}/*",), variables=True)
    assert condition.holds(Context({"s3:prefix": "home/ann/x", "aws:username": "ann"}))
    assert not condition.holds(Context({"s3:prefix": "home/bob/x", "aws:username": "ann"}))


def test_arn_with_a_variable_is_split_outside_the_variable() -> None:
    condition = parse_condition("ArnLike", "aws:SourceArn", ("arn:aws:iot:*:*:thing/${iot:ClientId}",), variables=True)
    assert condition.holds(Context({"aws:SourceArn": "arn:aws:iot:r:1:thing/a", "iot:ClientId": "a"}))


@pytest.mark.parametrize(
    ("operator", "value", "sentence"),
    [
        ("StringEqual", "a", "there is no condition operator StringEqual"),
        ("ForSomeValues:StringEquals", "a", "ForSomeValues is not ForAllValues or ForAnyValue"),
        ("NumericEquals", "ten", "'ten' is not a number"),
        ("DateEquals", "soon", "'soon' is not a date such as 2026-01-31T12:00:00Z"),
        ("IpAddress", "10.0.0.0/99", "'10.0.0.0/99' is not an IP address or range such as 203.0.113.0/24"),
        ("Bool", "yes", "'yes' is not true or false"),
        ("BinaryEquals", "%", "'%' is not base64"),
        ("Null", "maybe", "Null needs true or false"),
        ("NullIfExists", "true", "Null cannot be combined with IfExists or a set operator"),
    ],
)
def test_a_wrong_operator_or_value_is_refused_by_name(operator: str, value: str, sentence: str) -> None:
    with pytest.raises(ValueError) as refused:
        parse_condition(operator, "aws:Key", (value,), variables=True)
    assert str(refused.value) == sentence


def test_unmet_condition_says_key_and_both_values() -> None:
    condition = parse_condition("StringEquals", "aws:SourceAccount", ("111111111111",), variables=True)
    assert condition.why_not(Context({"aws:SourceAccount": "222222222222"})) == (
        "condition StringEquals on aws:SourceAccount wants 111111111111, the request has 222222222222"
    )
    assert condition.why_not(Context()).endswith("wants 111111111111, the request has no such key")
