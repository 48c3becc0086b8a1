"""The rules of a bucket's lifecycle configuration: read from the API's members, and refused as S3 refuses them. Pure.

Sources: S3 API Reference, PutBucketLifecycleConfiguration; S3 User Guide, "Lifecycle configuration elements",
"Examples of S3 Lifecycle configurations". Codes and sentences are S3's where public reports quote them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from labcloud.errors import AwsError

MOST_RULES, LONGEST_ID, MOST_KEPT = 1000, 255, 100
CLASSES = ("STANDARD", "STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")
"""Downwards: an object moves towards the end only ("Supported transitions and related constraints")."""
AFTER_30_DAYS = ("STANDARD_IA", "ONEZONE_IA")
DAY_S = 86_400


@dataclass(frozen=True)
class Version:
    """One version of an object, or a delete marker. Times are epoch seconds."""

    key: str
    size: int
    created_s: float
    storage_class: str
    tags: Mapping[str, str] = field(default_factory=dict)
    noncurrent_since_s: float | None = None
    """When its successor came; None: it is the current version."""
    newer_noncurrent: int = 0
    """How many noncurrent versions are newer than this one."""
    is_marker: bool = False
    is_alone: bool = False
    """Whether there is no other version."""


@dataclass(frozen=True)
class Filter:
    """Which objects a rule is for."""

    prefix: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    larger_than: int | None = None
    smaller_than: int | None = None

    def matches(self, version: Version) -> bool:
        """A delete marker has neither tags nor size."""
        if version.is_marker:
            return version.key.startswith(self.prefix) and not self.tags and not self.has_sizes
        return (
            version.key.startswith(self.prefix)
            and all(version.tags.get(key) == value for key, value in self.tags.items())
            and (self.larger_than is None or version.size > self.larger_than)
            and (self.smaller_than is None or version.size < self.smaller_than)
        )

    @property
    def has_sizes(self) -> bool:
        return self.larger_than is not None or self.smaller_than is not None


@dataclass(frozen=True)
class Move:
    """A transition: after days, or from a date on."""

    storage_class: str
    days: int | None = None
    date_s: float | None = None


@dataclass(frozen=True)
class Rule:
    """One enabled rule."""

    id: str
    filter: Filter
    expires: Move | None = None
    cleans_markers: bool = False
    moves: tuple[Move, ...] = ()
    noncurrent_expires_days: int | None = None
    noncurrent_kept: int = 0
    noncurrent_moves: tuple[Move, ...] = ()
    noncurrent_moves_kept: Mapping[str, int] = field(default_factory=dict)
    abandons_after_days: int | None = None


def read_rules(configuration: Mapping[str, Any]) -> tuple[Rule, ...]:
    """The enabled rules. Raises AwsError for a configuration that S3 refuses."""
    written = configuration.get("Rules") or ()
    if not 1 <= len(written) <= MOST_RULES:
        raise _malformed()
    ids = [rule["ID"] for rule in written if rule.get("ID")]
    if len(ids) != len(set(ids)):
        raise _argument("Rule ID must be unique. Found same ID for more than one rule")
    rules = [_read(rule) for rule in written]
    return tuple(rule for rule, given in zip(rules, written, strict=True) if given["Status"] == "Enabled")


def _read(written: Mapping[str, Any]) -> Rule:
    if len(written.get("ID") or "") > LONGEST_ID:
        raise _argument(f"ID length should not exceed allowed limit of {LONGEST_ID}")
    if written.get("Status") not in ("Enabled", "Disabled"):
        raise _malformed()
    chosen = _filter(written)
    expires, cleans = _expiration(written.get("Expiration"))
    moves = tuple(_move(each) for each in written.get("Transitions") or ())
    noncurrent = written.get("NoncurrentVersionExpiration") or {}
    later = written.get("NoncurrentVersionTransitions") or ()
    upload = written.get("AbortIncompleteMultipartUpload")
    if not (expires or cleans or moves or noncurrent or later or upload):
        raise AwsError("At least one action needs to be specified in a rule", code="InvalidRequest")
    if (chosen.tags or chosen.has_sizes) and (cleans or upload):
        name = "ExpiredObjectDeleteMarker" if cleans else "AbortIncompleteMultipartUpload"
        what = "Tags" if chosen.tags else "ObjectSize"
        raise AwsError(f"{name} cannot be specified with {what}.", code="InvalidRequest")
    _check_order(expires, moves, chosen)
    return Rule(
        id=written.get("ID") or "",
        filter=chosen,
        expires=expires,
        cleans_markers=cleans,
        moves=moves,
        noncurrent_expires_days=_days(noncurrent, "NoncurrentDays", "NoncurrentVersionExpiration", 1),
        noncurrent_kept=_kept(noncurrent),
        noncurrent_moves=tuple(
            Move(_class(each), _days(each, "NoncurrentDays", "NoncurrentVersionTransition", _fewest(each)))
            for each in later
        ),
        noncurrent_moves_kept={each["StorageClass"]: _kept(each) for each in later},
        abandons_after_days=_days(upload, "DaysAfterInitiation", "AbortIncompleteMultipartUpload", 1),
    )


def _filter(written: Mapping[str, Any]) -> Filter:
    """The filter, or the prefix that stood in its place before there were filters; one of the two."""
    given = written.get("Filter")
    if (given is None) == (written.get("Prefix") is None):
        raise _malformed()
    if given is None:
        return Filter(written["Prefix"])
    if len(given) > 1:
        raise _malformed()
    parts = given.get("And") or given
    tags = [*(parts.get("Tags") or ()), *([parts["Tag"]] if parts.get("Tag") else ())]
    if len({tag["Key"] for tag in tags}) != len(tags):
        raise AwsError("Duplicate Tag Keys are not allowed.", code="InvalidRequest")
    larger, smaller = parts.get("ObjectSizeGreaterThan"), parts.get("ObjectSizeLessThan")
    if larger is not None and smaller is not None and smaller <= larger:
        text = "'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'."
        raise AwsError(text, code="InvalidRequest")
    return Filter(parts.get("Prefix") or "", {tag["Key"]: tag["Value"] for tag in tags}, larger, smaller)


def _expiration(written: Mapping[str, Any] | None) -> tuple[Move | None, bool]:
    """When current versions go, and whether expired delete markers are cleaned up."""
    if written is None:
        return None, False
    if len([name for name in ("Days", "Date", "ExpiredObjectDeleteMarker") if written.get(name) is not None]) != 1:
        raise _malformed()
    if written.get("ExpiredObjectDeleteMarker") is not None:
        return None, bool(written["ExpiredObjectDeleteMarker"])
    if written.get("Date") is not None:
        return Move("", date_s=_midnight(written["Date"])), False
    return Move("", _days(written, "Days", "Expiration", 1)), False


def _move(written: Mapping[str, Any]) -> Move:
    storage_class = _class(written)
    if (written.get("Days") is None) == (written.get("Date") is None):
        raise _malformed()
    if written.get("Date") is not None:
        return Move(storage_class, date_s=_midnight(written["Date"]))
    return Move(storage_class, _days(written, "Days", "Transition", _fewest(written)))


def _class(written: Mapping[str, Any]) -> str:
    if written.get("StorageClass") not in CLASSES[1:]:
        raise _malformed()
    return str(written["StorageClass"])


def _fewest(written: Mapping[str, Any]) -> int:
    return 30 if written.get("StorageClass") in AFTER_30_DAYS else 0


def _days(written: Mapping[str, Any] | None, name: str, action: str, fewest: int) -> int | None:
    """The days of an action; None where the rule does not have it."""
    if not written:
        return None
    days = written.get(name)
    if days is None:
        raise _malformed()
    if days < 0 or (days == 0 and fewest > 0):
        kind = "nonnegative" if fewest == 0 else "positive"
        raise _argument(f"'{name}' for {action} action must be a {kind} integer")
    if days < fewest:
        raise _argument(
            f"'{name}' in {action} action must be greater than or equal to {fewest} for storageClass "
            f"'{written.get('StorageClass')}'"
        )
    return int(days)


def _kept(written: Mapping[str, Any]) -> int:
    kept = written.get("NewerNoncurrentVersions")
    if kept is None:
        return 0
    if not 1 <= kept <= MOST_KEPT:
        raise _argument(f"'NewerNoncurrentVersions' must be between 1 and {MOST_KEPT}")
    return int(kept)


def _midnight(date: datetime) -> float:
    moment = date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)
    if moment.timestamp() % DAY_S:
        raise _argument("'Date' must be at midnight GMT")
    return moment.timestamp()


def _check_order(expires: Move | None, moves: Sequence[Move], chosen: Filter) -> None:
    latest = max((move.days for move in moves if move.days is not None), default=None)
    if expires and expires.days is not None and latest is not None and expires.days <= latest:
        raise _argument(
            f"'Days' in the Expiration action for filter '(prefix={chosen.prefix})' must be greater than 'Days' in the "
            "Transition action"
        )


def _malformed() -> AwsError:
    text = "The XML you provided was not well-formed or did not validate against our published schema"
    return AwsError(text, code="MalformedXML")


def _argument(text: str) -> AwsError:
    return AwsError(text, code="InvalidArgument")
