"""Step Functions: moto keeps state machines, they are executed here; tasks call the cloud's API under a role."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from labcloud.api import ApiRequest, Scope, Served
from labcloud.errors import AwsError
from labcloud.motobase import log_groups
from labcloud.motobase.stepfunctions import machine_of
from labcloud.stepfunctions.engine import Call, Execution, Failed, Outcome
from labcloud.stepfunctions.logs import group_of, lines_of, stream_of
from labcloud.stepfunctions.machines import MachineChecks
from labcloud.stepfunctions.runner import Runner
from labcloud.stepfunctions.service import StepFunctions
from labcloud.stepfunctions.store import Executions
from labcloud.stepfunctions.tasks import Tasks
from labcloud.wiring.operations import operation_of

if TYPE_CHECKING:
    from labcloud.cloud import Cloud

EVENTS_A_PART = 100
SERVICE = "states.amazonaws.com"


class StateMachines:
    """Executions with their threads and timers. Made when the first one is started, or if there are some from before."""

    def __init__(self, cloud: Cloud) -> None:
        def why_not_assumed(role_arn: str, context: Mapping[str, Any]) -> str | None:
            return cloud.roles.why_not_assumed(role_arn, SERVICE, context)

        def why_not(role_arn: str, action: str, resource: str) -> str | None:
            decision, reason = cloud.roles.decide(role_arn, SERVICE, action, resource, {})
            return None if decision is not None and decision.allowed else reason

        self._trace = cloud.trace
        self._keep = cloud.joint.execution_changed if cloud.joint else lambda arn, parts: None
        self._tasks = Tasks(cloud.calls, lambda *names: operation_of(cloud, *names), why_not_assumed)
        self.checks = MachineChecks(self._tasks, why_not_assumed, why_not)
        self._executions = Executions(self._changed)
        self._runner = Runner(cloud.clock, self._perform, self._turned)
        self.service = StepFunctions(cloud.clock.now, self._runner, self._executions, self.checks)
        self.wait_until_idle, self.close = self._runner.wait_until_idle, self._runner.close

    def start(self, scope: Scope, machine_arn: str, text: str, name: str | None = None, *, wait: bool = False) -> None:
        """Begins an execution for a neighbour who was asked for permission already. Raises AwsError."""
        self.service.start(scope, machine_of(scope, machine_arn), text, name, wait=wait)

    def dumped(self, arn: str, dump: Callable[[Any], bytes]) -> bytes | None:
        """An execution without its events as bytes, made while nobody changes it; None: there is none."""
        with self._runner.lock:
            found = self._executions.find(arn)
            return None if found is None else dump(replace(found, events=[], events_kept=len(found.events)))

    def dumped_events(self, arn: str, part: int, dump: Callable[[Any], bytes]) -> bytes | None:
        """A part of the events: a long history is not written anew with every event."""
        with self._runner.lock:
            found = self._executions.find(arn)
            events = [] if found is None else found.events[part * EVENTS_A_PART : (part + 1) * EVENTS_A_PART]
            return dump((arn, events)) if events else None

    def restore(self, executions: list[Execution], parts: list[tuple[str, list[dict[str, Any]]]]) -> None:
        """Takes over what was kept: executions, and the parts of their events in order."""
        for execution in executions:
            self._executions.add(execution)
        for arn, events in parts:
            if (found := self._executions.find(arn)) is not None:
                found.events += events
        for execution in executions:
            del execution.events[execution.events_kept :]

    def resume(self) -> None:
        """When tasks can be done: executions that were under way go on."""
        for execution in self._executions.running():
            self._runner.resume(execution)

    def _perform(self, execution: Execution, call: Call) -> Outcome:
        outcome = self._tasks.perform(execution, call)
        what = f"state {call.state}: {call.target.function_arn or f'{call.target.service}:{call.target.action}'}"
        if isinstance(outcome, Failed):
            self._trace.note(execution.arn, f"{what} failed: {outcome.error}: {outcome.cause}", refused=True)
        else:
            self._trace.note(execution.arn, f"{what} done", delivered=True)
        return outcome

    def _turned(self, execution: Execution) -> None:
        if not self._trace.knows(execution.arn):
            self._trace.begin(execution.arn, f"states/{execution.machine_name}/{execution.name}", execution.start_s)
        self._log(execution)
        if not execution.running:
            told = ": ".join(text for text in (execution.error, execution.cause) if text)
            self._trace.note(execution.arn, f"the execution {execution.status}" + (f": {told}" if told else ""))
            if execution.express:
                self._executions.drop(execution)  # AWS keeps none, either
        self._changed(execution)

    def _log(self, execution: Execution) -> None:
        """Events that were not logged yet; a log group that is gone holds no execution up."""
        with self._runner.lock:
            new, execution.events_logged = execution.events[execution.events_logged :], len(execution.events)
        lines, group = lines_of(execution, new), group_of(execution.logging)
        if lines and group:
            scope = execution.scope
            try:
                log_groups.put_lines_into(scope.account_id, scope.region, group, stream_of(execution), lines)
            except AwsError as error:
                self._trace.note(execution.arn, f"no events were logged: {error}", refused=True)

    def _changed(self, execution: Execution) -> None:
        """What was added since the last time is to be kept; all of it is to go if the execution is kept no more."""
        with self._runner.lock:
            is_there = self._executions.find(execution.arn) is execution
            first = execution.events_kept // EVENTS_A_PART if is_there else 0
            execution.events_kept = len(execution.events)
        self._keep(execution.arn, range(first, len(execution.events) // EVENTS_A_PART + 1))


def make(cloud: Cloud) -> StateMachines:
    return StateMachines(cloud)


def serve(cloud: Cloud) -> Mapping[str, Served]:
    machines = cloud.state_machines

    def changed(request: ApiRequest) -> None:
        if request.operation == "DeleteStateMachine":
            machines.service.forget_machine(request.parameters["stateMachineArn"])

    checks = {
        "CreateStateMachine": machines.checks.create_state_machine,
        "UpdateStateMachine": machines.checks.update_state_machine,
    }
    return {"stepfunctions": Served(machines.service.operations, checks=checks, changed=changed)}
