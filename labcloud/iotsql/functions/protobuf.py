"""Protobuf messages → values, by a FileDescriptorSet and the JSON mapping of proto3. No library: both are small.

AWS does not show the result's form; this is what protobuf's own JsonFormat prints: lowerCamelCase names, 64-bit
integers as Strings, enums by name, bytes as base64, maps as Objects, fields that are not sent left out.
"""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

from ..values import Value

MAX_DEPTH = 64
GROUP, MESSAGE, ENUM = 10, 11, 14
_VARINTS = {3, 4, 5, 8, 13, 14, 17, 18}
_FIXED = {1: ("<d", 8), 2: ("<f", 4), 6: ("<Q", 8), 7: ("<I", 4), 15: ("<i", 4), 16: ("<q", 8)}
_LONGS = {3, 4, 6, 16, 18}


class BadDescriptor(Exception):
    """The descriptor file cannot be read, or does not hold the message type."""


class BadMessage(Exception):
    """The bytes are not a message of this type."""


@dataclass
class Field:
    name: str = ""
    number: int = 0
    kind: int = 0
    repeated: bool = False
    type_name: str = ""


@dataclass
class MessageType:
    fields: dict[int, Field] = field(default_factory=dict)
    is_map_entry: bool = False


@dataclass
class Types:
    """What a descriptor set defines, by full name."""

    messages: dict[str, MessageType] = field(default_factory=dict)
    enums: dict[str, dict[int, str]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    """File name without .proto → package."""


def decode_message(descriptor_set: bytes, proto_name: str, message_type: str, data: bytes) -> Value:
    """The message as an Object; raises BadDescriptor or BadMessage."""
    types = read_types(descriptor_set)
    file_name = proto_name.removesuffix(".proto")
    packages = [package for name, package in types.files.items() if file_name in (name, name.rsplit("/", 1)[-1])]
    if not packages:
        raise BadDescriptor(f"it holds no file {file_name}.proto")
    for full_name in (f".{packages[0]}.{message_type}".replace("..", "."), f".{message_type}"):
        if full_name in types.messages:
            return _object(types, types.messages[full_name], data, 0)
    raise BadDescriptor(f"{file_name}.proto has no message type {message_type}")


@lru_cache(maxsize=32)
def read_types(descriptor_set: bytes) -> Types:
    """The messages and enums of a FileDescriptorSet (google/protobuf/descriptor.proto)."""
    types = Types()
    try:
        for number, file in _records(descriptor_set):
            if number == 1:
                _read_file(types, file)
    except (BadMessage, UnicodeDecodeError, TypeError, AttributeError, KeyError, StopIteration) as error:
        raise BadDescriptor("it is not a FileDescriptorSet") from error
    return types


def _read_file(types: Types, file: bytes) -> None:
    parts = list(_records(file))
    package = next((value.decode() for number, value in parts if number == 2), "")
    name = next((value.decode() for number, value in parts if number == 1), "")
    types.files[name.removesuffix(".proto")] = package
    prefix = f".{package}" if package else ""
    for number, value in parts:
        if number == 4:
            _read_message(types, prefix, value, 0)
        elif number == 5:
            _read_enum(types, prefix, value)


def _read_message(types: Types, prefix: str, data: bytes, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise BadMessage("nested too deep")
    parts = list(_records(data))
    full_name = prefix + "." + next(value.decode() for number, value in parts if number == 1)
    message = types.messages[full_name] = MessageType()
    for number, value in parts:
        if number == 2:
            entry = _read_field(value)
            message.fields[entry.number] = entry
        elif number == 3:
            _read_message(types, full_name, value, depth + 1)
        elif number == 4:
            _read_enum(types, full_name, value)
        elif number == 7:
            message.is_map_entry = any(option == (7, 1) for option in _records(value))


def _read_field(data: bytes) -> Field:
    entry = Field()
    json_name = ""
    for number, value in _records(data):
        if number == 1:
            entry.name = value.decode()
        elif number == 3:
            entry.number = value
        elif number == 4:
            entry.repeated = value == 3
        elif number == 5:
            entry.kind = value
        elif number == 6:
            entry.type_name = value.decode()
        elif number == 10:
            json_name = value.decode()
    head, *rest = entry.name.split("_")
    entry.name = json_name or head + "".join(part[:1].upper() + part[1:] for part in rest)
    return entry


def _read_enum(types: Types, prefix: str, data: bytes) -> None:
    parts = list(_records(data))
    names: dict[int, str] = {}
    for number, value in parts:
        if number == 2:
            member = dict(_records(value))
            names[_signed(member.get(2, 0), 64)] = member[1].decode()
    types.enums[prefix + "." + next(value.decode() for number, value in parts if number == 1)] = names


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(data) and shift < 70:
        byte = data[position]
        value |= (byte & 127) << shift
        position, shift = position + 1, shift + 7
        if byte < 128:
            return value & (2**64 - 1), position
    raise BadMessage("a cut or endless varint")


def _records(data: bytes) -> Iterator[tuple[int, Any]]:
    """Each field on the wire: its number, and an int or bytes."""
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        wire = tag & 7
        if wire == 0:
            value, position = _varint(data, position)
            yield tag >> 3, value
            continue
        size = {1: 8, 5: 4}.get(wire)
        if wire == 2:
            size, position = _varint(data, position)
        if size is None or position + size > len(data) or not tag >> 3:
            raise BadMessage("a cut field or an unknown wire type")
        yield tag >> 3, data[position : position + size]
        position += size


def _signed(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def _object(types: Types, message: MessageType, data: bytes, depth: int) -> dict[str, Value]:
    if depth > MAX_DEPTH:
        raise BadMessage("nested too deep")
    result: dict[str, Value] = {}
    for number, raw in _records(data):
        entry = message.fields.get(number)
        if entry is None:
            continue
        kind = types.messages.get(entry.type_name) if entry.kind == MESSAGE else None
        if kind is not None and kind.is_map_entry:
            if type(raw) is not bytes:
                raise BadMessage(f"field {entry.name} has the wrong wire type")
            pair = _object(types, kind, raw, depth + 1)
            result.setdefault(entry.name, {})[_key(pair.get("key", ""))] = pair.get("value")
        elif entry.repeated:
            values = _packed(entry, raw) if type(raw) is bytes and entry.kind not in (9, MESSAGE, 12) else [raw]
            result.setdefault(entry.name, []).extend(_value(types, entry, value, depth) for value in values)
        else:
            result[entry.name] = _value(types, entry, raw, depth)
    return result


def _key(value: Value) -> str:
    return str(value).lower() if type(value) is bool else str(value)


def _packed(entry: Field, data: bytes) -> list[Any]:
    if entry.kind in _FIXED:
        size = _FIXED[entry.kind][1]
        return [data[start : start + size] for start in range(0, len(data), size)]
    values, position = [], 0
    while position < len(data):
        value, position = _varint(data, position)
        values.append(value)
    return values


def _value(types: Types, entry: Field, raw: Any, depth: int) -> Value:
    if entry.kind in _FIXED:
        form, size = _FIXED[entry.kind]
        if type(raw) is not bytes or len(raw) != size:
            raise BadMessage(f"field {entry.name} has the wrong size")
        return _number(entry.kind, struct.unpack(form, raw)[0])
    if (type(raw) is int) != (entry.kind in _VARINTS):
        raise BadMessage(f"field {entry.name} has the wrong wire type")
    if entry.kind == MESSAGE:
        if entry.type_name not in types.messages:
            raise BadDescriptor(f"it lacks {entry.type_name}: compile it with --include_imports")
        return _object(types, types.messages[entry.type_name], raw, depth + 1)
    if entry.kind == 9:
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            raise BadMessage(f"field {entry.name} is not UTF-8") from error
    if entry.kind == 12:
        return base64.b64encode(raw).decode()
    return _integer(types, entry, raw)


def _number(kind: int, value: float) -> Value:
    if kind in _LONGS:
        return str(value)
    if kind not in (1, 2):
        return value
    if not math.isfinite(value):
        return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
    number = Decimal(repr(value)) if kind == 1 else Decimal(f"{value:.9g}")
    return int(number) if number == number.to_integral_value() and abs(number) < 2**53 else number


def _integer(types: Types, entry: Field, raw: int) -> Value:
    if entry.kind == 8:
        return raw != 0
    if entry.kind == ENUM:
        number = _signed(raw, 32)
        return types.enums.get(entry.type_name, {}).get(number, number)
    if entry.kind in (17, 18):
        number = (raw >> 1) ^ -(raw & 1)
    elif entry.kind in (3, 5):
        number = _signed(raw, 64 if entry.kind == 3 else 32)
    else:
        number = raw if entry.kind == 4 else raw & 0xFFFFFFFF
    return str(number) if entry.kind in _LONGS else number
