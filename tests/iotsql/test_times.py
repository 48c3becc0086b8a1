"""parse_time and time_to_epoch beyond the cases: zones, fields and hostile patterns."""

from __future__ import annotations

import pytest

from labcloud.iotsql import UNDEFINED
from labcloud.iotsql.functions.times import parse_time, time_to_epoch

SUMMER_2017 = 1497028786123


@pytest.mark.parametrize(
    ("pattern", "zone", "text"),
    [
        ("yyyy-MM-dd'T'HH:mm:ss.SSSZZ", "Europe/Berlin", "2017-06-09T19:19:46.123+02:00"),
        ("HH:mm z", "Europe/Berlin", "19:19 CEST"),
        ("HH:mm zzzz", "America/New_York", "13:19 Eastern Daylight Time"),
        ("HH:mm zzzz", "Asia/Kathmandu", "23:04 +05:45"),
        ("HH:mm z", "America/Sao_Paulo", "14:19 -03:00"),
        ("ZZZ", "Asia/Tokyo", "Asia/Tokyo"),
        ("CC yy xxxx-ww-e", "UTC", "20 17 2017-23-5"),
        ("h 'o''clock' a", "UTC", "5 o'clock PM"),
        ("SSSSSS S", "UTC", "123000 1"),
        ("", "UTC", ""),
    ],
)
def test_joda_patterns_write_times(pattern, zone, text):
    assert parse_time(pattern, SUMMER_2017, zone) == text


@pytest.mark.parametrize(
    "arguments", [("q", 0), ("'open", 0), ("yyyy", 10**30), ("yyyy", -(10**15)), ("HH", 0, "../x")]
)
def test_what_cannot_be_formatted_is_undefined(arguments):
    assert parse_time(*arguments) is UNDEFINED


@pytest.mark.parametrize(
    ("text", "pattern", "milliseconds"),
    [
        ("2017-06-09 19:19:46 CET", "yyyy-MM-dd HH:mm:ss z", 1497028786000),
        ("2017-06-09 17:19:46 GMT", "yyyy-MM-dd HH:mm:ss z", 1497028786000),
        ("2017-06-09T17:19:46.5Z", "yyyy-MM-dd'T'HH:mm:ss.SX", 1497028786500),
        ("2017-06-09T17:19:46+0200", "yyyy-MM-dd'T'HH:mm:ssZ", 1497021586000),
        ("2017-06-09T17:19:46+02", "yyyy-MM-dd'T'HH:mm:ssx", 1497021586000),
        ("2017-06-09 17:19 GMT+2", "yyyy-MM-dd HH:mm O", 1497021540000),
        ("2017-6-9", "yyyy-M-d", 1496966400000),
        ("Jun 9, 2017", "MMM d, yyyy", 1496966400000),
        ("2017-06-09 24:00", "yyyy-MM-dd HH:mm", 1497052800000),
        ("2015-02-30", "yyyy-MM-dd", 1425081600000),
        ("2017-06-31", "yyyy-MM-dd", 1498780800000),
        ("20170609T171946123", "yyyyMMdd'T'HHmmssSSS", 1497028786123),
        ("12:30 AM 2017-06-09", "hh:mm a yyyy-MM-dd", 1496968200000),
    ],
)
def test_java_patterns_read_times(text, pattern, milliseconds):
    assert time_to_epoch(text, pattern) == milliseconds


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("2017-13-01", "yyyy-MM-dd"),
        ("2017-12-32", "yyyy-MM-dd"),
        ("2017-00-31", "yyyy-MM-dd"),
        ("2017-06-09 25:00", "yyyy-MM-dd HH:mm"),
        ("2017-06-09 17:60", "yyyy-MM-dd HH:mm"),
        ("Thu 2017-06-09", "EEE yyyy-MM-dd"),
        ("2017-06", "yyyy-MM"),
        ("17-6-9", "yyyy-MM-dd"),
        ("2017-06-09 Nowhere/Land", "yyyy-MM-dd VV"),
        ("2017-06-09 05:00", "yyyy-MM-dd hh:mm"),
        ("2017-W23", "YYYY-'W'ww"),
        ("x", "[[[["),
        ("1" * 60 + "x", "[H]" * 60),
        ("1", "y" * 500),
    ],
)
def test_what_does_not_parse_is_undefined(text, pattern):
    assert time_to_epoch(text, pattern) is UNDEFINED
