"""EventBridge: moto keeps buses and rules; patterns match and schedules fire here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from labcloud.api import ApiRequest, Scope, Served
from labcloud.events import Delivery, EventBus, ScheduleKeeper, check_rule, check_targets, scheduled_event
from labcloud.motobase import event_rules
from labcloud.motobase.event_rules import EventRule
from labcloud.wiring.permissions import allow

if TYPE_CHECKING:
    from labcloud.cloud import Cloud

EVENTS = "events.amazonaws.com"


def make_delivery(cloud: Cloud) -> Delivery:
    return Delivery(
        cloud.clock,
        cloud.outlets,
        cloud.attempts,
        allow(cloud.roles, EVENTS),
        lambda *asked: cloud.functions.require_permission(*asked),
        cloud.trace.note,
    )


def make_bus(cloud: Cloud) -> EventBus:
    return EventBus(cloud.clock.now, cloud.event_delivery, cloud.trace.begin)


def make_event_schedules(cloud: Cloud) -> ScheduleKeeper:
    def fire(scope: Scope, rule: EventRule, due_s: float) -> None:
        trace_id = f"{rule.arn}@{due_s:.3f}"
        cloud.trace.begin(trace_id, f"events/{rule.name}", due_s)
        cloud.event_delivery.deliver(scope, rule, scheduled_event(scope, rule, due_s), trace_id)

    return ScheduleKeeper(cloud.clock, lambda scope: event_rules.scheduled_rules(scope.account_id, scope.region), fire)


def offer(cloud: Cloud, account_id: str, region: str, rule: EventRule, event: Any) -> None:
    """An event that moto made (S3's)."""
    cloud.bus.offer(Scope(account_id, region), rule, event)


def serve(cloud: Cloud) -> Mapping[str, Served]:
    def changed(request: ApiRequest) -> None:
        if request.operation != "PutEvents":
            cloud.event_schedules.reconcile(request.scope)

    checks = {"PutRule": check_rule, "PutTargets": _check_targets}
    return {"events": Served(cloud.bus.operations, checks=checks, changed=changed)}


def _check_targets(request: ApiRequest) -> None:
    asked = request.parameters
    rules = event_rules.rules_of_bus(request.account_id, request.region, asked.get("EventBusName") or "default") or []
    check_targets(request, next((rule.targets for rule in rules if rule.name == asked.get("Rule")), ()))
