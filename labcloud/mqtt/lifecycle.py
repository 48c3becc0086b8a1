"""Lifecycle events: what AWS IoT Core publishes about clients on `$aws/events/…` (Developer Guide, same title)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from labcloud.mqtt.reasons import Ended

if TYPE_CHECKING:
    from labcloud.mqtt.connection import Connection


def connected(connection: Connection) -> None:
    """`presence/connected`."""
    fields = {"ipAddress": connection.source_ip, "versionNumber": connection.presence_version}
    _publish(connection, "presence", "connected", fields)


def disconnected(connection: Connection, ended: Ended) -> None:
    """`presence/disconnected`, with the version number of its `connected`."""
    fields = {
        "clientInitiatedDisconnect": ended is Ended.CLIENT_INITIATED,
        "disconnectReason": str(ended),
        "versionNumber": connection.presence_version,
    }
    _publish(connection, "presence", "disconnected", fields)


def connect_failed(connection: Connection) -> None:
    """`presence/connect_failed`: not authorised."""
    fields = {"ipAddress": connection.source_ip, "connectFailureReason": "AUTHORIZATION_FAILED"}
    _publish(connection, "presence", "connect_failed", fields)


def subscribed(connection: Connection, topic_filters: list[str]) -> None:
    """`subscriptions/subscribed`."""
    _publish(connection, "subscriptions", "subscribed", {"topics": topic_filters})


def unsubscribed(connection: Connection, topic_filters: list[str]) -> None:
    """`subscriptions/unsubscribed`."""
    _publish(connection, "subscriptions", "unsubscribed", {"topics": topic_filters})


def _publish(connection: Connection, family: str, event: str, fields: dict[str, Any]) -> None:
    client_id = connection.client_id
    if "#" in client_id or "+" in client_id:
        return
    thing = connection.principal.exclusive_thing_name
    body = {
        "clientId": client_id,
        **({"thingName": thing} if thing else {}),
        "timestamp": int(connection.broker.now * 1000),
        "eventType": event,
        "sessionIdentifier": connection.session_identifier or "00000000-0000-0000-0000-000000000000",
        "principalIdentifier": connection.principal.id,
        **fields,
    }
    topic = f"$aws/events/{family}/{event}/{client_id}"
    connection.broker.publish_event(connection.space, topic, json.dumps(body).encode())
