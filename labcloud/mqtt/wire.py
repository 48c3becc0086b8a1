"""The data types of MQTT on the wire (MQTT 5 §1.5): whole numbers, UTF-8 strings, binary data, variable byte integers.

Reading refuses with `Malformed`; it never raises anything else, whatever the bytes.
"""

from __future__ import annotations

from labcloud.mqtt.reasons import Malformed


class Reader:
    """Reads one packet's body from front to back."""

    __slots__ = ("data", "position", "end")

    def __init__(self, data: bytes, position: int = 0, end: int | None = None) -> None:
        self.data = data
        self.position = position
        self.end = len(data) if end is None else end

    @property
    def exhausted(self) -> bool:
        return self.position >= self.end

    def take(self, count: int) -> bytes:
        start, self.position = self.position, self.position + count
        if self.position > self.end:
            raise Malformed(f"the packet ends {self.position - self.end} bytes too early")
        return self.data[start : self.position]

    def byte(self) -> int:
        return self.take(1)[0]

    def two_bytes(self) -> int:
        return int.from_bytes(self.take(2), "big")

    def four_bytes(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def binary(self) -> bytes:
        return self.take(self.two_bytes())

    def text(self) -> str:
        return decode_text(self.binary())

    def variable_integer(self) -> int:
        value = shift = 0
        for _ in range(4):
            digit = self.byte()
            value |= (digit & 0x7F) << shift
            if digit < 0x80:
                return value
            shift += 7
        raise Malformed("a variable byte integer has more than four bytes")

    def rest(self) -> bytes:
        return self.take(self.end - self.position)


def decode_text(raw: bytes) -> str:
    """A UTF-8 string without U+0000 [MQTT-1.5.4-1, MQTT-1.5.4-2]."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(f"a string is not UTF-8: {error.reason} at byte {error.start}") from None
    if "\x00" in text:
        raise Malformed("a string holds the character U+0000")
    return text


def encode_variable_integer(value: int) -> bytes:
    """A variable byte integer of one to four bytes (§1.5.5)."""
    if value < 0x80:
        return bytes((value,))
    if value < 0x4000:
        return bytes((value & 0x7F | 0x80, value >> 7))
    digits = bytearray()
    while True:
        value, digit = value >> 7, value & 0x7F
        digits.append(digit | 0x80 if value else digit)
        if not value:
            return bytes(digits)


def encode_binary(raw: bytes) -> bytes:
    """Binary data: two bytes of length, then the bytes."""
    return len(raw).to_bytes(2, "big") + raw


def encode_text(text: str) -> bytes:
    """A UTF-8 string with its length."""
    return encode_binary(text.encode("utf-8"))


def long_length(buffer: bytes, at: int) -> tuple[int, int]:
    """A remaining length of two to four bytes and where the body begins; -1: not all of it has arrived."""
    length = shift = 0
    for position in range(at, min(at + 4, len(buffer))):
        length |= (buffer[position] & 0x7F) << shift
        if buffer[position] < 0x80:
            return length, position + 1
        shift += 7
    if len(buffer) - at >= 4:
        raise Malformed("the remaining length has more than four bytes")
    return 0, -1
