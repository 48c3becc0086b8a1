"""The prefix expressions `!{namespace:value}` of S3 object names. Pure.

Source: Amazon Data Firehose Developer Guide, "Understand custom prefixes for Amazon S3 objects". Of Java's
DateTimeFormatter the letters of dates and times are served; a pattern with another letter is refused.
"""

from __future__ import annotations

import random
import re
import string
from datetime import datetime

from labcloud.errors import AwsError
from labcloud.iotsql.functions.jodatime import BadPattern, format_joda_time

DEFAULT_TIME = "yyyy/MM/dd/HH/"
ERROR_OUTPUT_TYPE = "!{firehose:error-output-type}"
RANDOM_STRING_LENGTH = 11
SERVED_LETTERS = frozenset("yuMdDHhkKmsSaEzZ")

_EXPRESSION = re.compile(r"!\{([^{}:]*):([^{}]*)\}")
_QUOTED = re.compile(r"'[^']*'")


def check_prefixes(prefix: str, error_prefix: str) -> None:
    """Raises AwsError InvalidArgumentException for prefixes that Firehose would refuse or that are not served here."""
    for name, text in (("Prefix", prefix), ("ErrorOutputPrefix", error_prefix)):
        for namespace, value in _EXPRESSION.findall(text):
            _check_expression(name, namespace, value)
        if "!{" in _EXPRESSION.sub("", text):
            raise _invalid(f"{name} has a '!{{' that begins no expression of the form !{{namespace:value}}")
    if ERROR_OUTPUT_TYPE in prefix:
        raise _invalid("Prefix must not contain !{firehose:error-output-type}")
    if _EXPRESSION.search(prefix) and not error_prefix:
        raise _invalid("ErrorOutputPrefix is required when Prefix contains expressions")
    if _EXPRESSION.search(error_prefix) and ERROR_OUTPUT_TYPE not in error_prefix:
        raise _invalid("ErrorOutputPrefix with expressions must contain !{firehose:error-output-type}")


def evaluate_prefix(prefix: str, moment: datetime, chance: random.Random) -> str:
    """The prefix of delivered objects; without a time expression the hour is appended.

    >>> from datetime import UTC
    >>> evaluate_prefix("year=!{timestamp:yyyy}/", datetime(2018, 8, 27, 10, tzinfo=UTC), random.Random(1))
    'year=2018/'
    >>> evaluate_prefix("mine/", datetime(2018, 8, 27, 10, tzinfo=UTC), random.Random(1))
    'mine/2018/08/27/10/'
    """
    timed = prefix if "!{timestamp:" in prefix else f"{prefix}!{{timestamp:{DEFAULT_TIME}}}"
    return _evaluate(timed, moment, "", chance)


def evaluate_error_prefix(prefix: str, error_prefix: str, moment: datetime, kind: str, chance: random.Random) -> str:
    """The prefix of objects with failed records; `kind` is for example processing-failed."""
    if not error_prefix:
        error_prefix = f"{prefix}{ERROR_OUTPUT_TYPE}/!{{timestamp:{DEFAULT_TIME}}}"
    elif ERROR_OUTPUT_TYPE not in error_prefix:
        error_prefix = f"{error_prefix}{ERROR_OUTPUT_TYPE}/!{{timestamp:{DEFAULT_TIME}}}"
    return _evaluate(error_prefix, moment, kind, chance)


def _evaluate(text: str, moment: datetime, kind: str, chance: random.Random) -> str:
    def value_of(match: re.Match[str]) -> str:
        namespace, value = match.groups()
        if namespace == "timestamp":
            return format_java_time(value, moment)
        if value == "error-output-type":
            return kind
        return "".join(chance.choices(string.ascii_lowercase + string.digits, k=RANDOM_STRING_LENGTH))

    return _EXPRESSION.sub(value_of, text)


def format_java_time(pattern: str, moment: datetime) -> str:
    """The moment in the form of a pattern of DateTimeFormatter; the letters used mean the same in Joda-Time."""
    parts = re.split(r"('[^']*')", pattern)
    joda = "".join(part if part.startswith("'") else part.replace("u", "y") for part in parts)
    return format_joda_time(joda, moment, str(moment.tzinfo))


def _check_expression(name: str, namespace: str, value: str) -> None:
    if namespace == "firehose" and value in ("error-output-type", "random-string"):
        return
    if namespace == "timestamp":
        letters = set(re.findall(r"[A-Za-z]", _QUOTED.sub("", value)))
        if unserved := sorted(letters - SERVED_LETTERS):
            raise _invalid(f"{name}: the local cloud does not serve {', '.join(unserved)} in !{{timestamp:{value}}}")
        try:
            format_java_time(value, datetime(2018, 8, 27))
        except BadPattern as error:
            raise _invalid(f"{name}: !{{timestamp:{value}}} is no DateTimeFormatter pattern") from error
        return
    if namespace.startswith("partitionKeyFrom"):
        raise _invalid(f"{name}: {namespace} needs dynamic partitioning, which the local cloud does not serve")
    raise _invalid(f"{name}: there is no expression !{{{namespace}:{value}}}")


def _invalid(message: str) -> AwsError:
    return AwsError(message, code="InvalidArgumentException")
