"""The condition operators one by one: how a value of the request is compared with the values of a policy.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import operator
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from labcloud.iam.context import Context
from labcloud.iam.patterns import compile_pattern

Test = Callable[[str, Context], bool]
"""Does this value of the request match one of the policy's values?"""
Compiler = Callable[[tuple[str, ...], bool], Test]


def _patterns(wildcards: bool) -> Compiler:
    def compile_values(values: tuple[str, ...], variables: bool) -> Test:
        patterns = [compile_pattern(value, wildcards=wildcards, variables=variables) for value in values]
        return lambda given, context: any(pattern.matches(given, context) for pattern in patterns)

    return compile_values


def _ignore_case(values: tuple[str, ...], variables: bool) -> Test:
    patterns = [compile_pattern(value, wildcards=False, variables=variables) for value in values]
    return lambda given, context: any(pattern.shown(context).lower() == given.lower() for pattern in patterns)


def _arns(values: tuple[str, ...], variables: bool) -> Test:
    """Compares the six parts of ARNs one by one, each with wildcards."""
    wanted = [tuple(compile_pattern(part, variables=variables) for part in split_arn(value)) for value in values]

    def test(given: str, context: Context) -> bool:
        parts = split_arn(given)
        return any(
            len(patterns) == len(parts)
            and all(pattern.matches(part, context) for pattern, part in zip(patterns, parts, strict=True))
            for patterns in wanted
        )

    return test


def split_arn(arn: str) -> list[str]:
    """Splits an ARN into its parts at the first five colons that are not inside a policy variable."""
    parts: list[str] = []
    depth = start = 0
    for at, character in enumerate(arn):
        if character == "{" and arn[at - 1 : at] == "$":
            depth += 1
        elif character == "}" and depth:
            depth -= 1
        elif character == ":" and not depth and len(parts) < 5:
            parts.append(arn[start:at])
            start = at + 1
    return [*parts, arn[start:]]


def _compared(convert: Callable[[str], object], compare: Callable[[Any, Any], bool]) -> Compiler:
    def compile_values(values: tuple[str, ...], variables: bool) -> Test:
        wanted = [convert(value) for value in values]

        def test(given: str, context: Context) -> bool:
            try:
                value = convert(given)
            except ValueError:
                return False
            return any(compare(value, other) for other in wanted)

        return test

    return compile_values


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None


def _date(text: str) -> float:
    """Reads a W3C ISO 8601 date or epoch seconds."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a date such as 2026-01-31T12:00:00Z") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _bool(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(f"{text!r} is not true or false")
    return text.lower() == "true"


def _network(text: str) -> object:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is not an IP address or range such as 203.0.113.0/24") from None


def _within(given: object, wanted: object) -> bool:
    return given.version == wanted.version and given.subnet_of(wanted)  # type: ignore[attr-defined]


def _binary(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError(f"{text!r} is not base64") from None


_ORDERS = {
    "Equals": (operator.eq, False),
    "NotEquals": (operator.eq, True),
    "LessThan": (operator.lt, False),
    "LessThanEquals": (operator.le, False),
    "GreaterThan": (operator.gt, False),
    "GreaterThanEquals": (operator.ge, False),
}

OPERATORS: dict[str, tuple[Compiler, bool]] = {
    "StringEquals": (_patterns(wildcards=False), False),
    "StringNotEquals": (_patterns(wildcards=False), True),
    "StringEqualsIgnoreCase": (_ignore_case, False),
    "StringNotEqualsIgnoreCase": (_ignore_case, True),
    "StringLike": (_patterns(wildcards=True), False),
    "StringNotLike": (_patterns(wildcards=True), True),
    "ArnEquals": (_arns, False),
    "ArnLike": (_arns, False),
    "ArnNotEquals": (_arns, True),
    "ArnNotLike": (_arns, True),
    "Bool": (_compared(_bool, operator.eq), False),
    "BinaryEquals": (_compared(_binary, operator.eq), False),
    "IpAddress": (_compared(_network, _within), False),
    "NotIpAddress": (_compared(_network, _within), True),
    **{f"Numeric{name}": (_compared(_number, compare), negated) for name, (compare, negated) in _ORDERS.items()},
    **{f"Date{name}": (_compared(_date, compare), negated) for name, (compare, negated) in _ORDERS.items()},
}
"""Every operator but `Null`: how its values are compared, and whether the result is turned round."""
