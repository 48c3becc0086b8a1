"""One connection's answers from the policies, remembered until the policies' epoch moves."""

from __future__ import annotations

from labcloud.mqtt.ports import Action, Context, Decision, Policies, Principal

REMEMBERED = 10_000
"""Decisions per connection; a client that touches more topics only costs time."""


class Permissions:
    """What this principal, connected like this, may do."""

    __slots__ = ("_policies", "_epoch", "_principal", "_context", "_decisions")

    def __init__(self, policies: Policies, principal: Principal, context: Context) -> None:
        self._policies = policies
        self._epoch = policies.epoch
        self._principal = principal
        self._context = context
        self._decisions: dict[tuple[Action, str], Decision] = {}

    def connect(self) -> Decision:
        """May it connect with this client id?"""
        return self._decide("iot:Connect", "client", self._context.client_id)

    def publish(self, topic: str) -> Decision:
        return self._decide("iot:Publish", "topic", topic)

    def retain(self, topic: str) -> Decision:
        return self._decide("iot:RetainPublish", "topic", topic)

    def subscribe(self, topic_filter: str) -> Decision:
        return self._decide("iot:Subscribe", "topicfilter", topic_filter)

    def receive(self, topic: str) -> Decision:
        """Checked for each delivery; what is not allowed is simply not delivered."""
        return self._decide("iot:Receive", "topic", topic)

    def _decide(self, action: Action, kind: str, name: str) -> Decision:
        if self._policies.epoch != self._epoch:
            self._epoch = self._policies.epoch
            self._decisions.clear()
        decision = self._decisions.get((action, name))
        if decision is None:
            owner = self._principal
            arn = f"arn:aws:iot:{owner.region}:{owner.account_id}:{kind}/{name}"
            decision = self._policies.decide(owner, action, arn, self._context)
            if len(self._decisions) >= REMEMBERED:
                self._decisions.clear()
            self._decisions[action, name] = decision
        return decision
