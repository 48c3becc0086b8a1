"""Reads and trims a provider's answer to GetProviderSchema, which describes some 2,000 types in 5 MB. Pure.

The message is protobuf: a sequence of fields, each a key, a length and the content. Nothing but its maps of types is
looked into. Source: Terraform's docs/plugin-protocol/tfplugin5.6.proto and tfplugin6.6.proto, whose field numbers agree.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

MAPS_OF_TYPES = {2: "resource", 3: "data source", 8: "ephemeral resource"}
LENGTH_DELIMITED = 2


class Unreadable(Exception):
    """The answer is not what the protocol says."""


def trim_schema(answer: bytes, wanted: Container[str]) -> bytes:
    """The same answer without the types that are not wanted."""
    return b"".join(
        whole for number, whole, content in _fields(answer) if number not in MAPS_OF_TYPES or _key_of(content) in wanted
    )


def types_in(answer: bytes) -> frozenset[str]:
    """The names of all resources, data sources and ephemeral resources that the answer describes."""
    return frozenset(_key_of(content) for number, _, content in _fields(answer) if number in MAPS_OF_TYPES)


def _key_of(entry: bytes) -> str:
    """The key of a map's entry, which is its field 1."""
    for number, _, content in _fields(entry):
        if number == 1:
            return content.decode()
    return ""


def _fields(message: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Number, whole field and content of each field. All fields of these messages are length-delimited."""
    at = 0
    while at < len(message):
        begin = at
        key, at = _number(message, at)
        length, at = _number(message, at)
        if key & 7 != LENGTH_DELIMITED or at + length > len(message):
            raise Unreadable(f"field {key >> 3} at byte {begin} of a schema")
        yield key >> 3, message[begin : at + length], message[at : at + length]
        at += length


def _number(message: bytes, at: int) -> tuple[int, int]:
    """A base-128 number and where it ends; https://protobuf.dev/programming-guides/encoding/"""
    value = shift = 0
    while True:
        if at >= len(message):
            raise Unreadable(f"a number at byte {at} of a schema does not end")
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
