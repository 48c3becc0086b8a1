"""The broker's messages as IoT SQL sees them."""

from __future__ import annotations

from labcloud.iotsql import Message as SqlMessage
from labcloud.mqtt import Message, MessageProperties

_NO_PROPERTIES = MessageProperties()


def sql_message(message: Message) -> SqlMessage:
    """The broker's message as IoT SQL sees it."""
    properties, origin = message.properties or _NO_PROPERTIES, message.origin
    return SqlMessage(
        topic=message.topic,
        payload=message.payload,
        timestamp_ms=int(message.accepted_at * 1000),
        client_id=origin.client_id,
        principal=origin.principal.id if origin.principal else None,
        source_ip=origin.source_ip or None,
        trace_id=message.trace_id,
        protocol="mqtt" if origin.client_id is not None else "http",
        content_type=properties.content_type,
        response_topic=properties.response_topic,
        correlation_data=properties.correlation_data,
        format_indicator=properties.payload_format_indicator,
        user_properties=properties.user_properties,
    )
