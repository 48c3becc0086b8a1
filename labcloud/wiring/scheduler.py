"""EventBridge Scheduler: its schedules send to the outlets or call the cloud's API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from labcloud.api import Served
from labcloud.errors import AccessDenied
from labcloud.motobase.service_calls import check_parameters
from labcloud.scheduler import Firing, Keeper, Scheduler, StoredSchedule, context_of
from labcloud.wiring.operations import operation_of
from labcloud.wiring.permissions import allow

if TYPE_CHECKING:
    from labcloud.cloud import Cloud

SCHEDULER = "scheduler.amazonaws.com"


def make(cloud: Cloud) -> Scheduler:
    scheduler = Scheduler(
        cloud.clock.now,
        lambda service, action: operation_of(cloud, service, action) is not None,
        lambda role, context: cloud.roles.why_not_assumed(role, SCHEDULER, context) is None,
        lambda operation, parameters: check_parameters("scheduler", operation, parameters),
    )
    scheduler.serve(cloud.schedule_keeper)
    return scheduler


def make_keeper(cloud: Cloud) -> Keeper:
    def call_api(schedule: StoredSchedule, sdk_name: str, action: str, parameters: Mapping[str, Any]) -> None:
        role = schedule.target["RoleArn"]
        why = cloud.roles.why_not_assumed(role, SCHEDULER, context_of(schedule))
        found = operation_of(cloud, sdk_name, action)
        if why is not None or found is None:
            raise AccessDenied(why or f"{sdk_name} {action} is not served")
        cloud.calls.call(schedule.scope, role, *found, parameters)

    firing = Firing(
        cloud.clock, cloud.outlets, cloud.attempts, allow(cloud.roles, SCHEDULER), call_api, cloud.trace.note
    )

    def fire(schedule: StoredSchedule, due_s: float, done: Callable[[], None]) -> None:
        trace_id = f"{schedule.arn}@{due_s:.3f}"
        cloud.trace.begin(trace_id, f"scheduler/{schedule.group}/{schedule.name}", cloud.clock.now())
        firing.fire(schedule, due_s, trace_id, done)

    return Keeper(cloud.clock, fire, lambda schedule: cloud.scheduler.remove(schedule))


def serve(cloud: Cloud) -> Mapping[str, Served]:
    return {"scheduler": Served(cloud.scheduler.operations, rest_by_moto=False)}
