"""md2, md5, sha1, sha224, sha256, sha384, sha512: the digest of a String in lower-case hexadecimal."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from ..jsontext import to_text, utf8
from ..values import UNDEFINED, Value
from .registry import function


def _digest(name: str, apply: Callable[[bytes], str]) -> None:
    @function(name=name)
    def of_text(value: Value) -> Value:
        text = to_text(value)
        return text if text is UNDEFINED else apply(utf8(text))


def _hashlib(algorithm: str) -> Callable[[bytes], str]:
    return lambda data: hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()


def md2_hex(data: bytes) -> str:
    """RFC 1319, which no library of ours has any more."""
    padding = 16 - len(data) % 16
    data += bytes([padding]) * padding
    data += _checksum(data)
    state = bytearray(48)
    for start in range(0, len(data), 16):
        for i, byte in enumerate(data[start : start + 16]):
            state[16 + i] = byte
            state[32 + i] = byte ^ state[i]
        t = 0
        for round_ in range(18):
            for i in range(48):
                t = state[i] = state[i] ^ PI_BYTES[t]
            t = (t + round_) % 256
    return state[:16].hex()


def _checksum(data: bytes) -> bytes:
    checksum = bytearray(16)
    last = 0
    for start in range(0, len(data), 16):
        for i, byte in enumerate(data[start : start + 16]):
            last = checksum[i] = checksum[i] ^ PI_BYTES[byte ^ last]
    return bytes(checksum)


_digest("md2", md2_hex)
for _name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512"):
    _digest(_name, _hashlib(_name))

PI_BYTES = bytes.fromhex(
    "292e43c9a2d87c013d3654a1ecf0061362a705f3c0c7738c98932bd9bc4c82ca1e9b573cfdd4e01667426f188a17e512"
    "be4ec4d6da9ede49a0fbf58ebb2fee7aa968799115b2073f94c210890b225f21807f5d9a5a903227353ecce7bff79703"
    "ff1930b348a5b5d1d75e922aac56aac64fb838d296a47db676fc6be29c7404f1459d705964718720865bcf65e62da802"
    "1b6025adaeb0b9f61c46616934407e0f5547a323dd51af3ac35cf9cebac5ea262c530d6e85288409d3dfcdf441814d52"
    "6adc37c86cc1abfa24e17b080cbdb14a7888958be363e86de9cbd5fe3b001d39f2efb70e6658d0e4a67772f8eb754b0a"
    "314450b48fed1f1adb998d339f118314"
)
"""The 256 bytes shuffled by the digits of pi, of RFC 1319."""
