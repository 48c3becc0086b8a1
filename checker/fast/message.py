"""Protobuf messages without their descriptions: fields are read and replaced by number, all else stays as it is. Pure.

Source: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

VARINT, FIXED_64, LENGTH_DELIMITED, FIXED_32 = 0, 1, 2, 5
FIXED = {FIXED_64: 8, FIXED_32: 4}


class Unreadable(Exception):
    """The bytes are not what the protocol says."""


def fields(message: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Number, whole field and content of each field; the content of a number is its bytes."""
    at = 0
    while at < len(message):
        begin = at
        key, at = _number(message, at)
        kind = key & 7
        if kind == LENGTH_DELIMITED:
            length, at = _number(message, at)
            end = at + length
        elif kind == VARINT:
            _, end = _number(message, at)
        elif kind in FIXED:
            end = at + FIXED[kind]
        else:
            raise Unreadable(f"field {key >> 3} at byte {begin} is of the kind {kind}")
        if end > len(message):
            raise Unreadable(f"field {key >> 3} at byte {begin} does not end")
        yield key >> 3, message[begin:end], message[at:end]
        at = end


def content_of(message: bytes, number: int) -> bytes:
    """The content of the first field of that number; empty if there is none."""
    return next((content for each, _, content in fields(message) if each == number), b"")


def text_of(message: bytes, number: int) -> str:
    """The same of a field that is a text."""
    try:
        return content_of(message, number).decode()
    except UnicodeDecodeError as error:
        raise Unreadable(f"field {number} is no text: {error}") from error


def integer_of(message: bytes, number: int) -> int:
    """The same of a field that is a number; one that is 0 is not sent."""
    content = content_of(message, number)
    return _number(content, 0)[0] if content else 0


def replace(message: bytes, contents: Mapping[int, bytes]) -> bytes:
    """The message with other contents of some length-delimited fields."""
    return b"".join(
        field(number, contents[number]) if number in contents else whole for number, whole, _ in fields(message)
    )


def field(number: int, content: bytes) -> bytes:
    """A length-delimited field."""
    return _bytes_of(number << 3 | LENGTH_DELIMITED) + _bytes_of(len(content)) + content


def _bytes_of(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def _number(message: bytes, at: int) -> tuple[int, int]:
    """A base-128 number and where it ends."""
    value = shift = 0
    while True:
        if at >= len(message):
            raise Unreadable(f"a number at byte {at} does not end")
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
