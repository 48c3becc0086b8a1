"""encode and decode: base64 of a payload or value, and protobuf messages described by a file in S3."""

from __future__ import annotations

import base64
import binascii

from ..errors import FunctionFailed
from ..jsontext import parse_json, to_json, to_text, utf8
from ..message import Context
from ..values import UNDEFINED, Value
from .protobuf import BadDescriptor, BadMessage, decode_message
from .registry import V2015, V2016, function

DESCRIPTOR_LIMIT = 32 * 1024
MESSAGE_LIMIT = 128 * 1024


@function(since=V2016, star="bytes")
def encode(value: Value, scheme: Value) -> Value:
    """The base64 text of the raw payload (`*`) or of a value's String form."""
    if scheme != "base64":
        return UNDEFINED
    data = value if type(value) is bytes else to_text(value)
    if data is UNDEFINED:
        return UNDEFINED
    return base64.b64encode(utf8(data) if type(data) is str else data).decode()


@function(since=V2016, in_context=True, star="bytes")
def decode(
    context: Context,
    value: Value,
    scheme: Value,
    bucket: Value = UNDEFINED,
    key: Value = UNDEFINED,
    proto_name: Value = UNDEFINED,
    message_type: Value = UNDEFINED,
) -> Value:
    """The decoded value: a JSON document as value, other text as String; Null where it cannot be decoded."""
    where = (bucket, key, proto_name, message_type)
    if value is UNDEFINED or value is None:
        return UNDEFINED
    if scheme == "base64" and all(part is UNDEFINED for part in where):
        return _from_base64(value, whole_numbers_are_ints=context.version != V2015)
    if scheme == "proto" and all(type(part) is str for part in where):
        return _from_protobuf(context, value, *where)
    return UNDEFINED


def _bytes(value: Value) -> bytes | None:
    """The bytes of a base64 text (`*`: the payload is that text), or None."""
    text = value.decode("latin-1") if type(value) is bytes else to_text(value)
    try:
        # Java's decoder takes unpadded text and refuses every foreign character.
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _from_base64(value: Value, *, whole_numbers_are_ints: bool) -> Value:
    data = _bytes(value)
    try:
        text = None if data is None else data.decode()
    except UnicodeDecodeError:
        return None
    if text is None:
        return None
    document = parse_json(text, whole_numbers_are_ints=whole_numbers_are_ints)
    return text if document is UNDEFINED else document


def _from_protobuf(context: Context, value: Value, bucket: str, key: str, proto_name: str, message_type: str) -> Value:
    data = value if type(value) is bytes else _bytes(value)
    if data is None:
        return None
    if len(data) > MESSAGE_LIMIT:
        raise FunctionFailed(f"decode failed: the protobuf message is larger than {MESSAGE_LIMIT} bytes")
    descriptor = context.environment.external.fetch_proto(bucket, key)
    if len(descriptor) > DESCRIPTOR_LIMIT:
        raise FunctionFailed(f"decode failed: s3://{bucket}/{key} is larger than {DESCRIPTOR_LIMIT} bytes")
    try:
        decoded = decode_message(descriptor, proto_name, message_type, data)
    except BadDescriptor as error:
        raise FunctionFailed(f"decode failed: s3://{bucket}/{key}: {error}") from error
    except BadMessage:
        return None
    if len(utf8(to_json(decoded))) > MESSAGE_LIMIT:
        raise FunctionFailed(f"decode failed: the decoded message is larger than {MESSAGE_LIMIT} bytes")
    return decoded
