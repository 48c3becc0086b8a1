"""What becomes of a version of an object at a time. Pure.

Source: S3 User Guide, "Understanding object expiration", "Conflicts and resolution in lifecycle configurations": expiration
comes before transitions, the cheaper class before the dearer; "Lifecycle rules: Based on an object's age": a day is over at
the next midnight UTC.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from labcloud.lifecycle.rules import CLASSES, DAY_S, Move, Rule, Version

VARIES = "varies_by_storage_class"
SMALLEST_MOVED = 128 * 1024
"""Bytes that an object needs for a transition, where its rule does not ask for its size."""
TAKE_ANY_SIZE = ("GLACIER", "DEEP_ARCHIVE")
"""Under VARIES, the classes of before September 2024."""


@dataclass(frozen=True)
class Expire:
    """It goes, by this rule: a current version behind a delete marker if the bucket has versions."""

    rule_id: str


@dataclass(frozen=True)
class Transition:
    """It moves to another storage class."""

    rule_id: str
    storage_class: str


Fate = Expire | Transition


def midnight_after(moment_s: float) -> float:
    """The first midnight UTC at or after a time."""
    return math.ceil(moment_s / DAY_S) * DAY_S


def fate(rules: Sequence[Rule], version: Version, now_s: float, minimum: str = "") -> Fate | None:
    """`minimum` is the configuration's TransitionDefaultMinimumObjectSize."""
    matching = [rule for rule in rules if rule.filter.matches(version)]
    for rule in matching:
        if _expires(rule, version, now_s):
            return Expire(rule.id)
    if version.is_marker:
        return None
    found = [
        Transition(rule.id, move.storage_class)
        for rule in matching
        for move in _moves(rule, version)
        if _is_due(move, _since(version), now_s) and _may_move(rule, version, move, minimum)
    ]
    return max(found, key=lambda each: CLASSES.index(each.storage_class), default=None)


def is_abandoned(rules: Sequence[Rule], key: str, started_s: float, now_s: float) -> bool:
    """Whether an upload that is not complete is given up."""
    return any(
        rule.abandons_after_days is not None
        and key.startswith(rule.filter.prefix)
        and _is_due(Move("", rule.abandons_after_days), started_s, now_s)
        for rule in rules
    )


def _expires(rule: Rule, version: Version, now_s: float) -> bool:
    if version.noncurrent_since_s is not None:
        days = rule.noncurrent_expires_days
        return (
            days is not None
            and version.newer_noncurrent >= rule.noncurrent_kept
            and _is_due(Move("", days), version.noncurrent_since_s, now_s)
        )
    if version.is_marker:
        by_age = (
            rule.expires is not None
            and rule.expires.days is not None
            and _is_due(rule.expires, version.created_s, now_s)
        )
        return version.is_alone and (rule.cleans_markers or by_age)
    return rule.expires is not None and _is_due(rule.expires, version.created_s, now_s)


def _moves(rule: Rule, version: Version) -> Sequence[Move]:
    if version.noncurrent_since_s is None:
        return rule.moves
    kept = rule.noncurrent_moves_kept
    return [move for move in rule.noncurrent_moves if version.newer_noncurrent >= kept.get(move.storage_class, 0)]


def _since(version: Version) -> float:
    return version.created_s if version.noncurrent_since_s is None else version.noncurrent_since_s


def _is_due(move: Move, since_s: float, now_s: float) -> bool:
    if move.date_s is not None:
        return now_s >= move.date_s
    return move.days is not None and now_s >= midnight_after(since_s + move.days * DAY_S)


def _may_move(rule: Rule, version: Version, move: Move, minimum: str) -> bool:
    """Only downwards; and objects that are too small for it to pay are left where they are."""
    now, then = _level(version.storage_class), CLASSES.index(move.storage_class)
    if then <= now:
        return False
    if rule.filter.has_sizes or version.size >= SMALLEST_MOVED:
        return True
    return minimum == VARIES and move.storage_class in TAKE_ANY_SIZE


def _level(storage_class: str) -> int:
    return CLASSES.index(storage_class) if storage_class in CLASSES else 0
