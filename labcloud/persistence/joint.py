"""What of this cloud is kept besides moto's backends, and what starts again with it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labcloud.api import Scope
from labcloud.errors import AwsError
from labcloud.later import made
from labcloud.motobase import iot_reads
from labcloud.mqtt import Broker
from labcloud.persistence.inbox import Inbox, MessageInbox
from labcloud.persistence.pickles import dumps
from labcloud.persistence.state import Persistence
from labcloud.persistence.statefile import REMEDY, StateError
from labcloud.shell.mqtt_journal import MqttJournal, UnreadableState

if TYPE_CHECKING:
    from labcloud.cloud import Cloud

log = logging.getLogger("labcloud.persistence")

EXECUTIONS, EVENTS = "executions", "execution-events"
"""The spaces of the rows of state machines' executions and of parts of their histories."""
AHEAD_S = 0.5
"""A clock that runs at a rate is kept so many real seconds ahead: after a crash lab time never goes back."""


class Journal(MqttJournal):
    """The broker's journal; with its records everything else becomes safe that the turn's acknowledgements promise."""

    def __init__(self, folder: Path, kept: Persistence) -> None:
        super().__init__(folder)
        self._kept = kept

    def open(self, broker: Broker) -> None:
        """Raises StateError."""
        try:
            super().open(broker)
        except UnreadableState as error:
            raise StateError(f"The state of the MQTT sessions is damaged: {error}. {REMEDY}") from error

    def write(self, broker: Broker) -> None:
        super().write(broker)
        self._kept.commit()


@dataclass(frozen=True)
class Kept:
    """An attribute of the cloud whose state is kept whole; `service`: whose requests change it."""

    attribute: str
    service: str = ""
    watched: bool = True
    """Whether it changes by itself, too."""


KEPT = {
    "athena": Kept("athena"),
    "cloudformation": Kept("stacks"),
    "destinations": Kept("destinations", "iot"),
    "event-sources": Kept("event_sources"),
    "events": Kept("event_schedules", watched=False),
    "firehose": Kept("firehose"),
    "iot-logging": Kept("iot_options"),
    "lambda": Kept("invoke_configs", watched=False),
    "quicksight": Kept("quicksight", watched=False),
    "scheduler": Kept("scheduler"),
    "timestream-query": Kept("scheduled_queries"),
}
"""By the name of its row. What has a row is made at the start, so that what it does by itself goes on."""


class Joint:
    """Made before any service is; `resume` restores those that have a state and starts what goes on by itself."""

    def __init__(self, kept: Persistence, cloud: Cloud) -> None:
        self._kept = kept
        self._cloud = cloud
        self._stopping = False
        self.messages, self.invocations = MessageInbox(kept, "inbox"), Inbox(kept, "invocations")
        kept.register("clock", self._clock_state, lambda state: cloud.clock.resume(*state), watched=True)
        for name, part in KEPT.items():
            self._register(name, part)

    def _register(self, name: str, part: Kept) -> None:
        def save() -> Any:
            return getattr(self._cloud, part.attribute).state()

        def load(state: Any) -> None:
            getattr(self._cloud, part.attribute).restore(state)

        def is_made() -> bool:
            return made(self._cloud, part.attribute) is not None

        self._kept.register(name, save, load, is_made, service=part.service, watched=part.watched)

    def resume(self) -> None:
        """Restores the state; then rules are compiled and timers planted. Raises StateError."""
        cloud, kept = self._cloud, self._kept
        kept.restore()
        for _, (key, shadow) in kept.rows("shadow"):
            cloud.shadows.state[key] = shadow
        if executions := [execution for _, execution in kept.rows(EXECUTIONS)]:
            cloud.state_machines.restore(executions, [part for _, part in kept.rows(EVENTS)])
        if kept.places("iot"):
            for account_id, region in iot_reads.topic_rule_places():
                cloud.rules.load(Scope(account_id, region))
        for account_id, region in kept.places("events"):
            cloud.event_schedules.reconcile(Scope(account_id, region))
        if kept.places("cloudwatch"):
            cloud.alarms.reconcile()
        if kept.places("dynamodb"):
            cloud.expiry.reconcile()
        if kept.places("s3"):
            cloud.lifecycle.reconcile()
        kept.start()

    def resume_work(self) -> None:
        """When rules can be carried out and functions run: what was acknowledged and not finished."""
        self.messages.resume(self._carry_out_again)
        self.invocations.resume(self._invoke_again)

    def _carry_out_again(self, scope: Scope, messages: Any) -> None:
        """A row of several messages; in an older state, of one."""
        kept = messages if isinstance(messages, tuple) else (messages,)
        self._cloud.rules.submit(scope, [(message, True) for message in kept])

    def _invoke_again(self, scope: Scope, function_arn: str, payload: bytes) -> None:
        try:
            self._cloud.functions.start(scope, function_arn, payload)
        except AwsError as error:
            log.warning("an invocation of an earlier run of this cloud is dropped: %s", error)

    def close(self) -> None:
        """At the very end of the cloud."""
        self._stopping = True
        self._kept.close()

    def _clock_state(self) -> tuple[float, float]:
        clock = self._cloud.clock
        ahead_s = 0.0 if clock.rate == 1.0 or self._stopping else AHEAD_S * clock.rate
        return round(clock.offset_s() + ahead_s, 1), clock.rate

    def execution_changed(self, arn: str, parts: Iterable[int]) -> None:
        """An execution of a state machine has changed, come or gone, and these parts of its events."""
        machines = self._cloud.state_machines
        self._kept.mark(EXECUTIONS, arn, lambda: machines.dumped(arn, dumps))
        for part in parts:
            self._kept.mark(EVENTS, f"{arn}#{part:05d}", partial(machines.dumped_events, arn, part, dumps))

    def shadow_changed(self, key: Any) -> None:
        """A shadow was updated or deleted."""
        state = self._cloud.shadows.state
        text = "\0".join(part if part is not None else "\1" for part in (*_flat(key[0]), *key[1:]))
        self._kept.mark("shadow", text, lambda: dumps((key, state[key])) if key in state else None)


def _flat(scope: Scope) -> tuple[str, str]:
    return scope.account_id, scope.region
