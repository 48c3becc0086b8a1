"""What of this cloud is kept besides moto's backends, and what starts again with it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labcloud.api import Scope
from labcloud.errors import AwsError
from labcloud.motobase import iot_reads
from labcloud.mqtt import Broker
from labcloud.persistence.inbox import Inbox, MessageInbox
from labcloud.persistence.pickles import dumps
from labcloud.persistence.state import Persistence
from labcloud.persistence.statefile import REMEDY, StateError
from labcloud.quicksight import Store
from labcloud.shell.mqtt_journal import MqttJournal, UnreadableState

if TYPE_CHECKING:
    from labcloud.cloud import Cloud

log = logging.getLogger("labcloud.persistence")

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


class Joint:
    """Made when all parts of the cloud are there; `resume` restores them and starts what goes on by itself."""

    def __init__(self, kept: Persistence, cloud: Cloud) -> None:
        self._kept = kept
        self._cloud = cloud
        self._stopping = False
        self._messages, self._invocations = MessageInbox(kept, "inbox"), Inbox(kept, "invocations")
        self._register()

    def _register(self) -> None:
        cloud, kept = self._cloud, self._kept
        kept.register("clock", self._clock_state, lambda state: cloud.clock.resume(*state), watched=True)
        kept.register("quicksight", lambda: cloud.quicksight.store, self._load_quicksight)
        kept.register("events", cloud.schedules.phases, cloud.schedules.resume)
        scheduler = cloud.automation.scheduler
        kept.register("scheduler", scheduler.state, scheduler.restore, watched=True)
        kept.register("athena", cloud.athena.state, cloud.athena.restore, watched=True)
        kept.register("cloudformation", cloud.stacks.state, cloud.stacks.restore, watched=True)
        sources = cloud.automation.event_sources
        kept.register("event-sources", sources.state, sources.restore, watched=True)
        kept.register("lambda", cloud.automation.invoke_configs.state, cloud.automation.invoke_configs.restore)
        kept.register("firehose", cloud.firehose.state, cloud.firehose.restore, watched=True)
        destinations = cloud.destinations
        kept.register("destinations", destinations.state, destinations.restore, service="iot", watched=True)
        kept.register("iot-logging", cloud.iot_options.state, cloud.iot_options.restore, watched=True)
        cloud.shadows.on_change = self._shadow_changed
        cloud.dispatcher.pending = self._messages
        cloud.functions.pending = self._invocations

    def resume(self) -> None:
        """Restores the state; then rules are compiled and timers planted. Raises StateError."""
        cloud = self._cloud
        self._kept.restore()
        for _, (key, shadow) in self._kept.rows("shadow"):
            cloud.shadows.state[key] = shadow
        for account_id, region in iot_reads.topic_rule_places():
            cloud.load_rules(Scope(account_id, region))
        for account_id, region in self._kept.places("events"):
            cloud.schedules.reconcile(Scope(account_id, region))
        self._kept.start()

    def resume_work(self) -> None:
        """When rules can be carried out and functions run: what was acknowledged and not finished."""
        self._messages.resume(lambda scope, message: self._cloud.dispatcher.submit(scope, message, keep=True))
        self._invocations.resume(self._invoke_again)

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

    def _load_quicksight(self, store: Store) -> None:
        self._cloud.quicksight.store.regions.update(store.regions)
        self._cloud.quicksight.store.accounts.update(store.accounts)

    def _shadow_changed(self, key: Any) -> None:
        state = self._cloud.shadows.state
        text = "\0".join(part if part is not None else "\1" for part in (*_flat(key[0]), *key[1:]))
        self._kept.mark("shadow", text, lambda: dumps((key, state[key])) if key in state else None)


def _flat(scope: Scope) -> tuple[str, str]:
    return scope.account_id, scope.region
