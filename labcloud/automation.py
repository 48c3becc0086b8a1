"""What happens by itself: EventBridge, Scheduler and where they send, joined with clock, roles and functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from labcloud.api import ApiRequest, Scope, Service
from labcloud.awslambda.checks import FunctionChecks
from labcloud.awslambda.destinations import DestinationSender
from labcloud.awslambda.event_invoke import EventInvokeConfigs
from labcloud.awslambda.service import Functions
from labcloud.awslambda.sources import EventSourceMappings, Pollers
from labcloud.clock import LabClock
from labcloud.errors import AccessDenied
from labcloud.events import Delivery, EventBus, ScheduleKeeper, check_rule, check_targets, pattern_of, scheduled_event
from labcloud.firehose import Firehose
from labcloud.gateway.identify import SERVED
from labcloud.motobase import event_rules
from labcloud.motobase import functions as functions_of_moto
from labcloud.motobase.event_rules import EventRule
from labcloud.motobase.functions import layer_size, split_name
from labcloud.motobase.lookups import read_object
from labcloud.motobase.service_calls import ServiceCalls, check_parameters, operation_of
from labcloud.outlets import Attempts, Outlets
from labcloud.roles import Roles
from labcloud.rules.dispatcher import Refused
from labcloud.scheduler import Firing, Keeper, Scheduler, StoredSchedule, context_of
from labcloud.trace import Trace

EVENTS = "events.amazonaws.com"
LAMBDA = "lambda.amazonaws.com"
SCHEDULER = "scheduler.amazonaws.com"
_SERVICES = tuple(sorted({name for names in SERVED.values() for name in names}))

ServedBy = Callable[[str, str], str | None]
"""served_by(service, operation): who answers it, or nobody."""


class Automation:
    """Make it with the cloud's parts; `install` before the first request, `changed` after each, `close` at the end."""

    def __init__(
        self,
        clock: LabClock,
        roles: Roles,
        functions: Functions,
        firehose: Firehose,
        trace: Trace,
        endpoint_url: Callable[[], str],
        served_by: ServedBy,
    ) -> None:
        self._clock, self._roles, self._trace = clock, roles, trace
        self._functions = functions
        self.calls = ServiceCalls(endpoint_url)
        self._served_by = served_by
        attempts = Attempts(clock)
        self.outlets = Outlets(functions, firehose, self._put_event, clock.now_ms)
        self._delivery = Delivery(
            clock, self.outlets, attempts, self._allow(EVENTS), functions.require_permission, trace.note
        )
        self.bus = EventBus(clock.now, self._delivery, trace.begin)
        self.rules = ScheduleKeeper(clock, _scheduled_rules, self._fire_rule)
        self._firing = Firing(clock, self.outlets, attempts, self._allow(SCHEDULER), self._call_api, trace.note)
        self.scheduler = Scheduler(
            clock.now,
            lambda service, action: self._operation(service, action) is not None,
            lambda role, context: roles.why_not_assumed(role, SCHEDULER, context) is None,
            lambda operation, parameters: check_parameters("scheduler", operation, parameters),
        )
        self._schedules = Keeper(clock, self._fire_schedule, self.scheduler.remove)
        self.scheduler.serve(self._schedules)
        self.invoke_configs = EventInvokeConfigs(clock.now, self._lambda_may_call)
        sender = DestinationSender(self.outlets, self._require_for_lambda, clock.now)
        self._pollers = Pollers(clock, functions.call, pattern_of, self.outlets)
        self.event_sources = EventSourceMappings(clock.now, self._lambda_may_call, pattern_of, self._pollers)
        functions.extend(self.invoke_configs, sender.send, self.event_sources.operations)
        self._function_checks = FunctionChecks(
            lambda role: roles.why_not_assumed(role, LAMBDA, {}) is None, read_object, layer_size
        )

    @property
    def services(self) -> list[Service]:
        """What the gateway asks."""
        return [self.bus, self.scheduler]

    @property
    def checks(self) -> Mapping[tuple[str, str], Callable[[ApiRequest], None]]:
        """What is refused before moto would take it."""
        checks = self._function_checks
        return {
            ("events", "PutRule"): check_rule,
            ("events", "PutTargets"): check_targets,
            ("lambda", "CreateFunction"): checks.create_function,
            ("lambda", "UpdateFunctionCode"): checks.update_function_code,
            ("lambda", "UpdateFunctionConfiguration"): checks.update_function_configuration,
            ("lambda", "PublishLayerVersion"): checks.publish_layer_version,
        }

    def install(self) -> None:
        """Lets events that moto makes come here."""
        functions_of_moto.install()
        event_rules.use(lambda account, region, rule, event: self.bus.offer(Scope(account, region), rule, event))

    def changed(self, request: ApiRequest) -> None:
        """Keeps timers in step with what the API changed."""
        if request.service == "events" and request.operation != "PutEvents":
            self.rules.reconcile(request.scope)
        elif (request.service, request.operation) == ("lambda", "DeleteFunction"):
            name, qualifier = split_name(request.parameters["FunctionName"], request.parameters.get("Qualifier"))
            if qualifier is None:
                self.invoke_configs.forget(request.scope, name)

    def close(self) -> None:
        """Cancels every timer."""
        self.rules.close()
        self._schedules.close()
        self._pollers.close()

    def wait_until_idle(self, within_s: float) -> bool:
        """True when no event source has anything to do; False: it took too long."""
        return self._pollers.wait_until_idle(within_s)

    def _allow(self, service: str) -> Callable[[str, str, str, Mapping[str, Any]], None]:
        def may_do(role_arn: str, action: str, resource: str, context: Mapping[str, Any]) -> None:
            try:
                self._roles.require(role_arn, service, action, resource, context)
            except Refused as refused:
                raise AccessDenied(str(refused)) from refused

        return may_do

    def _require_for_lambda(self, role_arn: str, action: str, resource: str) -> None:
        self._allow(LAMBDA)(role_arn, action, resource, {})

    def _lambda_may_call(self, role_arn: str, action: str, resource: str) -> bool:
        decision, _ = self._roles.decide(role_arn, LAMBDA, action, resource, {})
        return decision is not None and decision.allowed

    def _put_event(self, scope: Scope, entry: Mapping[str, Any]) -> None:
        self.bus.put(scope, entry)

    def _fire_rule(self, scope: Scope, rule: EventRule, due_s: float) -> None:
        trace_id = f"{rule.arn}@{due_s:.3f}"
        self._trace.begin(trace_id, f"events/{rule.name}", due_s)
        self._delivery.deliver(scope, rule, scheduled_event(scope, rule, due_s), trace_id)

    def _fire_schedule(self, schedule: StoredSchedule, due_s: float, done: Callable[[], None]) -> None:
        trace_id = f"{schedule.arn}@{due_s:.3f}"
        self._trace.begin(trace_id, f"scheduler/{schedule.group}/{schedule.name}", self._clock.now())
        self._firing.fire(schedule, due_s, trace_id, done)

    def _operation(self, sdk_name: str, action: str) -> tuple[str, str] | None:
        found = operation_of(_SERVICES, sdk_name, action)
        return found if found and self._served_by(*found) else None

    def _call_api(self, schedule: StoredSchedule, sdk_name: str, action: str, parameters: Mapping[str, Any]) -> None:
        role = schedule.target["RoleArn"]
        why = self._roles.why_not_assumed(role, SCHEDULER, context_of(schedule))
        found = self._operation(sdk_name, action)
        if why is not None or found is None:
            raise AccessDenied(why or f"{sdk_name} {action} is not served")
        self.calls.call(schedule.scope, role, *found, parameters)


def _scheduled_rules(scope: Scope) -> list[EventRule]:
    return event_rules.scheduled_rules(scope.account_id, scope.region)
