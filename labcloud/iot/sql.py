"""The broker's messages as IoT SQL sees them."""

from __future__ import annotations

from labcloud.iotsql import Message as SqlMessage
from labcloud.mqtt import Message, MessageProperties

_NO_PROPERTIES = MessageProperties()


def sql_message(message: Message) -> SqlMessage:
    """The broker's message as IoT SQL sees it."""
    properties, origin = message.properties or _NO_PROPERTIES, message.origin
    return SqlMessage(
        message.topic,
        message.payload,
        int(message.accepted_at * 1000),
        origin.client_id,
        origin.principal.id if origin.principal else None,
        origin.source_ip or None,
        message.trace_id,
        "mqtt" if origin.client_id is not None else "http",
        properties.content_type,
        properties.response_topic,
        properties.correlation_data,
        properties.payload_format_indicator,
        properties.user_properties,
    )
