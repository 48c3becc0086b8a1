"""The message broker's quotas, as "AWS IoT Core endpoints and quotas" lists them, and this machine's own bounds.

Not enforced are its rates (100 publishes a second and 512 KB/s a connection, connects, an account's totals): no device
of a lab comes near them, and a house that runs faster than real time would.

One value object, so that a test or another account setting can change a number without a patch.
"""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True)
class Limits:
    """Quotas of one broker. The second block is not AWS's: it keeps one process's memory and time bounded."""

    client_id_bytes: int = 128
    topic_bytes: int = 256
    topic_slashes: int = 7
    payload_bytes: int = 128 * KIB
    packet_bytes: int = 146 * KIB
    smallest_client_packet_bytes: int = 512
    filters_per_subscribe: int = 8
    subscriptions_per_connection: int = 50
    unacknowledged: int = 100
    topic_aliases: int = 8
    content_type_bytes: int = 256
    correlation_data_bytes: int = 8 * KIB
    user_properties_bytes: int = 8 * KIB
    message_expiry_s: int = 604_800
    share_name_bytes: int = 128
    shared_groups: int = 100
    shared_group_members: int = 100
    keep_alive_min_s: int = 30
    keep_alive_max_s: int = 1200
    session_expiry_default_s: int = 3600
    session_expiry_max_s: int = 604_800
    retained_messages: int = 500_000
    version_number_kept_s: int = 3600
    websocket_s: float = 24 * 3600
    unacknowledged_3_s: float = 3600
    unacknowledged_5_s: float = 960
    """A QoS 1 message that a connected client of MQTT 3 or 5 does not acknowledge for so long is given up."""

    connect_timeout_s: float = 10.0
    """A peer that has not sent a whole CONNECT by then is closed."""
    stall_timeout_s: float = 60.0
    """A subscriber that holds publishers up and takes nothing for so long is closed."""
    congested_messages: int = 1_000
    congested_bytes: int = 1 * MIB
    """Above either, publishers of QoS 1 messages for that session wait for their PUBACK."""
    queue_bytes: int = 16 * MIB
    """A session's queue never grows beyond: a connected client is closed, an absent one misses further messages."""
    retained_bytes: int = 256 * MIB
    """All retained messages of an account and region together."""
    absent_sessions: int = 100_000
    """Persistent sessions without their client; beyond, a new client id gets none."""
    held_bytes: int = 256 * KIB
    """A publisher with more than this waiting for acknowledgement is not read from."""
    unread_frames: int = 2_000
    """Answers a client may leave unread before it is not read from either."""
    routes: int = 20_000
    """Topics whose subscribers are remembered per name space and per connection."""
