"""Sends planned actions: asks the role's permission, delivers through the ports, runs the error action on failure.

Deliveries run in one thread, in the order of the messages; what takes long (a function) is queued by its own port.
Rules with an action that waits for a stranger (http) have a second thread: they keep their order among themselves.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from labcloud.api import Scope
from labcloud.errors import AwsError, Refused
from labcloud.iotsql import Message
from labcloud.rules.actions.http import Post, join
from labcloud.rules.batches import Batches, BatchLimits
from labcloud.rules.compile import CompiledAction, CompiledRule
from labcloud.rules.deliveries import Delivery, Ports
from labcloud.rules.engine import Engine, Failure, Note, PlannedRun, facts_of

log = logging.getLogger("labcloud.rules")


Part = tuple[PlannedRun, CompiledAction, Post]
"""One message's share of a batch."""

Job = PlannedRun | Callable[[], None]


class Roles(Protocol):
    """Decides for a role on behalf of AWS IoT. Raises Refused."""

    def require(self, role_arn: str, service: str, action: str, resource: str, context: dict[str, Any]) -> None: ...


class Pending(Protocol):
    """Remembers messages until their rules were carried out, over the end of the process too."""

    def begin(self, scope: Scope, message: Message) -> str: ...

    def done(self, name: str) -> None: ...


class _Lane:
    """A thread that does one job after the other; `tend` runs between them and says when it wants to run again."""

    def __init__(self, name: str, do: Callable[[Job], None], tend: Callable[[], float | None]) -> None:
        self._do = do
        self._tend = tend
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self.put = self._queue.put
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _work(self) -> None:
        pause_s: float | None = None
        while True:
            try:
                job = self._queue.get(timeout=pause_s)
                if job is None:
                    return
                self._do(job)
            except queue.Empty:
                pass
            except Exception:  # a fault of ours must not end the deliveries of all other messages
                log.exception("an action could not be carried out")
            pause_s = self._tended()

    def _tended(self) -> float | None:
        try:
            return self._tend()
        except Exception:
            log.exception("a batch could not be sent")
            return None


class Dispatcher:
    """Takes messages (`submit`, any thread) and carries their rules' actions out in its own thread."""

    def __init__(self, engine: Engine, roles: Roles, ports: Ports, note: Note) -> None:
        self._engine = engine
        self._roles = roles
        self._ports = ports
        self._note = note
        self.pending: Pending | None = None
        self._batches: Batches[Part] = Batches()
        self._main = _Lane("rule-actions", self._do, lambda: None)
        self._aside = _Lane("slow-rule-actions", self._do, self._tend_batches)

    def start(self) -> None:
        self._main.start()
        self._aside.start()

    def stop(self) -> None:
        """Carries out what is queued, then ends."""
        self._main.stop()
        self._aside.put(partial(self._finish, threading.Event()))
        self._aside.stop()

    def has_rules(self, scope: Scope) -> bool:
        """Whether a message of this account and region needs to be submitted at all."""
        return self._engine.has_rules(scope)

    def submit(self, scope: Scope, message: Message, *, keep: bool = False) -> None:
        """Evaluates the rules that a message meets and queues what follows; `keep`: it is pending until that is done.

        Rules that ask other services are evaluated in the dispatcher's thread: the caller must not wait for them.
        """
        jobs: list[Job] = []
        slow = False
        for rule in self._engine.matching(scope, message):
            job: Job | None
            if rule.asks_neighbours:
                job = partial(self.run_rule, scope, rule, message)
            else:
                job = self._engine.evaluate(scope, rule, message)
            if job is not None:
                slow = slow or rule.slow
                jobs.append(partial(self._aside.put, job) if rule.slow else job)
        if jobs and keep and self.pending is not None:
            done = partial(self.pending.done, self.pending.begin(scope, message))
            jobs.append(partial(self._aside.put, done) if slow else done)
        for job in jobs:
            self._main.put(job)

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
        waiting = False
        for action, delivery in run.deliveries:
            if isinstance(delivery, Post) and delivery.batch is not None:
                self._join_batch((run, action, delivery), delivery.batch)
                waiting = True
            elif failure := self._send(run, action, delivery):
                run.failures.append(failure)
        if waiting:
            return  # its failures are told with those of its batch
        if run.failures and (planned := self._engine.plan_error_action(run)):
            self._note(run.origin.trace_id, f"rule {run.rule.name}: the error action runs", rule=run.rule.name)
            self._send(run, *planned)

    def _do(self, job: Job) -> None:
        self.carry_out(job) if isinstance(job, PlannedRun) else job()

    def _join_batch(self, part: Part, limits: BatchLimits) -> None:
        run, _, post = part
        topic = None if limits.across_topics else run.message.topic
        key = (run.origin.scope, run.rule.name, post.url, topic)
        for batch in self._batches.add(key, part, len(post.body), limits, time.monotonic()):
            self._send_batch(batch)

    def _tend_batches(self) -> float | None:
        """Sends the batches that are due; gives the seconds until the next is."""
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
            text = f"rule {run.rule.name}: {whole.summary} (a batch of {len(runs)}) {words}"
            self._note(run.origin.trace_id, text, rule=run.rule.name, **outcome, **facts_of(whole))
        limits = batch[-1][2].batch
        across = limits is not None and limits.across_topics
        if failures and (planned := self._engine.plan_batch_error_action(runs, failures, across)):
            name = runs[-1].rule.name
            self._note(runs[-1].origin.trace_id, f"rule {name}: the error action runs", rule=name)
            self._send(runs[-1], *planned)

    def _send(self, run: PlannedRun, action: CompiledAction, delivery: Delivery) -> Failure | None:
        facts = {"rule": run.rule.name, **facts_of(delivery)}
        try:
            for need in delivery.needs(run.origin.scope):
                context = {
                    "aws:SourceArn": run.rule.arn,
                    "aws:SourceAccount": run.origin.scope.account_id,
                    **need.context,
                }
                self._roles.require(action.role_arn or "", "iot.amazonaws.com", need.action, need.resource, context)
            delivery.send(run.origin, self._ports)
        except Refused as refused:
            text = f"rule {run.rule.name}: {delivery.summary} refused: {refused.reason}"
            self._note(run.origin.trace_id, text, refused=True, missing=refused.missing, **facts)
            return Failure(delivery.failed_action, delivery.resource, str(refused))
        except AwsError as error:
            text = f"rule {run.rule.name}: {delivery.summary} failed: {error}{_details(error)}"
            self._note(run.origin.trace_id, text, refused=True, **facts)
            return Failure(delivery.failed_action, delivery.resource, str(error))
        self._note(run.origin.trace_id, f"rule {run.rule.name}: {delivery.summary} done", delivered=True, **facts)
        return None


def _details(error: AwsError) -> str:
    """What AWS tells only in further members of the error: why Timestream rejected which record."""
    rejected = error.fields.get("RejectedRecords")
    if not isinstance(rejected, list):
        return ""
    return "".join(f"; record {record['RecordIndex']}: {record['Reason']}" for record in rejected)
