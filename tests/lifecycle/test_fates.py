"""What becomes of an object at a time, by the rules of its bucket. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from labcloud.errors import AwsError
from labcloud.lifecycle.fates import Expire, Transition, fate, is_abandoned, midnight_after
from labcloud.lifecycle.rules import Version, read_rules

DAY = 86_400
CREATED = datetime(2014, 1, 15, 10, 30, tzinfo=UTC).timestamp()
MIDNIGHT = datetime(2014, 1, 16, tzinfo=UTC).timestamp()
LARGE = 200_000


def rule(**members: Any) -> dict[str, Any]:
    return {"ID": "r", "Status": "Enabled", "Filter": {}, **members}


def version(**members: Any) -> Version:
    given: dict[str, Any] = {"key": "logs/a", "size": LARGE, "created_s": CREATED, "storage_class": "STANDARD"}
    return Version(**(given | members))


def after(days: float, *rules: dict[str, Any], minimum: str = "", **members: Any) -> Any:
    """The fate so many days after the midnight that follows the object's creation."""
    return fate(read_rules({"Rules": list(rules)}), version(**members), MIDNIGHT + days * DAY, minimum)


def test_a_day_ends_at_the_midnight_after_it() -> None:
    """The User Guide's example: created at 10:30, three days: the fourth midnight."""
    assert midnight_after(CREATED + 3 * DAY) == datetime(2014, 1, 19, tzinfo=UTC).timestamp()
    assert midnight_after(MIDNIGHT) == MIDNIGHT
    expires = rule(Expiration={"Days": 3})
    assert after(2.9, expires) is None
    assert after(3, expires) == Expire("r")


def test_a_date_counts_from_that_day_on() -> None:
    expires = rule(Expiration={"Date": datetime(2014, 2, 1, tzinfo=UTC)})
    assert after(10, expires) is None
    assert after(30, expires) == Expire("r")


FILTERS: dict[str, tuple[dict[str, Any], bool]] = {
    "none": ({"Filter": {}}, True),
    "the old prefix": ({"Filter": None, "Prefix": "logs/"}, True),
    "another prefix": ({"Filter": {"Prefix": "data/"}}, False),
    "a tag": ({"Filter": {"Tag": {"Key": "kind", "Value": "old"}}}, True),
    "another value": ({"Filter": {"Tag": {"Key": "kind", "Value": "new"}}}, False),
    "larger": ({"Filter": {"ObjectSizeGreaterThan": LARGE}}, False),
    "smaller": ({"Filter": {"ObjectSizeLessThan": LARGE + 1}}, True),
    "all": (
        {"Filter": {"And": {"Prefix": "logs/", "Tags": [{"Key": "kind", "Value": "old"}], "ObjectSizeGreaterThan": 1}}},
        True,
    ),
    "not all": ({"Filter": {"And": {"Prefix": "logs/", "Tags": [{"Key": "other", "Value": ""}]}}}, False),
}


@pytest.mark.parametrize("case", FILTERS.values(), ids=FILTERS)
def test_filters(case: tuple[dict[str, Any], bool]) -> None:
    filters, matches = case
    given = {name: value for name, value in rule(Expiration={"Days": 1}, **filters).items() if value is not None}
    assert (after(1, given, tags={"kind": "old"}) is not None) is matches


def test_a_disabled_rule_does_nothing() -> None:
    assert after(100, rule(Status="Disabled", Expiration={"Days": 1})) is None


def test_transitions_follow_one_another_downwards() -> None:
    rules = rule(Transitions=[{"Days": 30, "StorageClass": "STANDARD_IA"}, {"Days": 60, "StorageClass": "GLACIER"}])
    assert after(29, rules) is None
    assert after(30, rules) == Transition("r", "STANDARD_IA")
    assert after(30, rules, storage_class="STANDARD_IA") is None
    assert after(60, rules, storage_class="STANDARD_IA") == Transition("r", "GLACIER")
    assert after(60, rules, storage_class="DEEP_ARCHIVE") is None


def test_expiration_comes_before_transitions() -> None:
    rules = rule(Transitions=[{"Days": 30, "StorageClass": "GLACIER"}], Expiration={"Days": 40})
    assert after(40, rules) == Expire("r")


