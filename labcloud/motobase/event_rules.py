"""EventBridge rules in moto 5.2 as plain data. moto stores them; the cloud's own code matches and delivers.

moto 5.2.5 sends its own S3 events straight to targets, without permissions and in another form: `install` turns that
into a call of the cloud's, and stops the made-up event at each new bucket.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from moto.events.models import Rule, events_backends
from moto.s3 import models as s3_models

from labcloud.motobase import hooks

S3_MODELS: ModuleType = s3_models


@dataclass(frozen=True)
class EventRule:
    """A rule with its schedule or its pattern and its targets (as the API names their members)."""

    name: str
    arn: str
    enabled: bool
    targets: tuple[Mapping[str, Any], ...]
    expression: str | None = None
    pattern: str | None = None


Forward = Callable[[str, str, EventRule, dict[str, Any]], None]
"""forward(account id, region, rule, event)"""
_forward: list[Forward] = []


def use(forward: Forward) -> None:
    """Events of moto's own go to `forward`, rule by rule."""
    _forward[:] = [forward]


def install() -> None:
    """Puts the hooks in place."""
    if hooks.first_time(__name__):
        hooks.replace(Rule, "send_to_targets", send_to_targets)
        hooks.replace(S3_MODELS, "events_send_notification", send_no_notification)


def rules_of_bus(account_id: str, region: str, bus: str = "default") -> list[EventRule] | None:
    """The rules of an event bus; None if there is no such bus."""
    found = events_backends[account_id][region].event_buses.get(bus)
    return None if found is None else [_as_data(rule) for rule in found.rules.values()]


def scheduled_rules(account_id: str, region: str) -> list[EventRule]:
    """The default bus's rules that have a schedule (AWS allows schedules on no other bus)."""
    return [rule for rule in rules_of_bus(account_id, region) or () if rule.expression]


def regions(account_id: str) -> Iterator[str]:
    """The regions whose EventBridge was used."""
    yield from list(events_backends[account_id])


def send_to_targets(self: Rule, original_event: Any, transform_input: bool = True) -> None:
    """An event of moto's own (S3): the cloud matches and delivers it."""
    _forward[0](self.account_id, self.region_name, _as_data(self), dict(original_event))


def send_no_notification(source: str, event_name: str, region: str, resources: Any, detail: Any) -> None:
    """AWS sends no such event without CloudTrail."""


def _as_data(rule: Rule) -> EventRule:
    return EventRule(
        name=rule.name,
        arn=rule.arn,
        enabled=rule.state == "ENABLED",
        targets=tuple(rule.targets),
        expression=rule.scheduled_expression or None,
        pattern=rule.event_pattern.dump() or None,
    )
