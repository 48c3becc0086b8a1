"""decode(…, 'proto', …): messages by the descriptor file that S3 holds. The bytes are written by hand here."""

from __future__ import annotations

import base64
import struct
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labcloud.iotsql import FunctionFailed
from labcloud.iotsql.functions.protobuf import BadDescriptor, BadMessage, decode_message
from tests.iotsql.support import Services, run

DOUBLE, INT64, INT32, BOOL, STRING, MESSAGE, BYTES, ENUM, SINT32 = 1, 3, 5, 8, 9, 11, 12, 14, 17
ONE, MANY = 1, 3


def varint(number: int) -> bytes:
    number &= 2**64 - 1
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def put(number: int, value: bytes | str | int) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def field(name: str, number: int, kind: int, label: int = ONE, type_name: str = "") -> bytes:
    named = put(6, type_name) if type_name else b""
    return put(2, put(1, name) + put(3, number) + put(4, label) + put(5, kind) + named)


ENTRY = put(3, put(1, "TagsEntry") + field("key", 1, STRING) + field("value", 2, INT32) + put(7, put(7, 1)))
READING = put(1, "Reading") + field("sensor_id", 1, STRING) + field("value", 2, DOUBLE) + field("count", 3, INT64)
READING += field("ok", 4, BOOL) + field("raw", 5, BYTES) + field("state", 6, ENUM, ONE, ".house.State")
READING += field("at", 7, MESSAGE, ONE, ".house.Place") + field("many", 8, SINT32, MANY)
READING += field("tags", 9, MESSAGE, MANY, ".house.Reading.TagsEntry") + field("names", 10, STRING, MANY) + ENTRY
PLACE = put(1, "Place") + field("room", 1, STRING)
STATE = put(1, "State") + put(2, put(1, "OFF") + put(2, 0)) + put(2, put(1, "ON") + put(2, 1))
DESCRIPTOR = put(1, put(1, "house.proto") + put(2, "house") + put(4, READING) + put(4, PLACE) + put(5, STATE))


def test_every_kind_of_field_becomes_json():
    data = put(1, "s1") + varint(2 << 3 | 1) + struct.pack("<d", 21.5) + put(3, -5) + put(4, 1) + put(5, b"\xff\x00")
    data += put(6, 1) + put(7, put(1, "kitchen")) + put(8, varint(1) + varint(2)) + put(8, 3)
    data += put(9, put(1, "a") + put(2, 7)) + put(10, "x") + put(10, "y") + put(99, "unknown")
    assert decode_message(DESCRIPTOR, "house", "Reading", data) == {
        "sensorId": "s1",
        "value": Decimal("21.5"),
        "count": "-5",
        "ok": True,
        "raw": "/wA=",
        "state": "ON",
        "at": {"room": "kitchen"},
        "many": [-1, 1, -2],
        "tags": {"a": 7},
        "names": ["x", "y"],
    }


def test_the_statement_decodes_the_raw_payload_and_base64_text():
    services = Services(fetch_proto=DESCRIPTOR)
    call = "decode({}, 'proto', 'bucket', 'house.desc', 'house', 'Reading')"
    data = put(1, "s1")
    assert run(f"SELECT VALUE {call.format('*')}", data, services=services).payload == b'{"sensorId":"s1"}'
    assert services.asked == [("fetch_proto", "bucket", "house.desc")]
    text = base64.b64encode(data).decode()
    assert run(f"SELECT VALUE {call.format('a.b')}", {"a": {"b": text}}, services=services).value == {"sensorId": "s1"}


def test_bytes_that_are_no_such_message_are_null():
    call = "SELECT decode(*, 'proto', 'b', 'k', 'house.proto', 'house.Reading') AS r"
    assert run(call, b"\x0a\xff", services=Services(fetch_proto=DESCRIPTOR)).value == {"r": None}


def test_a_wrong_descriptor_or_type_fails_the_rule():
    call = "SELECT decode(*, 'proto', 'b', 'k', 'house', 'Nothing') AS r"
    with pytest.raises(FunctionFailed, match=r"s3://b/k: house.proto has no message type Nothing"):
        run(call, b"", services=Services(fetch_proto=DESCRIPTOR))
    with pytest.raises(FunctionFailed, match="is larger than 32768 bytes"):
        run(call, b"", services=Services(fetch_proto=bytes(40_000)))


def test_a_third_decoding_in_a_statement_ends_the_rule():
    call = "decode(*, 'proto', 'b', 'k', 'house', 'Reading')"
    with pytest.raises(FunctionFailed, match="decode may be called 2 times at most, not 3"):
        run(f"SELECT {call} AS a, {call} AS b, {call} AS c", b"", services=Services(fetch_proto=DESCRIPTOR))


def test_a_message_that_grows_beyond_128_kib_fails_the_rule():
    call = "decode(*, 'proto', 'b', 'k', 'house', 'Reading')"
    grown = put(8, b"\x00" * 100_000)  # packed: a byte each, two characters as JSON
    with pytest.raises(FunctionFailed, match="the decoded message is larger than 131072 bytes"):
        run(f"SELECT VALUE {call}", grown, services=Services(fetch_proto=DESCRIPTOR))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80), st.integers(0, len(DESCRIPTOR)))
def test_no_bytes_raise_anything_else(data, cut):
    for descriptor in (DESCRIPTOR, DESCRIPTOR[:cut] + data, data):
        with suppress(BadDescriptor, BadMessage):
            decode_message(descriptor, "house", "Reading", data)