def test_small_objects_stay_where_they_are_unless_the_rule_asks_for_their_size() -> None:
    to_glacier = {"Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]}
    assert after(1, rule(**to_glacier), size=1000) is None
    assert after(1, rule(**to_glacier), size=1000, minimum="varies_by_storage_class") == Transition("r", "GLACIER")
    asked = rule(**to_glacier, Filter={"ObjectSizeGreaterThan": 500})
    assert after(1, asked, size=1000) == Transition("r", "GLACIER")
    infrequent = rule(Transitions=[{"Days": 30, "StorageClass": "STANDARD_IA"}])
    assert after(30, infrequent, size=1000, minimum="varies_by_storage_class") is None


def test_noncurrent_versions_count_from_their_successor() -> None:
    rules = rule(NoncurrentVersionExpiration={"NoncurrentDays": 3})
    assert after(100, rules) is None
    assert after(5, rules, noncurrent_since_s=MIDNIGHT + 3 * DAY) is None
    assert after(6, rules, noncurrent_since_s=MIDNIGHT + 3 * DAY) == Expire("r")
    moved = rule(NoncurrentVersionTransitions=[{"NoncurrentDays": 30, "StorageClass": "GLACIER"}])
    assert after(30, moved, noncurrent_since_s=MIDNIGHT) == Transition("r", "GLACIER")


def test_the_newest_noncurrent_versions_may_be_kept() -> None:
    rules = rule(NoncurrentVersionExpiration={"NoncurrentDays": 1, "NewerNoncurrentVersions": 2})
    assert after(9, rules, noncurrent_since_s=MIDNIGHT, newer_noncurrent=1) is None
    assert after(9, rules, noncurrent_since_s=MIDNIGHT, newer_noncurrent=2) == Expire("r")


def test_a_delete_marker_goes_when_nothing_is_behind_it() -> None:
    cleans = rule(Expiration={"ExpiredObjectDeleteMarker": True})
    assert after(0, cleans, is_marker=True) is None
    assert after(0, cleans, is_marker=True, is_alone=True) == Expire("r")
    by_age = rule(Expiration={"Days": 5})
    assert after(4, by_age, is_marker=True, is_alone=True) is None
    assert after(5, by_age, is_marker=True, is_alone=True) == Expire("r")
    assert after(5, by_age, is_marker=True) is None


def test_uploads_that_were_never_completed_are_given_up() -> None:
    rules = read_rules(
        {"Rules": [rule(AbortIncompleteMultipartUpload={"DaysAfterInitiation": 2}, Filter={"Prefix": "up/"})]}
    )
    assert not is_abandoned(rules, "up/a", CREATED, MIDNIGHT + 1.9 * DAY)
    assert is_abandoned(rules, "up/a", CREATED, MIDNIGHT + 2 * DAY)
    assert not is_abandoned(rules, "else", CREATED, MIDNIGHT + 9 * DAY)


TAGGED = {"Filter": {"Tag": {"Key": "a", "Value": "b"}}}
REFUSED: dict[str, tuple[list[dict[str, Any]], str, str]] = {
    "no action": ([rule()], "InvalidRequest", "At least one action needs to be specified in a rule"),
    "no days": ([rule(Expiration={"Days": 0})], "InvalidArgument", "'Days' for Expiration action must be a positive integer"),
    "a time of day": (
        [rule(Expiration={"Date": datetime(2030, 1, 1, 5, tzinfo=UTC)})], "InvalidArgument", "'Date' must be at midnight GMT",
    ),
    "days and a date": (
        [rule(Expiration={"Days": 1, "Date": datetime(2030, 1, 1, tzinfo=UTC)})], "MalformedXML", "not well-formed",
    ),
    "two names alike": (
        [rule(Expiration={"Days": 1}), rule(Expiration={"Days": 2})], "InvalidArgument", "Rule ID must be unique",
    ),
    "a long name": ([rule(ID="x" * 256, Expiration={"Days": 1})], "InvalidArgument", "ID length should not exceed"),
    "another status": ([rule(Status="On", Expiration={"Days": 1})], "MalformedXML", "not well-formed"),
    "a prefix twice": ([rule(Prefix="a", Expiration={"Days": 1})], "MalformedXML", "not well-formed"),
    "two filters": (
        [rule(Filter={"Prefix": "a", "ObjectSizeLessThan": 5}, Expiration={"Days": 1})], "MalformedXML", "not well-formed",
    ),
    "too early for a class": (
        [rule(Transitions=[{"Days": 29, "StorageClass": "STANDARD_IA"}])], "InvalidArgument",
        "'Days' in Transition action must be greater than or equal to 30 for storageClass 'STANDARD_IA'",
    ),
    "an unknown class": ([rule(Transitions=[{"Days": 1, "StorageClass": "COLD"}])], "MalformedXML", "not well-formed"),
    "gone before it moves": (
        [rule(Transitions=[{"Days": 40, "StorageClass": "GLACIER"}], Expiration={"Days": 40})], "InvalidArgument",
        "'Days' in the Expiration action .* must be greater than 'Days' in the Transition action",
    ),
    "markers by tag": (
        [rule(**TAGGED, Expiration={"ExpiredObjectDeleteMarker": True})], "InvalidRequest",
        "ExpiredObjectDeleteMarker cannot be specified with Tags",
    ),
    "uploads by tag": (
        [rule(**TAGGED, AbortIncompleteMultipartUpload={"DaysAfterInitiation": 1})], "InvalidRequest",
        "AbortIncompleteMultipartUpload cannot be specified with Tags",
    ),
    "sizes the wrong way": (
        [rule(Filter={"And": {"ObjectSizeGreaterThan": 9, "ObjectSizeLessThan": 5}}, Expiration={"Days": 1})],
        "InvalidRequest", "'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'",
    ),
    "too many kept": (
        [rule(NoncurrentVersionExpiration={"NoncurrentDays": 1, "NewerNoncurrentVersions": 101})], "InvalidArgument",
        "between 1 and 100",
    ),
    "too many rules": (
        [rule(ID=str(number), Expiration={"Days": 1}) for number in range(1001)], "MalformedXML", "not well-formed",
    ),
    "no rules": ([], "MalformedXML", "not well-formed"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_s3_refuses_is_refused(case: tuple[list[dict[str, Any]], str, str]) -> None:
    rules, code, message = case
    with pytest.raises(AwsError, match=message) as refused:
        read_rules({"Rules": rules})
    assert refused.value.code == code
