"""Reads of scheduled EventBridge rules in moto 5.2 as plain data. moto stores them and never fires one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from moto.events.models import events_backends


@dataclass(frozen=True)
class ScheduledRule:
    """A rule with a schedule expression and its targets (as the API names their members)."""

    name: str
    arn: str
    expression: str
    enabled: bool
    targets: tuple[Mapping[str, Any], ...]


def scheduled_rules(account_id: str, region: str) -> list[ScheduledRule]:
    """The default bus's rules that have a schedule (AWS allows schedules on no other bus)."""
    bus = events_backends[account_id][region].event_buses["default"]
    return [
        ScheduledRule(rule.name, rule.arn, rule.scheduled_expression, rule.state == "ENABLED", tuple(rule.targets))
        for rule in bus.rules.values()
        if rule.scheduled_expression
    ]


def regions(account_id: str) -> Iterator[str]:
    """The regions whose EventBridge was used."""
    yield from list(events_backends[account_id])
