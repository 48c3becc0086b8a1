"""parse_time and time_to_epoch: milliseconds since 1970 ↔ text, by Joda-Time's and Java 11's patterns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ..jsontext import to_text
from ..values import UNDEFINED, Value, truncated
from .javatime import parse_java_time
from .jodatime import BadPattern, format_joda_time
from .registry import V2016, function
from .zones import zone_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@function(since=V2016)
def parse_time(pattern: Value, milliseconds: Value, zone: Value = "UTC") -> Value:
    """Formats a time, despite its name; an unknown zone, a bad pattern or a year outside 1 to 9999: Undefined."""
    text, amount, zone_name = to_text(pattern), truncated(milliseconds), to_text(zone)
    if text is UNDEFINED or type(amount) is not int or zone_name is UNDEFINED:
        return UNDEFINED
    found = zone_of(zone_name)
    if found is None:
        return UNDEFINED
    try:
        moment = (_EPOCH + timedelta(milliseconds=amount)).astimezone(found)
        return format_joda_time(text, moment, zone_name)
    except (OverflowError, ValueError, BadPattern):
        return UNDEFINED


@function(since=V2016)
def time_to_epoch(text: Value, pattern: Value) -> Value:
    """Milliseconds since 1970 of a time as text, UTC where the text names no zone; what does not parse: Undefined."""
    written, form = to_text(text), to_text(pattern)
    if written is UNDEFINED or form is UNDEFINED:
        return UNDEFINED
    try:
        milliseconds = parse_java_time(written, form)
    except (ValueError, OverflowError):
        return UNDEFINED
    return UNDEFINED if milliseconds is None else milliseconds
