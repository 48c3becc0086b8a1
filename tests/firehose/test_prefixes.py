"""Prefix expressions of S3 object names: the examples of the guide, and what is refused."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from labcloud.errors import AwsError
from labcloud.firehose.prefixes import check_prefixes, evaluate_error_prefix, evaluate_prefix, format_java_time

MOMENT = datetime(2018, 8, 27, 10, 30, 5, tzinfo=UTC)


def prefix(text, moment=MOMENT):
    return evaluate_prefix(text, moment, random.Random(7))


def error_prefix(text, of=""):
    return evaluate_error_prefix(of, text, MOMENT, "processing-failed", random.Random(7))


def test_without_a_prefix_the_hour_is_the_prefix():
    assert prefix("") == "2018/08/27/10/"


def test_a_prefix_without_a_time_gets_the_hour_appended():
    assert prefix("myFirehosePrefix/") == "myFirehosePrefix/2018/08/27/10/"


def test_a_prefix_with_a_time_gets_nothing_appended():
    text = "myPrefix/year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/"
    assert prefix(text) == "myPrefix/year=2018/month=08/day=27/hour=10/"


def test_quoted_letters_are_taken_literally():
    assert prefix("!{timestamp:'year='yyyy'/month='MM}/") == "year=2018/month=08/"


def test_random_strings_have_eleven_characters_and_differ():
    found = re.fullmatch(
        r"([a-z0-9]{11})-([a-z0-9]{11})/2018",
        prefix("!{firehose:random-string}-!{firehose:random-string}/!{timestamp:yyyy}"),
    )
    assert found and found[1] != found[2]


def test_times_are_told_in_the_streams_zone():
    assert prefix("", MOMENT.astimezone(ZoneInfo("Asia/Tokyo"))) == "2018/08/27/19/"


def test_failed_records_go_below_the_prefix_unless_they_have_their_own():
    assert error_prefix("", of="mine/") == "mine/processing-failed/2018/08/27/10/"
    given = "failures/!{firehose:error-output-type}/!{timestamp:yyyy}/anyMonth/!{timestamp:dd}"
    assert error_prefix(given) == "failures/processing-failed/2018/anyMonth/27"
    assert error_prefix("plain/") == "plain/processing-failed/2018/08/27/10/"


@pytest.mark.parametrize(
    ("pattern", "text"),
    [("uuuu-MM-dd", "2018-08-27"), ("D", "239"), ("hh a", "10 AM"), ("EEE d MMM yy", "Mon 27 Aug 18"), ("m:s", "30:5")],
)
def test_java_patterns(pattern, text):
    assert format_java_time(pattern, MOMENT) == text


@pytest.mark.parametrize(
    ("given", "errors", "text"),
    [
        ("!{timestamp:yyyy}/", "", "ErrorOutputPrefix is required"),
        ("!{firehose:error-output-type}/", "x!{firehose:error-output-type}", "Prefix must not contain"),
        ("", "failures/!{timestamp:yyyy}/", "must contain !{firehose:error-output-type}"),
        ("!{partitionKeyFromQuery:id}/", "e/", "dynamic partitioning"),
        ("!{firehose:colour}/", "e/", "no expression"),
        ("!{yyyy}/", "e/", "begins no expression"),
        ("!{timestamp:YYYY}/", "e/", "does not serve Y"),
        ("!{timestamp:yyyy'}/", "e/", "no DateTimeFormatter pattern"),
    ],
    ids=["no error prefix", "type in prefix", "type missing", "partition key", "value", "brace", "letter", "quote"],
)
def test_wrong_prefixes_are_refused(given, errors, text):
    with pytest.raises(AwsError, match=re.escape(text)) as refused:
        check_prefixes(given, errors)
    assert refused.value.code == "InvalidArgumentException"
