"""What the broker remembers of a client between its packets: subscriptions, unacknowledged and waiting messages.

A session outlives its connection until its expiry. Only QoS 1 messages are kept; none is lost while there is room.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Container
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labcloud.mqtt.message import Message

if TYPE_CHECKING:
    from labcloud.mqtt.connection import Connection
    from labcloud.mqtt.limits import Limits
    from labcloud.mqtt.subscriptions import Subscription

NO_END = 0xFFFF_FFFF
"""The session expiry interval of MQTT 5 that means: never (AWS caps it)."""

Delivery = tuple[Message, bool, int]
"""A QoS 1 message for this session, whether its copy carries the RETAIN flag, its serial number (0: not recorded)."""
OVERHEAD_BYTES = 200
"""What a waiting message costs besides its payload, roughly."""


@dataclass(slots=True)
class PendingWill:
    """A will that waits for its delay (MQTT 5 §3.1.3.2.2)."""

    message: Message
    due_at: float


@dataclass(slots=True, eq=False)
class Session:
    """MQTT 3 and MQTT 5 sessions of the same client id are two sessions."""

    client_id: str
    version: int
    expiry_s: int = 0
    durable: bool = False
    """It outlives its connection, so its changes are recorded."""
    last_serial: int = 0
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    in_flight: dict[int, Delivery] = field(default_factory=dict)
    queue: deque[Delivery] = field(default_factory=deque)
    queue_bytes: int = 0
    last_packet_id: int = 0
    connection: Connection | None = None
    left_at: float | None = None
    """Lab time at which the client left."""
    will: PendingWill | None = None
    waiting: list[tuple[Connection, int, int]] = field(default_factory=list)
    """Publishers whose PUBACK waits until this queue is shorter: connection, packet identifier, payload size."""
    progress_at: float = 0.0
    """Monotonic time of the last acknowledgement."""
    unanswered: dict[int, tuple[Delivery, float]] = field(default_factory=dict)
    """What was in flight at the last tick, and the monotonic time at which it was first seen there."""

    @property
    def key(self) -> tuple[str, int]:
        return self.client_id, self.version

    def expires_at(self) -> float | None:
        """Lab time at which an absent client's session ends; None: the client is connected."""
        return None if self.left_at is None else self.left_at + self.expiry_s

    def next_packet_id(self) -> int:
        """A packet identifier that is not in flight."""
        number = self.last_packet_id
        while True:
            number = number % 65_535 + 1
            if number not in self.in_flight:
                self.last_packet_id = number
                return number

    def enqueue(self, delivery: Delivery) -> None:
        self.queue.append(delivery)
        self.queue_bytes += len(delivery[0].payload) + OVERHEAD_BYTES

    def dequeue(self) -> Delivery:
        delivery = self.queue.popleft()
        self.queue_bytes -= len(delivery[0].payload) + OVERHEAD_BYTES
        return delivery

    def discard(self, serials: Container[int]) -> None:
        """Forgets deliveries by their serial numbers."""
        waiting = [delivery for delivery in self.queue if delivery[2] not in serials]
        self.queue.clear()
        self.queue_bytes = 0
        for delivery in waiting:
            self.enqueue(delivery)
        self.in_flight = {number: item for number, item in self.in_flight.items() if item[2] not in serials}

    def congested(self, limits: Limits) -> bool:
        """Publishers should wait."""
        return self.queue_bytes > limits.congested_bytes or len(self.queue) > limits.congested_messages

    def relieved(self, limits: Limits) -> bool:
        """Publishers may go on: the queue is down to half of where they had to stop."""
        return self.queue_bytes <= limits.congested_bytes // 2 and len(self.queue) <= limits.congested_messages // 2

    def has_room(self, message: Message, limits: Limits) -> bool:
        """Another message fits under the hard bound."""
        return self.queue_bytes + len(message.payload) <= limits.queue_bytes
