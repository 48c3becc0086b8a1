"""DynamoDB items, each a row. Written against moto 5.2.5."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import RestoredPITTable, RestoredTable, Table

from labcloud.motobase.items import dump_item, load_item
from labcloud.motobase.state.parts import KINDS, Kind, around, changed
from labcloud.persistence.pickles import restorer

Key = tuple[DynamoType, DynamoType | None]


def install() -> None:
    """Puts the hooks in place."""
    kind = Kind({"items": lambda table: defaultdict(dict)}, _keys, _read, _fill, _text, dump_item, load_item)
    KINDS.update(dict.fromkeys((Table, RestoredTable, RestoredPITTable), kind))
    around(Table, "put_item", _after_put)
    around(Table, "delete_item", _after_delete)
    around(DynamoDBBackend, "update_item", _after_update)
    around(DynamoDBBackend, "transact_write_items", _after_transaction)


def reduce_item(item: Item) -> tuple[Any, ...]:
    """An item without the checks that its attributes' dictionary makes."""
    return restore_item, (item.hash_key, item.range_key, dict(item.attrs))


@restorer
def restore_item(hash_key: DynamoType, range_key: DynamoType | None, attributes: dict[str, DynamoType]) -> Item:
    """The opposite."""
    item = Item.__new__(Item)
    item.hash_key, item.range_key = hash_key, range_key
    item.attrs = LimitedSizeDict.__new__(LimitedSizeDict)
    dict.update(item.attrs, attributes)
    return item


REDUCERS = {Item: reduce_item}


def _after_put(call: Any, table: Table, item_attrs: dict[str, Any], *arguments: Any, **named: Any) -> Any:
    item = call(table, item_attrs, *arguments, **named)
    changed(table, (item.hash_key, item.range_key))
    return item


def _after_delete(call: Any, table: Table, hash_key: DynamoType, range_key: DynamoType | None) -> Any:
    item = call(table, hash_key, range_key)
    changed(table, (hash_key, range_key))
    return item


def _after_update(
    call: Any, backend: DynamoDBBackend, table_name: str, key: dict[str, Any], *a: Any, **named: Any
) -> Any:
    """An update changes the item in place, also when it then fails."""
    try:
        return call(backend, table_name, key, *a, **named)
    finally:
        _changed_key(backend, table_name, key)


def _after_transaction(call: Any, backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
    """A transaction that fails puts copies of the tables, from before, in the tables' places."""
    try:
        call(backend, transact_items)
    except Exception:
        for operation in (operation for item in transact_items for operation in item.values()):
            _changed_key(backend, operation.get("TableName", ""), operation.get("Key") or operation.get("Item") or {})
        raise


def _changed_key(backend: DynamoDBBackend, table_name: str, attributes: dict[str, Any]) -> None:
    table = backend.tables.get(table_name.rsplit("/", 1)[-1])
    if table is not None and all(name in attributes for name in table.table_key_attrs):
        hash_key, range_key = (*(DynamoType(attributes[name]) for name in table.table_key_attrs), None)[:2]
        changed(table, (hash_key, range_key))


def _current(table: Table) -> Table:
    """The table that has this one's name now (see _after_transaction)."""
    account = dict.get(dynamodb_backends, table.account_id)
    backend = dict.get(account, table.region_name) if account is not None else None
    found = backend.tables.get(table.name) if backend is not None else None
    return found if found is not None else table


def _keys(table: Table) -> Iterator[Key]:
    for hash_key, held in list(table.items.items()):
        if isinstance(held, dict):
            yield from ((hash_key, range_key) for range_key in list(held))
        else:
            yield hash_key, None


def _read(table: Table, key: Key) -> Item | None:
    table = _current(table)
    held = table.items.get(key[0])
    return held.get(key[1]) if isinstance(held, dict) else held


def _fill(table: Table, items: list[Item]) -> None:
    for item in items:
        if table.has_range_key:
            table.items[item.hash_key][item.range_key] = item
        else:
            table.items[item.hash_key] = item


def _text(key: Key) -> str:
    """Equal numbers are equal keys, however they are written."""
    hash_key, range_key = key
    if range_key is None and hash_key.type != "N":
        return str(hash_key.value)
    texts = (
        str(Decimal(part.value).normalize()) if part.type == "N" else part.value for part in key if part is not None
    )
    return "\0".join(texts)
