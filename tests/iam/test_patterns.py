"""Wildcards and policy variables."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labcloud.iam.context import Context
from labcloud.iam.patterns import compile_pattern

EMPTY = Context()


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("a", "a", True),
        ("a", "A", False),
        ("*", "", True),
        ("*", "anything:at/all", True),
        ("a*", "abc", True),
        ("*c", "abc", True),
        ("a*a", "a", False),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("a*b?d*f", "a12bcd34f", True),
        ("a*b?d*f", "a12bd34f", False),
        ("topic/+/x", "topic/+/x", True),
        ("topic/+/x", "topic/a/x", False),
        ("topic/#", "topic/a", False),
    ],
)
def test_star_is_any_text_question_mark_is_one_character(pattern: str, text: str, expected: bool) -> None:
    assert compile_pattern(pattern).matches(text, EMPTY) is expected


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=10))
def test_wildcards_agree_with_a_regular_expression(pattern: str, text: str) -> None:
    reference = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    assert compile_pattern(pattern).matches(text, EMPTY) is bool(re.fullmatch(reference, text))


def test_many_stars_do_not_take_exponential_time() -> None:
    assert not compile_pattern("*a" * 500).matches("a" * 400 + "b", EMPTY)


def test_a_variable_is_replaced_by_its_value() -> None:
    pattern = compile_pattern("client/${iot:ClientId}")
    assert pattern.matches("client/house", Context({"iot:ClientId": "house"}))
    assert not pattern.matches("client/other", Context({"iot:ClientId": "house"}))


def test_a_wildcard_in_a_value_is_plain_text() -> None:
    pattern = compile_pattern("client/${iot:ClientId}")
    assert pattern.matches("client/*", Context({"iot:ClientId": "*"}))
    assert not pattern.matches("client/other", Context({"iot:ClientId": "*"}))


def test_a_variable_without_a_value_stays_as_written() -> None:
    pattern = compile_pattern("thing/${iot:Connection.Thing.ThingName}")
    assert not pattern.matches("thing/", EMPTY)
    assert pattern.shown(EMPTY) == "thing/${iot:Connection.Thing.ThingName}"


def test_a_default_stands_in_for_a_missing_value() -> None:
    pattern = compile_pattern("team/${aws:PrincipalTag/team, 'everyone'}")
    assert pattern.matches("team/everyone", EMPTY)
    assert pattern.matches("team/blue", Context({"aws:PrincipalTag/team": "blue"}))


def test_dollar_braces_make_wildcards_plain() -> None:
    pattern = compile_pattern("a${*}b${?}c${$}d*")
    assert pattern.matches("a*b?c$d and more", EMPTY)
    assert not pattern.matches("aXb?c$d", EMPTY)


def test_key_names_ignore_case_but_attribute_names_do_not() -> None:
    context = Context({"AWS:UserName": "ann", "iot:Connection.Thing.Attributes[Floor]": "1"})
    assert compile_pattern("${aws:username}").matches("ann", context)
    assert compile_pattern("${iot:Connection.Thing.Attributes[Floor]}").matches("1", context)
    assert not compile_pattern("${iot:Connection.Thing.Attributes[floor]}").matches("1", context)
