"""Regular expressions as Java has them, and none that stalls the engine."""

from __future__ import annotations

import time

import pytest

from labcloud.iotsql import UNDEFINED, Environment, Message
from labcloud.iotsql.functions import regexps
from labcloud.iotsql.message import REGEXP_BUDGET_S, Context
from tests.iotsql.support import ACCOUNT, V2, run


def context() -> Context:
    return Context(Message("t", b"", 0), Environment(ACCOUNT), None, V2)


def regexp_matches(*arguments):
    return regexps.regexp_matches(context(), *arguments)


def regexp_replace(*arguments):
    return regexps.regexp_replace(context(), *arguments)


def regexp_substr(*arguments):
    return regexps.regexp_substr(context(), *arguments)


@pytest.mark.parametrize(
    ("text", "pattern", "match"),
    [
        ("a1", r"\d", "1"),
        ("٣", r"\d", None),
        ("über", r"\w+", "ber"),
        ("line\n", r"line\Z", "line"),
        ("line\n", r"line\z", None),
        ("line\r\n", r"line\Z", "line"),
        ("line\r\n", "line$", "line"),
        ("line\r\n", "line\r$", None),
        ("a\rb", "a.b", None),
        ("a\rb", "(?s)a.b", "a\rb"),
        ("a\nb", "(?m)a$", "a"),
        ("a.b$", "[.]b[$]", ".b$"),
        ("strasse", "(?i)STRAßE", None),
        ("a.b", r"\Qa.b\E", "a.b"),
        ("a\tb", r"a\hb", "a\tb"),
        ("A", r"\x41", "A"),
        ("A", r"\u0041", "A"),
        ("A", r"\0101", "A"),
        ("😀", r"\x{1F600}", "😀"),
        ("Ab9_", r"\p{Alnum}+", "Ab9"),
        ("Ab9_", r"[\p{Lower}_]+", "b"),
        ("a!b", r"\p{Punct}", "!"),
        ("a!b", r"\P{Alpha}", "!"),
        ("Äb", r"\p{L}+", "Äb"),
        ("Äb", r"\p{IsAlphabetic}+", "Äb"),
        ("xyz", r"[a-z&&[^y]]+", "x"),
        ("a-z", r"[a-]+", "a-"),
        ("a--z", r"[a--z]+", "a--z"),
        ("aaa", r"a++", "aaa"),
        ("ABC", r"(?i)abc", "ABC"),
        ("k=v", r"(?<key>\w)=(?<value>\w)", "k=v"),
        ("abab", r"(?<x>ab)\k<x>", "abab"),
        ("abc", r"(?<=a)b", "b"),
        ("a{b", r"a\{b", "a{b"),
        ("a}b", "a}b", "a}b"),
    ],
)
def test_a_java_pattern_matches_what_it_matches_in_java(text, pattern, match):
    assert regexp_substr(text, pattern) == (UNDEFINED if match is None else match)


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        "[",
        "*a",
        "a{",
        "a{x}",
        "(?P<n>a)",
        "(?P=n)",
        "(?:a){e<=1}",
        "(?R)",
        "a(?(1)b|c)",
        r"\y",
        r"\m",
        "[]",
        "\\",
        "(?#c)",
        "(?<n>a)(?<n>b)",
    ],
)
def test_a_pattern_that_java_refuses_is_undefined(pattern):
    assert regexp_matches("a", pattern) is UNDEFINED


@pytest.mark.parametrize(
    ("text", "pattern", "replacement", "result"),
    [
        ("abcd", "b(.*)d", "$1", "ac"),
        ("abc", "(a)(b)", "$2$1", "bac"),
        ("abc", "(b)", "$12", "ab2c"),
        ("abc", "b", "$0$0", "abbc"),
        ("abc", "(?<x>b)", "<${x}>", "a<b>c"),
        ("abc", "b", r"\$1", "a$1c"),
        ("abc", "(x)?b", "[$1]", "a[]c"),
        ("abc", "", "-", "-a-b-c-"),
        ("abc", "b", "$1", UNDEFINED),
        ("abc", "b", "$", UNDEFINED),
        ("abc", "b", "\\", UNDEFINED),
        ("abc", "b", "${y}", UNDEFINED),
    ],
)
def test_a_replacement_is_read_as_in_java(text, pattern, replacement, result):
    assert regexp_replace(text, pattern, replacement) == result


def test_catastrophic_backtracking_is_cut_off():
    start = time.monotonic()
    assert regexp_matches("a" * 40 + "!", "(a|a|aa)+$") in (UNDEFINED, False)
    assert regexp_replace("x" * 30, "(x+x+)+y", "z") in (UNDEFINED, "x" * 30)
    assert time.monotonic() - start < 2


def test_many_slow_matches_share_one_budget():
    start = time.monotonic()
    sql = "SELECT VALUE (SELECT VALUE regexp_matches(x, '(x+x+)+y$') FROM texts AS x)"
    assert True not in run(sql, {"texts": ["x" * 40 + "!"] * 300}).value
    assert time.monotonic() - start < 20 * REGEXP_BUDGET_S


def test_a_spent_budget_makes_the_rest_of_a_message_undefined():
    spent = context()
    spent.regexp_left_s = 0.0
    assert regexps.regexp_matches(spent, "a", "a") is UNDEFINED


def test_a_result_does_not_grow_beyond_a_mebibyte():
    assert regexp_replace("a" * 100_000, "a", "b" * 1000) is UNDEFINED


def test_hostile_patterns_are_undefined_and_no_error():
    for pattern in ("(" * 3000 + ")" * 3000, "[" * 1000, "a{999999999}{999999999}", "(" * 5000, "\\Q" * 2000):
        assert regexp_matches("a", pattern) in (UNDEFINED, True, False)
