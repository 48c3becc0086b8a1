"""A message on its way: what was published, by whom, when. Plain data: listeners, queues and snapshots share it."""

from __future__ import annotations

from dataclasses import dataclass

from labcloud.mqtt.ports import Principal
from labcloud.mqtt.properties import MessageProperties


@dataclass(frozen=True, slots=True)
class Origin:
    """Who publishes: one object per connection, HTTP request or internal sender."""

    account_id: str
    region: str
    client_id: str | None = None
    """None: not published over MQTT."""
    principal: Principal | None = None
    source_ip: str = ""


@dataclass(slots=True)
class Message:
    """An accepted PUBLISH. Not to be changed after it was handed on."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    origin: Origin
    properties: MessageProperties | None
    trace_id: str
    accepted_at: float
    """Lab clock, epoch seconds."""

    @property
    def client_id(self) -> str | None:
        return self.origin.client_id

    @property
    def principal(self) -> Principal | None:
        return self.origin.principal

    @property
    def source_ip(self) -> str:
        return self.origin.source_ip

    @property
    def region(self) -> str:
        return self.origin.region

    @property
    def account_id(self) -> str:
        return self.origin.account_id

    @property
    def expires_at(self) -> float | None:
        """Lab time at which nobody shall get it any more; None: never."""
        if self.properties is None or self.properties.message_expiry_s is None:
            return None
        return self.accepted_at + self.properties.message_expiry_s

    def expired(self, now: float) -> bool:
        expires_at = self.expires_at
        return expires_at is not None and expires_at <= now

    def remaining_s(self, now: float) -> int | None:
        """Whole seconds left to live, for the copy that a subscriber gets [MQTT-3.3.2-6]."""
        expires_at = self.expires_at
        return None if expires_at is None else max(0, int(expires_at - now))
