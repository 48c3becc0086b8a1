"""Time to live of DynamoDB items, on moto 5.2.5, which keeps them for ever. DynamoDB Developer Guide, "Using time to
live (TTL)": an item goes once its attribute, a number of epoch seconds, is past, but not if it is past by five years.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table

FIVE_YEARS_S = 5 * 365 * 86_400
BY_SERVICE = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}


def has_expiring_items() -> bool:
    """Whether any table has time to live switched on."""
    return any(True for _ in _tables())


def remove_expired(now_s: float) -> int:
    """Removes what is past; its stream says that DynamoDB itself did. How many items went."""
    removed = 0
    for table, attribute in _tables():
        for item in [item for item in list(table.all_items()) if _is_past(item.attrs.get(attribute), now_s)]:
            table.delete_item(item.hash_key, item.range_key)
            if table.stream_shard is not None:
                table.stream_shard.items[-1].record["userIdentity"] = dict(BY_SERVICE)
            removed += 1
    return removed


def _tables() -> Iterator[tuple[Table, str]]:
    for account in list(dynamodb_backends.values()):
        for backend in list(account.values()):
            for table in list(backend.tables.values()):
                settings: Any = table.ttl
                if settings.get("TimeToLiveStatus") == "ENABLED" and settings.get("AttributeName"):
                    yield table, settings["AttributeName"]


def _is_past(value: Any, now_s: float) -> bool:
    if value is None or value.type != "N":
        return False
    try:
        ends_s = float(Decimal(value.value))
    except (InvalidOperation, ValueError, OverflowError):
        return False
    return now_s - FIVE_YEARS_S < ends_s < now_s
