"""What the rules say of a message, as steps of its trace: made once for each rule, not for each message."""

from __future__ import annotations

from typing import Any, Protocol

from labcloud.api import Scope
from labcloud.rules.deliveries import Delivery
from labcloud.trace import Step

MOST_KEPT = 1_000


class Tell(Protocol):
    """Hears each step; `arguments` go into the places of its text."""

    def __call__(self, scope: Scope, trace_id: str, step: Step, *arguments: object) -> None: ...


class RuleSteps:
    """The steps of one rule of one account and region."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._done: dict[tuple[str, str, str], Step] = {}
        escaped = name.replace("%", "%%")
        self.fired = Step(f"rule {name} matched", rule=name, matched=True, fired=True)
        self.did_nothing = Step(
            f"rule {escaped} matched the topic but did nothing: %s", rule=name, matched=True, fired=False
        )
        self.failed = Step(f"rule {escaped} failed: %s", rule=name, matched=True, refused=True, in_sql=True)
        self.cannot = Step(f"rule {escaped}: action %s cannot be done: %s", rule=name, refused=True)
        self.error_action_runs = Step(f"rule {name}: the error action runs", rule=name)
        self.disabled = Step(f"rule {name} is disabled", rule=name, matched=False)
        self.no_from = Step(f"rule {name} has no FROM: only Basic Ingest reaches it", rule=name, matched=False)
        self.other_topic = Step(
            f"rule {escaped} did not match: its FROM '%s' does not cover %s", rule=name, matched=False
        )

    def done(self, delivery: Delivery) -> Step:
        """An action was carried out. Remembered, as most rules have few targets."""
        about = delivery.failed_action, delivery.resource, delivery.summary
        step = self._done.get(about)
        if step is None:
            if len(self._done) >= MOST_KEPT:
                self._done.clear()
            step = self._done[about] = self.of(delivery, "done", delivered=True)
        return step

    def of(self, delivery: Delivery, words: str, **outcome: Any) -> Step:
        """What became of an action; programs read what it was and whom it was for."""
        about = {"rule": self._name, "action": delivery.failed_action, "resource": delivery.resource}
        return Step(f"rule {self._name}: {delivery.summary} {words}", **outcome, **about)
