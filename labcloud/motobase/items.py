"""Items of moto 5.2.5's DynamoDB, made straight from typed JSON and written down as plain data.

moto looks at each value of an item a dozen times before it is stored. Here an item that is surely right is made in one
pass; of every other one moto's own checks say what is wrong with it (tests/motobase/test_items.py compares both ways).
"""

from __future__ import annotations

import marshal
import re
from collections.abc import Mapping
from typing import Any

from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import HASH_KEY_MAX_LENGTH, RANGE_KEY_MAX_LENGTH, Table

from labcloud.motobase.speed import LARGEST_ITEM
from labcloud.motobase.state.parts import changed

Typed = Mapping[str, Any]
"""A value in DynamoDB's JSON: {"S": "x"}."""

_PLAIN_NUMBER = re.compile(r"-?[0-9]{1,19}(\.[0-9]{1,19})?")
"""At most 38 digits, and far from the smallest and the largest number."""
_BYTES_A_CHARACTER = 4
_OVERHEAD = 8
_SCALARS = frozenset({"S", "N", "BOOL", "NULL", "B"})
_new: Any = object.__new__


class _Unsure(Exception):
    """Not surely right: moto's checks must decide."""


def put_plain(table: Table, item: Mapping[str, Typed]) -> bool:
    """Stores the item if it is surely right and nothing but the table hears of it; False: do it moto's way."""
    if table.stream_shard is not None or table.global_indexes:
        return False
    range_name = table.range_key_attr
    try:
        attributes, size = _attributes(item)
        hash_key = _key(attributes, table.hash_key_attr, table.hash_key_type, HASH_KEY_MAX_LENGTH)
        range_key = range_name and _key(attributes, range_name, table.range_key_type, RANGE_KEY_MAX_LENGTH)
    except (_Unsure, TypeError, ValueError, AttributeError):
        return False
    if size > LARGEST_ITEM:
        return False
    made = _item(hash_key, range_key or None, attributes)
    if range_key:
        table.items[hash_key][range_key] = made
    else:
        table.items[hash_key] = made  # type: ignore[assignment]
    changed(table, (hash_key, range_key or None))
    return True


def _key(attributes: dict[str, DynamoType], name: str, kind: str | None, limit: int) -> DynamoType:
    found = attributes.get(name)
    if found is None or found.type != kind or kind not in ("S", "N"):
        raise _Unsure
    if not found.value or len(found.value) * _BYTES_A_CHARACTER > limit:
        raise _Unsure
    return found


def _attributes(item: Mapping[str, Typed]) -> tuple[dict[str, DynamoType], int]:
    """moto's values, and a number of bytes that they surely do not exceed."""
    made: dict[str, DynamoType] = {}
    size = 0
    for name, typed in item.items():
        made[name] = value = _new(DynamoType)
        ((value.type, text),) = typed.items()
        value.value = text
        if value.type == "S" and type(text) is str:
            size += len(text) * _BYTES_A_CHARACTER
        else:
            size += _weigh(value)
        size += len(name) * _BYTES_A_CHARACTER
    return made, size


def _weigh(made: DynamoType) -> int:
    """Checks a value, makes moto's values of what it holds, and says how many bytes it surely does not exceed."""
    kind, value = made.type, made.value
    if kind == "N" and _PLAIN_NUMBER.fullmatch(value):
        return len(value)
    if kind == "BOOL" and type(value) is bool or kind == "NULL" and value is True:
        return _OVERHEAD
    if kind == "M":
        made.value, size = _attributes(value)
        return size + _OVERHEAD
    if kind == "L":
        members, size = _attributes({str(number): typed for number, typed in enumerate(value)})
        made.value = list(members.values())
        return size + _OVERHEAD
    raise _Unsure


def _item(hash_key: DynamoType, range_key: DynamoType | None, attributes: dict[str, DynamoType]) -> Item:
    """An item whose size was looked at before."""
    item: Item = _new(Item)
    item.hash_key, item.range_key = hash_key, range_key
    item.attrs = LimitedSizeDict.__new__(LimitedSizeDict)
    dict.update(item.attrs, attributes)
    return item


# As bytes

Plain = tuple[str, Any]


def dump_item(item: Item) -> bytes:
    """The item's attributes. Raises ValueError for a value that is no plain data."""
    members = item.attrs.items()
    return marshal.dumps([(name, v.type, v.value if v.type in _SCALARS else _plain(v)[1]) for name, v in members])


def load_item(table: Table, data: bytes) -> Item:
    """The opposite."""
    attributes = {name: _typed(kind, value) for name, kind, value in marshal.loads(data)}
    range_name = table.range_key_attr
    return _item(attributes[table.hash_key_attr], attributes[range_name] if range_name else None, attributes)


def _plain(made: DynamoType) -> Plain:
    kind, value = made.type, made.value
    if kind == "M":
        return kind, {name: _plain(member) for name, member in value.items()}
    if kind == "L":
        return kind, [_plain(member) for member in value]
    return kind, value


def _typed(kind: str, value: Any) -> DynamoType:
    made: DynamoType = _new(DynamoType)
    if kind == "M":
        value = {name: _typed(*member) for name, member in value.items()}
    elif kind == "L":
        value = [_typed(*member) for member in value]
    made.type, made.value = kind, value
    return made
