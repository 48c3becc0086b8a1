"""accountid to traceid: what is known of the message, its sender and the engine; MQTT 5 properties too."""

from __future__ import annotations

import base64

from ..jsontext import to_text
from ..message import Context
from ..topics import ingested_topic
from ..values import UNDEFINED, Value, from_double, truncated
from .registry import V2016, function


@function(in_context=True)
def accountid(context: Context) -> Value:
    return context.environment.account_id


@function(in_context=True)
def clientid(context: Context) -> Value:
    """The MQTT client's id, `n/a` for a message that did not come over MQTT."""
    return context.message.client_id or "n/a" if context.message.protocol == "mqtt" else "n/a"


@function(in_context=True)
def newuuid(context: Context) -> Value:
    return context.environment.new_uuid()


@function(in_context=True)
def principal(context: Context) -> Value:
    return context.message.principal or UNDEFINED


@function(in_context=True, numeric=True)
def rand(context: Context) -> Value:
    return from_double(context.environment.random())


@function(in_context=True, since=V2016)
def sourceip(context: Context) -> Value:
    return context.message.source_ip or UNDEFINED


@function(in_context=True)
def sql_version(context: Context) -> Value:
    return context.version


@function(in_context=True)
def timestamp(context: Context) -> Value:
    return context.message.timestamp_ms


@function(in_context=True)
def topic(context: Context, *segments: Value) -> Value:
    """The topic less Basic Ingest's prefix, or its n-th segment from 1."""
    name = ingested_topic(context.message.topic)
    if not segments:
        return name
    number = truncated(segments[0])
    levels = name.split("/")
    if len(segments) > 1 or number is UNDEFINED or not 1 <= number <= len(levels):
        return UNDEFINED
    return levels[int(number) - 1]


@function(in_context=True)
def traceid(context: Context) -> Value:
    """The trace id; Undefined for a message that did not come over MQTT."""
    return context.message.trace_id or UNDEFINED if context.message.protocol == "mqtt" else UNDEFINED


@function(in_context=True)
def get_mqtt_property(context: Context, name: Value) -> Value:
    """An MQTT 5 property; without a payload format indicator the payload is UNSPECIFIED_BYTES."""
    message = context.message
    if name == "format_indicator":
        return "UTF8_DATA" if message.format_indicator == 1 else "UNSPECIFIED_BYTES"
    if name == "correlation_data" and message.correlation_data is not None:
        return base64.b64encode(message.correlation_data).decode()
    found = {"content_type": message.content_type, "response_topic": message.response_topic}
    value = found.get(name) if type(name) is str else None
    return UNDEFINED if value is None else value


@function(in_context=True)
def get_user_properties(context: Context, *keys: Value) -> Value:
    """The values of a key, or without a key all properties as one-pair objects; none: Undefined."""
    pairs = context.message.user_properties
    if not keys:
        return [{key: value} for key, value in pairs] or UNDEFINED
    wanted = to_text(keys[0])
    if len(keys) > 1 or wanted is UNDEFINED:
        return UNDEFINED
    return [value for key, value in pairs if key == wanted] or UNDEFINED
