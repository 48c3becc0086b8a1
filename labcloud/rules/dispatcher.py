"""Sends planned actions: asks the role's permission, delivers through the ports, runs the error action on failure.

Deliveries run in one thread, in the order of the messages; what takes long (a function) is queued by its own port.
Rules with an action that waits for a stranger (http) have a second thread: they keep their order among themselves.
While the first thread has nothing to do, quick actions are done in the caller's own: the messages of an event loop's
turn then share one transaction, and nothing need be remembered for a crash.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Protocol

from labcloud.api import Scope
from labcloud.errors import AwsError, Refused
from labcloud.iotsql import Message
from labcloud.rules.actions.http import Post, join
from labcloud.rules.batches import Batches, BatchLimits
from labcloud.rules.compile import CompiledAction, CompiledRule
from labcloud.rules.deliveries import Delivery, Ports
from labcloud.rules.engine import Engine, Failure, PlannedRun
from labcloud.rules.lane import Job, Lane
from labcloud.rules.steps import Tell

log = logging.getLogger("labcloud.rules")


MOST_WAITING = 10_000
"""Actions of messages that were taken; each holds its message in memory."""

Part = tuple[PlannedRun, CompiledAction, Post]
"""One message's share of a batch."""


class Roles(Protocol):
    """Decides for a role on behalf of AWS IoT. Raises Refused."""

    def require(self, role_arn: str, service: str, action: str, resource: str, context: dict[str, Any]) -> None: ...


class Pending(Protocol):
    """Remembers messages until their rules were carried out, over the end of the process too."""

    def begin(self, scope: Scope, messages: Sequence[Message]) -> str: ...

    def done(self, name: str) -> None: ...


