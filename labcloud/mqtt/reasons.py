"""Reason codes of MQTT 5 (§2.4) that AWS IoT Core uses, and the disconnect reasons of its lifecycle events."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Reason(IntEnum):
    """One byte of CONNACK, PUBACK, SUBACK, UNSUBACK and DISCONNECT; names as in the MQTT 5 text."""

    SUCCESS = 0
    DISCONNECT_WITH_WILL = 4
    UNSPECIFIED_ERROR = 128
    MALFORMED_PACKET = 129
    PROTOCOL_ERROR = 130
    CLIENT_IDENTIFIER_NOT_VALID = 133
    BAD_USER_NAME_OR_PASSWORD = 134
    NOT_AUTHORIZED = 135
    SERVER_SHUTTING_DOWN = 139
    KEEP_ALIVE_TIMEOUT = 141
    SESSION_TAKEN_OVER = 142
    TOPIC_FILTER_INVALID = 143
    TOPIC_NAME_INVALID = 144
    PACKET_IDENTIFIER_IN_USE = 145
    RECEIVE_MAXIMUM_EXCEEDED = 147
    TOPIC_ALIAS_INVALID = 148
    QUOTA_EXCEEDED = 151
    ADMINISTRATIVE_ACTION = 152
    QOS_NOT_SUPPORTED = 155
    SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED = 161


class Ended(StrEnum):
    """`disconnectReason` of `$aws/events/presence/disconnected` (Developer Guide, "Lifecycle events")."""

    AUTH_ERROR = "AUTH_ERROR"
    CLIENT_INITIATED = "CLIENT_INITIATED_DISCONNECT"
    CLIENT_ERROR = "CLIENT_ERROR"
    CONNECTION_LOST = "CONNECTION_LOST"
    DUPLICATE_CLIENT_ID = "DUPLICATE_CLIENTID"
    FORBIDDEN_ACCESS = "FORBIDDEN_ACCESS"
    KEEP_ALIVE_TIMEOUT = "MQTT_KEEP_ALIVE_TIMEOUT"
    SERVER_INITIATED = "SERVER_INITIATED_DISCONNECT"
    API_INITIATED = "API_INITIATED_DISCONNECT"
    THROTTLED = "THROTTLED"
    WEBSOCKET_TTL = "WEBSOCKET_TTL_EXPIRATION"


CONNACK_3_UNACCEPTABLE_VERSION = 1
CONNACK_3_IDENTIFIER_REJECTED = 2
CONNACK_3_NOT_AUTHORIZED = 7
"""AWS IoT Core answers 7 where MQTT 3.1.1 (table 3.1) has 5."""


class Fault(Exception):
    """The peer did what the broker does not serve; the connection ends with this reason."""

    def __init__(self, reason: Reason, text: str, ended: Ended = Ended.CLIENT_ERROR) -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text
        self.ended = ended


class Malformed(Fault):
    """Bytes that are no MQTT packet."""

    def __init__(self, text: str) -> None:
        super().__init__(Reason.MALFORMED_PACKET, text)