class Dispatcher:
    """Takes messages (`submit`, any thread) and carries their rules' actions out.

    `tell` hears every step, `told` is called when those of some messages have been told.
    """

    def __init__(
        self, engine: Engine, roles: Roles, ports: Ports, tell: Tell, told: Callable[[], None] = lambda: None
    ) -> None:
        self._engine = engine
        self._roles = roles
        self._ports = ports
        self._tell = tell
        self._told = told
        self.pending: Pending | None = None
        self._batches: Batches[Part] = Batches()
        self._main = Lane("rule-actions", self._tend)
        self._aside = Lane("slow-rule-actions", self._tend_batches)

    def start(self) -> None:
        self._main.start()
        self._aside.start()

    def stop(self) -> None:
        """Carries out what is queued, then ends."""
        self._main.stop()
        self._aside.put(partial(self._finish, threading.Event()))
        self._aside.stop()

    def is_behind(self) -> bool:
        """Whether so much waits that nobody should bring more."""
        return self._main.waiting > MOST_WAITING

    def has_rules(self, scope: Scope) -> bool:
        """Whether a message of this account and region needs to be submitted at all."""
        return self._engine.has_rules(scope)

    def submit(self, scope: Scope, messages: Iterable[tuple[Message, bool]]) -> None:
        """Evaluates the rules that messages meet, carries out what is quick and queues what follows.

        True beside a message: it is pending until all that is done. Rules that ask other services are evaluated in
        the dispatcher's thread: the caller must not wait for them.
        """
        turn = _Turn(self._main.idle)
        for message, keep in messages:
            try:
                self._begin(turn, scope, message, keep)
            except Exception:  # the other messages have rules too
                log.exception("the rules of a message could not be evaluated")
        if turn.kept and self.pending is not None:
            done = partial(self.pending.done, self.pending.begin(scope, turn.kept))
            turn.jobs.append(partial(self._aside.put, done) if turn.slow else done)
        self._told()
        for job in turn.jobs:
            self._main.put(job)

    def _begin(self, turn: _Turn, scope: Scope, message: Message, keep: bool) -> None:
        before = len(turn.jobs)
        for rule in self._engine.matching(scope, message):
            if rule.asks_neighbours:
                turn.queue(partial(self.run_rule, scope, rule, message))
            elif run := self._engine.evaluate(scope, rule, message):
                if not (turn.at_once and rule.quick):
                    job = partial(self.carry_out, run)
                    turn.queue(partial(self._aside.put, job) if rule.slow else job, slow=rule.slow)
                elif self._attempt(run):
                    turn.queue(partial(self._run_error_action, run))
        if keep and len(turn.jobs) > before:
            turn.kept.append(message)

    def run_rule(self, scope: Scope, rule: CompiledRule, message: Message) -> None:
        """Evaluates one rule and carries out what follows."""
        if run := self._engine.evaluate(scope, rule, message):
            self.carry_out(run)

    def wait_until_idle(self, within_s: float = 10.0) -> bool:
        """Whether everything submitted before this call was carried out within the time."""
        done = threading.Event()
        self._main.put(partial(self._aside.put, partial(self._finish, done)))
        return done.wait(within_s)

    def carry_out(self, run: PlannedRun) -> None:
        """Sends every action of a run; failures go to the rule's error action."""
        if self._attempt(run):
            self._run_error_action(run)

    def _attempt(self, run: PlannedRun) -> bool:
        """Sends every action of a run; says whether the error action is to run."""
        waiting = False
        for action, delivery in run.deliveries:
            if isinstance(delivery, Post) and delivery.batch is not None:
                self._join_batch((run, action, delivery), delivery.batch)
                waiting = True
            elif failure := self._send(run, action, delivery):
                run.failures.append(failure)
        # failures of a run that waits are told with those of its batch
        return bool(run.failures) and not waiting and run.rule.error_action is not None

    def _run_error_action(self, run: PlannedRun) -> None:
        if planned := self._engine.plan_error_action(run):
            self._tell(run.origin.scope, run.origin.trace_id, run.rule.steps.error_action_runs)
            self._send(run, *planned)

    def _join_batch(self, part: Part, limits: BatchLimits) -> None:
        run, _, post = part
        topic = None if limits.across_topics else run.message.topic
        key = (run.origin.scope, run.rule.name, post.url, topic)
        for batch in self._batches.add(key, part, len(post.body), limits, time.monotonic()):
            self._send_batch(batch)

    def _tend(self) -> None:
        if self._main.idle:
            self._told()

    def _tend_batches(self) -> float | None:
        """Sends the batches that are due; gives the seconds until the next is."""
        if self._aside.idle:
            self._told()
        for batch in self._batches.due(time.monotonic()):
            self._send_batch(batch)
        next_s = self._batches.next_due_s()
        return None if next_s is None else max(0.0, next_s - time.monotonic())

    def _finish(self, done: threading.Event) -> None:
        for batch in self._batches.all():
            self._send_batch(batch)
        done.set()

    def _send_batch(self, batch: list[Part]) -> None:
        """One request for all; a failure is told to every message's trace and once to the error action."""
        whole, runs = join([post for _, _, post in batch]), [run for run, _, _ in batch]
        failures = [(failure, [number]) for number, run in enumerate(runs, 1) for failure in run.failures]
        words, outcome = "done", {"delivered": True}
        try:
            whole.send(runs[-1].origin, self._ports)
        except AwsError as error:
            failures.insert(0, (Failure(whole.failed_action, whole.resource, str(error)), [*range(1, len(runs) + 1)]))
            words, outcome = f"failed: {error}", {"refused": True}
        for run in runs:
            run.failures.clear()
            step = run.rule.steps.of(whole, f"(a batch of {len(runs)}) {words}", **outcome)
            self._tell(run.origin.scope, run.origin.trace_id, step)
        limits = batch[-1][2].batch
        across = limits is not None and limits.across_topics
        if failures and (planned := self._engine.plan_batch_error_action(runs, failures, across)):
            last = runs[-1]
            self._tell(last.origin.scope, last.origin.trace_id, last.rule.steps.error_action_runs)
            self._send(last, *planned)

    def _send(self, run: PlannedRun, action: CompiledAction, delivery: Delivery) -> Failure | None:
        scope, steps = run.origin.scope, run.rule.steps
        failure: Failure | None = None
        try:
            for need in delivery.needs(scope):
                context = {"aws:SourceArn": run.rule.arn, "aws:SourceAccount": scope.account_id, **need.context}
                self._roles.require(action.role_arn or "", "iot.amazonaws.com", need.action, need.resource, context)
            delivery.send(run.origin, self._ports)
        except Refused as refused:
            step = steps.of(delivery, f"refused: {refused.reason}", refused=True, missing=refused.missing)
            failure = Failure(delivery.failed_action, delivery.resource, str(refused))
        except AwsError as error:
            step = steps.of(delivery, f"failed: {error}{_details(error)}", refused=True)
            failure = Failure(delivery.failed_action, delivery.resource, str(error))
        else:
            step = steps.done(delivery)
        self._tell(scope, run.origin.trace_id, step)
        return failure


class _Turn:
    """What comes of the messages that are submitted together."""

    def __init__(self, at_once: bool) -> None:
        self.at_once = at_once
        """Nothing is queued so far: what is quick may be done without overtaking anybody."""
        self.slow = False
        self.jobs: list[Job] = []
        self.kept: list[Message] = []

    def queue(self, job: Job, *, slow: bool = False) -> None:
        self.jobs.append(job)
        self.slow = self.slow or slow
        self.at_once = False


def _details(error: AwsError) -> str:
    """What AWS tells only in further members of the error: why Timestream rejected which record."""
    rejected = error.fields.get("RejectedRecords")
    if not isinstance(rejected, list):
        return ""
    return "".join(f"; record {record['RecordIndex']}: {record['Reason']}" for record in rejected)
